"""Remainders of floating-point numbers."""

from __future__ import annotations

from typing import Any, TypeVar

from farrier_compiler.for_iree.formulas.parts import has_sign
from farrier_compiler.stablehlo.term import Term
from farrier_runtime import dtypes
from farrier_runtime.dtypes import float64

T = TypeVar("T", bound=Term[Any])


def fmod(x: T, y: T) -> T:
    """Subtract multiples of `y` without rounding, exactly while `x / y` is below 2^100."""
    size, step = abs(x), abs(y)
    rest = _reduced(_reduced(size, step), step)
    rest = (rest + step).where(rest.compare("less", 0), rest)
    rest = (rest - step).where(rest.compare("greater_equal", step), rest)
    rest = size.where(size.compare("less", step), rest)  # also where the step is infinite
    return (-rest).where(has_sign(x), rest)


def _reduced(x: T, y: T) -> T:
    """Subtract the product with the whole quotient from `x`, in four products that are exact."""
    quotient = (x / y).call("floor")
    for part in _halves(quotient):
        for other in _halves(y):
            x = x - part * other
    return x


def _halves(x: T) -> tuple[T, T]:
    """Return a number's upper 26 bits and the rest; masks, so that no compiler fuses it away."""
    mask = -(2.0**27)
    upper = (x.bitcast(dtypes.int64) & int(mask)).bitcast(float64)
    return upper, x - upper
