"""Mathematical functions that IREE 3.13 lacks or computes badly, written in plain arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from farrier_compiler.stablehlo.formulas import FORMULAS
from farrier_compiler.stablehlo.formulas.division import floor_divide, fmod, remainder
from farrier_compiler.stablehlo.formulas.error_function import erfc
from farrier_compiler.stablehlo.formulas.exponential import expm1, log1p
from farrier_compiler.stablehlo.formulas.hyperbolic import acosh, asinh, atanh, cosh, sinh, tanh
from farrier_compiler.stablehlo.formulas.powers import cbrt, integer_power, power
from farrier_compiler.stablehlo.formulas.rounding import round_half_even
from farrier_compiler.stablehlo.formulas.trigonometry import (
    acos,
    asin,
    atan,
    atan2,
    cos,
    sin,
    tan,
)
from farrier_compiler.stablehlo.term import Term
from farrier_runtime import dtypes
from farrier_runtime.dtypes import DTYPES, dtype, float32, float64

T = TypeVar("T", bound=Term[Any])


def logical_or(x: T, y: T) -> T:
    """Return the sum of bools, which IREE makes by exclusive or."""
    return x | y


Functions = Mapping[str, Callable[..., Any]]

# What IREE lacks on llvm-cpu (`undefined symbol: tanh`), computes with a large error, or slowly.
_FLOAT32: Functions = {
    **FORMULAS,
    "acos": acos,
    "acosh": acosh,
    "asin": asin,
    "asinh": asinh,
    "atan": atan,
    "atan2": atan2,
    "atanh": atanh,
    "cbrt": cbrt,
    "cos": cos,
    "cosh": cosh,
    "erfc": erfc,
    "floor_divide": floor_divide,
    "power": power,
    "sin": sin,
    "sinh": sinh,
    "tan": tan,
    "round": round_half_even,
}
_FLOAT64: Functions = {
    **_FLOAT32,
    "expm1": expm1,
    "fmod": fmod,
    "log1p": log1p,
    "remainder": remainder,
    "tanh": tanh,
}
_BOOL: Functions = {"add": logical_or}
_INTEGER: Functions = {"power": integer_power}
_INTEGERS = {dtype: _INTEGER for dtype in DTYPES.values() if dtype.is_integer and dtype.bits >= 8}

FUNCTIONS: Mapping[dtype, Functions] = MappingProxyType(
    {float64: _FLOAT64, float32: _FLOAT32, dtypes.bool: _BOOL, **_INTEGERS}
)


def wants_float32(name: str, dtype: dtype) -> bool:
    """Return whether a function of a smaller float is computed in float32 for its sake."""
    return dtype.is_floating and (dtype.bits == 8 or (dtype.bits == 16 and name in _FLOAT32))
