"""Powers and roots."""

from __future__ import annotations

import math
from typing import Any, TypeVar

from farrier_compiler.stablehlo.formulas.parts import (
    bias_of,
    digits_of,
    has_sign,
    integer_of,
    least_exponent,
    magnitude,
    normalized,
    polynomial,
    power_of_two,
    scaled,
    with_sign_of,
)
from farrier_compiler.stablehlo.term import Term
from farrier_runtime.dtypes import float64

__all__ = ["cbrt", "hypot", "power"]

T = TypeVar("T", bound=Term[Any])


def power(x: T, y: T) -> T:
    """Return `|x|^y` with the sign that an odd exponent keeps, and IEEE 754's special cases."""
    size = abs(x)
    result = size.portable("power", y)
    result = size.where(size.compare("equal", 1), result)
    half = y * 0.5
    whole = y.call("floor").compare("equal", y)
    odd = whole & half.call("floor").compare("not_equal", half)
    result = (-result).where(has_sign(x) & odd, result)
    real = x.compare("greater_equal", 0) | size.compare("equal", math.inf)
    result = result.where(real | whole, math.nan)
    return y.call("exp").where(y.compare("equal", 0), result)


def integer_power(x: T, y: T) -> T:
    """Square and multiply by every bit of the exponent; IREE reads its last six."""
    dtype = x.type.dtype
    product = x.full(1)
    square = x
    for bit in range(dtype.bits - (not dtype.is_unsigned)):
        skipped = (y & (1 << bit)).compare("equal", 0)
        product = product.where(skipped, product * square)
        square = square * square
    return product if dtype.is_unsigned else _reciprocal_power(x, y, product)


def _reciprocal_power(x: T, y: T, power: T) -> T:
    """Return powers with negative exponents too, which are 0 for all but 1 and -1."""
    unit = x.full(1)
    unit = unit.where(x.compare("equal", 1), (-((y & 1) * 2) + 1))
    unit = unit.where(abs(x).compare("equal", 1), 0)
    return unit.where(y.compare("less", 0), power)


# The cube root of 1 to 8, by a cubic polynomial; one part in 180.
_CUBE_ROOT = (0.6817, 0.3645, -0.04331, 0.002313)


def cbrt(x: T) -> T:
    """Halley's method on a number from 1 to 8, the last time from a root of half of the digits.

    Its square is exact: but for a quotient, so is that step, as in B. D. Bugbee's of FreeBSD.
    """
    dtype = x.type.dtype
    digits, ints = digits_of(dtype), integer_of(dtype)
    number, shift = normalized(x)
    bits = number.bitcast(ints)
    own = bits.call("shift_right", digits) - bias_of(dtype)
    third = _third(own + shift)
    rest = shift - third * 3
    m = (bits + rest.call("shift_left", digits)).bitcast(dtype)
    root = polynomial(m, _CUBE_ROOT)
    for _ in range(2 if dtype is float64 else 1):
        root = _halley(root, m, root * root)
    root = (root.bitcast(ints) & -(1 << digits // 2 + 1)).bitcast(dtype)
    result = with_sign_of(_halley(root, m, root * root) * power_of_two(third, dtype), x)
    special = magnitude(x).compare("equal", 0) | abs(x).compare("equal", math.inf)
    return x.where(special | x.compare("not_equal", x), result)


def _halley(root: T, m: T, square: T) -> T:
    ratio = m / square
    return root + root * ((ratio - root) / (root * 2 + ratio))


def _third(n: T) -> T:
    """Return the whole third of an exponent, rounded down, without a division."""
    return ((n + 1200) * 21846).call("shift_right", 16) - 400


def hypot(x: T, y: T) -> T:
    """Return the root of the sum of squares, of numbers that are scaled if their squares were not.

    Subnormal numbers are taken from their bits, as in `normalized`.
    """
    dtype = x.type.dtype
    up, down = 3 * bias_of(dtype) // 4, bias_of(dtype) // 2 + 8
    longer = abs(x).call("maximum", abs(y))
    large = longer.compare("greater", 2.0 ** (down - 8))
    small = longer.compare("less", 2.0 ** -(bias_of(dtype) // 3))
    factor = longer.full(2.0**-down).where(large, longer.full(2.0**up).where(small, 1))
    first, second = _squared(x, factor, small, up), _squared(y, factor, small, up)
    root = (first + second).call("sqrt")
    exponent = magnitude(longer).full(-up).where(small, 0)
    length = (root * 2.0**down).where(large, scaled(root, exponent))
    infinite = abs(x).compare("equal", math.inf) | abs(y).compare("equal", math.inf)
    return longer.full(math.inf).where(infinite, length)


def _squared(x: T, factor: T, small: T, up: int) -> T:
    """Return the square of a number times a factor; of subnormal ones beside small ones only."""
    number, shift = normalized(x)
    of_subnormal = factor.full(2.0 ** (up + least_exponent(x.type.dtype))).where(small, 0)
    leg = number * of_subnormal.where(shift.compare("less", 0), factor)
    return leg * leg
