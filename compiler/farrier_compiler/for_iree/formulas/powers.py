"""Powers and roots."""

from __future__ import annotations

import math
from typing import Any, TypeVar

from farrier_compiler.for_iree.formulas.parts import has_sign
from farrier_compiler.stablehlo.term import Term

T = TypeVar("T", bound=Term[Any])


def power(x: T, y: T) -> T:
    """Return `|x|^y` with the sign that an odd exponent keeps, and IEEE 754's special cases."""
    size = abs(x)
    found = size.portable("power", y)
    found = size.where(size.compare("equal", 1), found)
    half = y * 0.5
    whole = y.call("floor").compare("equal", y)
    odd = whole & half.call("floor").compare("not_equal", half)
    found = (-found).where(has_sign(x) & odd, found)
    real = x.compare("greater_equal", 0) | size.compare("equal", math.inf)
    found = found.where(real | whole, math.nan)
    return y.call("exp").where(y.compare("equal", 0), found)


def integer_power(x: T, y: T) -> T:
    """Square and multiply by every bit of the exponent; IREE reads its last six."""
    kind = x.type.dtype
    found = x.full(1)
    square = x
    for bit in range(kind.bits - (not kind.is_unsigned)):
        skipped = (y & (1 << bit)).compare("equal", 0)
        found = found.where(skipped, found * square)
        square = square * square
    return found if kind.is_unsigned else _reciprocal_power(x, y, found)


def _reciprocal_power(x: T, y: T, found: T) -> T:
    """Return powers with negative exponents too, which are 0 for all but 1 and -1."""
    unit = x.full(1)
    unit = unit.where(x.compare("equal", 1), (-((y & 1) * 2) + 1))
    unit = unit.where(abs(x).compare("equal", 1), 0)
    return unit.where(y.compare("less", 0), found)
