"""What formulas have in common: signs, and polynomials by Horner's rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from farrier_compiler.stablehlo.term import Term
from farrier_runtime.dtypes import DTYPES, dtype

T = TypeVar("T", bound=Term[Any])


def bits_of(kind: dtype) -> dtype:
    """Return the signed integer type of a type's size."""
    return DTYPES[f"int{kind.bits}"]


def has_sign(x: T) -> T:
    """Return where a number is negative or -0."""
    return x.bitcast(bits_of(x.type.dtype)).compare("less", 0)


def polynomial(x: T, coefficients: Sequence[float]) -> T:
    """Return the sum of the coefficients times the powers of a number, from the constant on."""
    highest, *lower = reversed(coefficients)
    result = x * highest + lower[0]
    for coefficient in lower[1:]:
        result = result * x + coefficient
    return result
