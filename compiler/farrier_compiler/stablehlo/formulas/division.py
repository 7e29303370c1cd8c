"""Division that rounds down or truncates, and its remainders."""

from __future__ import annotations

import math
from typing import Any, TypeVar

from farrier_compiler.stablehlo.formulas.parts import digits_of, magnitude, scaled, with_sign_of
from farrier_compiler.stablehlo.term import Term
from farrier_runtime.dtypes import float64

__all__ = ["floor_divide", "fmod", "remainder"]

T = TypeVar("T", bound=Term[Any])


def fmod(x: T, y: T) -> T:
    """Return the remainder of float64 in integers, exactly for all numbers.

    `m 2^n mod d` is `(m mod d) (2^n mod d) mod d`, for the integers that the numbers are multiples
    of powers of two of. `2^n mod d` takes six squarings: n has eleven bits, five are a shift.
    """
    size, step = magnitude(x), magnitude(y)
    number, exponent = _whole(size)
    divisor, other = _whole(step.call("maximum", 1))
    n = (exponent - other).call("maximum", 0)
    power = divisor.full(1).call("shift_left", n.call("shift_right", _SQUARINGS))
    power = power.call("fmod", divisor)
    for bit in reversed(range(_SQUARINGS)):
        power = _product(power, power, divisor)
        twice = _less(power + power, divisor)
        power = power.where((n & (1 << bit)).compare("equal", 0), twice)
    rest = _product(number.call("fmod", divisor), power, divisor)
    remainder = with_sign_of(scaled(rest.convert(float64), other - _EXPONENT), x)
    infinity = 0x7FF << digits_of(float64)
    defined = size.compare("less", infinity) & step.compare("less_equal", infinity)
    defined = defined & step.compare("greater", 0)
    return x.where(defined & size.compare("less", step), remainder).where(defined, math.nan)


_SQUARINGS = 6
_EXPONENT = 1075  # what is stored as the exponent of a whole number


def _whole(size: T) -> tuple[T, T]:
    """Return the integer that a number, given by its bits, is a multiple of, and its exponent."""
    digits = digits_of(float64)
    stored = size.call("shift_right", digits)
    fraction = size & ((1 << digits) - 1)
    subnormal = stored.compare("equal", 0)
    return fraction.where(subnormal, fraction | (1 << digits)), stored.call("maximum", 1)


def _product(x: T, y: T, divisor: T) -> T:
    """Return `x y mod divisor` of integers below it, from a quotient that may be wrong by 3."""
    wide = divisor.convert(float64)
    quotient = (x.convert(float64) * y.convert(float64) / wide).convert(x.type.dtype)
    rest = x * y - quotient * divisor
    twice = divisor + divisor
    rest = (rest + twice + twice).where(rest.compare("less", 0), rest)
    return _less(_less(rest, twice), divisor)


def _less(x: T, y: T) -> T:
    """Return x, less y where it is not below y."""
    return (x - y).where(x.compare("greater_equal", y), x)


def remainder(x: T, y: T) -> T:
    """Return the remainder that has the divisor's sign; StableHLO's has the dividend's."""
    rest = x.call("fmod", y)
    if x.type.dtype.is_unsigned:
        return rest
    return (rest + y).where(_signs_differ(rest, y), rest)


def floor_divide(x: T, y: T) -> T:
    """Return the quotient rounded down, from an exact remainder."""
    dtype = x.type.dtype
    if dtype.is_unsigned:
        return x / y
    rest = x.call("fmod", y)
    below = _signs_differ(rest, y)
    if dtype.is_integer:
        quotient = x / y
        return (quotient - 1).where(below & y.compare("not_equal", 0), quotient)
    quotient = ((x - rest) / y).call("round")
    quotient = (quotient - 1).where(below, quotient)
    return (x / y).where(y.compare("equal", 0), quotient)


def _signs_differ(rest: T, y: T) -> T:
    """Return where a remainder is not 0 and has another sign than the divisor."""
    differ = rest.compare("less", 0).compare("not_equal", y.compare("less", 0))
    return differ & rest.compare("not_equal", 0)
