"""Mathematical functions that IREE 3.13 lacks or computes badly, written in plain arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from farrier_compiler.stablehlo.formulas import FORMULAS
from farrier_compiler.stablehlo.formulas.powers import integer_power
from farrier_compiler.stablehlo.term import Term
from farrier_runtime import dtypes
from farrier_runtime.dtypes import DTYPES, dtype, float32, float64

T = TypeVar("T", bound=Term[Any])


def logical_or(x: T, y: T) -> T:
    """Return the sum of bools, which IREE makes by exclusive or."""
    return x | y


Functions = Mapping[str, Callable[..., Any]]

# IREE lacks all others on llvm-cpu (`undefined symbol: tanh`), or is slow or inexact.
_RIGHT_IN_FLOAT32 = {"expm1", "fmod", "log1p", "remainder", "tanh"}
_FLOAT32: Functions = {
    name: formula for name, formula in FORMULAS.items() if name not in _RIGHT_IN_FLOAT32
}
_BOOL: Functions = {"add": logical_or}
_INTEGER: Functions = {"power": integer_power}
_INTEGERS = {dtype: _INTEGER for dtype in DTYPES.values() if dtype.is_integer and dtype.bits >= 8}

FUNCTIONS: Mapping[dtype, Functions] = MappingProxyType(
    {float64: FORMULAS, float32: _FLOAT32, dtypes.bool: _BOOL, **_INTEGERS}
)


def wants_float32(name: str, dtype: dtype) -> bool:
    """Return whether a function of a smaller float is computed in float32 for its sake."""
    return dtype.is_floating and (dtype.bits == 8 or (dtype.bits == 16 and name in _FLOAT32))
