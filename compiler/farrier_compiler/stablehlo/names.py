"""How StableHLO spells ops, comparisons and attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farrier_compiler.types.geometry import Layout

# Elementwise ops under another name than Farrier's; all others are `stablehlo.<name>`.
ELEMENTWISE = {
    "acos": "chlo.acos",
    "acosh": "chlo.acosh",
    "asin": "chlo.asin",
    "asinh": "chlo.asinh",
    "atan": "chlo.atan",
    "atanh": "chlo.atanh",
    "bitwise_and": "stablehlo.and",
    "bitwise_not": "stablehlo.not",
    "bitwise_or": "stablehlo.or",
    "bitwise_xor": "stablehlo.xor",
    "cos": "stablehlo.cosine",
    "cosh": "chlo.cosh",
    "erf": "chlo.erf",
    "erfc": "chlo.erfc",
    "exp": "stablehlo.exponential",
    "expm1": "stablehlo.exponential_minus_one",
    "fmod": "stablehlo.remainder",
    "isfinite": "stablehlo.is_finite",
    "log1p": "stablehlo.log_plus_one",
    "negative": "stablehlo.negate",
    "round": "stablehlo.round_nearest_even",
    "shift_right": "stablehlo.shift_right_arithmetic",
    "sigmoid": "stablehlo.logistic",
    "sin": "stablehlo.sine",
    "sinh": "chlo.sinh",
}

# Ops that neither StableHLO nor CHLO has.
WORDLESS = {"exp2", "hypot", "log2", "log10", "logaddexp"}

REDUCERS = {
    "sum": "stablehlo.add",
    "prod": "stablehlo.multiply",
    "max": "stablehlo.maximum",
    "min": "stablehlo.minimum",
    "all": "stablehlo.and",
    "any": "stablehlo.or",
}

DIRECTIONS = {
    "equal": "EQ",
    "not_equal": "NE",
    "less": "LT",
    "less_equal": "LE",
    "greater": "GT",
    "greater_equal": "GE",
}


def i64s(numbers: Sequence[int]) -> str:
    """Return the attribute text of an array of 64-bit integers."""
    return f"array<i64: {', '.join(map(str, numbers))}>" if numbers else "array<i64>"


def pairs(padding: Sequence[tuple[int, int]]) -> str:
    """Return the attribute text of a padding: a low and a high amount for each dimension."""
    rows = [list(pair) for pair in padding]
    return f"dense<{rows or ''}> : tensor<{len(rows)}x2xi64>"


def convolution_dims(rank: int, layout: Layout) -> str:
    """Return the attribute text of a convolution's order of dimensions."""
    spatial = list(map(str, range(rank)))
    if layout == "channels_first":
        dims = (["b", "f", *spatial], ["o", "i", *spatial])
    else:
        dims = (["b", *spatial, "f"], [*spatial, "i", "o"])
    image, kernel = (f"[{', '.join(names)}]" for names in dims)
    return f"#stablehlo.conv<{image}x{kernel}->{image}>"


def gather_dims(dim: int, rank: int, index_rank: int) -> str:
    """Return the attribute text of a gather whose index replaces a dimension of the operand."""
    offset = [*range(dim), *range(dim + index_rank, rank)]
    return (
        f"#stablehlo.gather<offset_dims = {offset}, collapsed_slice_dims = [{dim}], "
        f"start_index_map = [{dim}], index_vector_dim = {index_rank}>"
    )
