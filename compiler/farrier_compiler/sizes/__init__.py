"""Sizes of dimensions: numbers, and expressions of dynamic dimensions."""

from farrier_compiler.sizes.bounds import is_never, lower_bound, upper_bound
from farrier_compiler.sizes.expression import (
    Call,
    SymbolicSize,
    UndecidedError,
    calls_of,
    dimension_of,
    dimensions_of,
    is_size,
    is_static,
    symbol,
    terms_of,
)
from farrier_compiler.sizes.functions import (
    SIZE_FUNCTIONS,
    broadcast,
    floor_divide,
    maximum,
    minimum,
    opt_of,
    substitute,
)

__all__ = [
    "SIZE_FUNCTIONS",
    "Call",
    "SymbolicSize",
    "UndecidedError",
    "broadcast",
    "calls_of",
    "dimension_of",
    "dimensions_of",
    "floor_divide",
    "is_never",
    "is_size",
    "is_static",
    "lower_bound",
    "maximum",
    "minimum",
    "opt_of",
    "substitute",
    "symbol",
    "terms_of",
    "upper_bound",
]
