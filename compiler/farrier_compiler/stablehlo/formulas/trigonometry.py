"""Functions of angles, and angles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from farrier_compiler.stablehlo.formulas.giant_angles import giant_quarter_turns, is_giant
from farrier_compiler.stablehlo.formulas.parts import (
    cut,
    digits_of,
    has_sign,
    integer_of,
    polynomial,
    with_sign_of,
)
from farrier_compiler.stablehlo.term import Term
from farrier_runtime.dtypes import dtype, float32, float64

__all__ = ["acos", "asin", "atan", "atan2", "cos", "sin", "tan"]

T = TypeVar("T", bound=Term[Any])


@dataclass(frozen=True)
class _Precision:
    """What a data type needs for trigonometry.

    Attributes:
        parts: pi/2 as a sum of numbers so short that their products with counts are exact.
        sine: Taylor coefficients of sin(r) / r in powers of r^2.
        cosine: Taylor coefficients of cos(r).
        arctangent: Taylor coefficients of atan(r) / r, for r up to tan(pi/8).
    """

    parts: Sequence[float]
    sine: Sequence[float]
    cosine: Sequence[float]
    arctangent: Sequence[float]


_HALF_PI = Fraction("1.57079632679489661923132169163975144209858469968755291048747229615390820314")


def _precision(bits: int, parts: int, terms: int, arctangent: int) -> _Precision:
    alternating = [(-1) ** k for k in range(arctangent)]
    return _Precision(
        cut(_HALF_PI, bits, parts),
        [alternating[k] / math.factorial(2 * k + 1) for k in range(terms)],
        [alternating[k] / math.factorial(2 * k) for k in range(terms + 1)],
        [sign / (2 * k + 1) for k, sign in enumerate(alternating)],
    )


# Counts of quarter turns up to 2^10 (float32) and 2^20 (float64) are reduced without an error.
_PRECISIONS: Mapping[dtype, _Precision] = {
    float32: _precision(14, 2, 5, 10),
    float64: _precision(33, 2, 9, 21),
}


def _quarter_turns(x: T) -> tuple[T, T, T]:
    """Return how many quarter turns an angle has, and the sine and the cosine of the rest."""
    dtype = x.type.dtype
    precision, unit = _PRECISIONS[dtype], 1.5 * 2.0 ** digits_of(dtype)
    shifted = x * (2 / math.pi) + unit  # which rounds, and whose last bits are the count
    count, rest = shifted - unit, x
    for part in precision.parts:
        rest = rest - count * part
    giant, (turns, fraction) = is_giant(x), giant_quarter_turns(x)
    turns, rest = (
        turns.where(giant, shifted.bitcast(integer_of(dtype))),
        fraction.where(giant, rest),
    )
    square = rest * rest
    sine = rest * polynomial(square, precision.sine)
    return turns, sine, polynomial(square, precision.cosine)


def _turned(turns: T, sine: T, cosine: T) -> T:
    """Return the sine of an angle that is so many quarter turns further."""
    bits = turns.type.dtype
    chosen = cosine.where((turns & 1).compare("not_equal", 0), sine).bitcast(bits)
    sign = (turns & 2).call("shift_left", bits.bits - 2)
    return chosen.call("bitwise_xor", sign).bitcast(sine.type.dtype)


def sin(x: T) -> T:
    """Reduce to an eighth of a turn by Cody and Waite's method, then by Taylor's series."""
    return x.where(_is_tiny(x), _turned(*_quarter_turns(x)))


def cos(x: T) -> T:
    """Return the sine a quarter turn further."""
    turns, sine, cosine = _quarter_turns(x)
    return _turned(turns + 1, sine, cosine)


def tan(x: T) -> T:
    """Return sine by cosine."""
    turns, sine, cosine = _quarter_turns(x)
    quotient = _turned(turns, sine, cosine) / _turned(turns + 1, sine, cosine)
    return x.where(_is_tiny(x), quotient)


def _is_tiny(x: T) -> T:
    """Return where a number is its own sine and tangent, even if CPUs flush it to 0."""
    return abs(x).compare("less", 2.0 ** -(digits_of(x.type.dtype) // 2 + 2))


def atan2(y: T, x: T) -> T:
    """Reduce to slopes up to tan(pi/8), sum Taylor's series there, and turn back."""
    width, height = abs(x), abs(y)
    longer = width.call("maximum", height)
    slope = width.call("minimum", height) / longer
    slope = width.call("sign").where(width.compare("equal", height), slope)
    return _turned_back(y, x, _arctangent(slope))


def atan(x: T) -> T:
    """Return the angle of a slope up to 1, or what the inverse slope's leaves of a quarter turn."""
    size = abs(x)
    steep = size.compare("greater", 1)
    angle = _arctangent((size.full(1) / size).where(steep, size))
    result = _from_quarter(angle).where(steep, angle)
    return x.where(_is_tiny(x), with_sign_of(result, x))


def asin(x: T) -> T:
    """Return the angle of `x / sqrt((1 - x) (1 + x))`."""
    size = abs(x)
    angle = _quarter(size, ((-size + 1) * (size + 1)).call("sqrt"))
    return x.where(_is_tiny(x), with_sign_of(angle, x))


def acos(x: T) -> T:
    """Return the angle of `sqrt((1 - x) (1 + x)) / x`, which is more than a quarter for x < 0."""
    size = abs(x)
    angle = _quarter(((-size + 1) * (size + 1)).call("sqrt"), size)
    high, low = cut(2 * _HALF_PI, digits_of(x.type.dtype) + 1)
    return ((-angle + high) + low).where(x.compare("less", 0), angle)


def _quarter(y: T, x: T) -> T:
    """Return the angle of a point of the first quarter."""
    steep = y.compare("greater", x)
    angle = _arctangent(x.where(steep, y) / y.where(steep, x))
    return _from_quarter(angle).where(steep, angle)


def _from_quarter(angle: T) -> T:
    high, low = cut(_HALF_PI, digits_of(angle.type.dtype) + 1)
    return -(angle - low) + high


def _arctangent(slope: T) -> T:
    steep = slope.compare("greater", math.tan(math.pi / 8))
    small = ((slope - 1) / (slope + 1)).where(steep, slope)
    series = _PRECISIONS[slope.type.dtype].arctangent
    square = small * small
    angle = small + small * square * polynomial(square, series[1:])
    high, low = cut(_HALF_PI / 2, digits_of(slope.type.dtype) + 1)
    return ((angle + low) + high).where(steep, angle)


def _turned_back(y: T, x: T, angle: T) -> T:
    angle = _from_quarter(angle).where(abs(y).compare("greater", abs(x)), angle)
    high, low = cut(2 * _HALF_PI, digits_of(x.type.dtype) + 1)
    angle = (-(angle - low) + high).where(has_sign(x), angle)
    return (-angle).where(has_sign(y), angle)
