"""Functions of angles, and angles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from farrier_compiler.for_iree.formulas.parts import has_sign, polynomial
from farrier_compiler.stablehlo.term import Term
from farrier_runtime.dtypes import dtype, float32, float64

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


def _parts(bits: int, count: int) -> tuple[float, ...]:
    """Return pi/2 cut into numbers of `bits` bits, and the rest."""
    rest, parts = _HALF_PI, list[float]()
    for _ in range(count):
        unit = Fraction(2) ** (math.frexp(float(rest))[1] - bits)
        parts.append(float(rest // unit * unit))
        rest -= Fraction(parts[-1])
    return (*parts, float(rest))


def _precision(bits: int, parts: int, terms: int, arctangent: int) -> _Precision:
    alternating = [(-1) ** k for k in range(arctangent)]
    return _Precision(
        _parts(bits, parts),
        [alternating[k] / math.factorial(2 * k + 1) for k in range(terms)],
        [alternating[k] / math.factorial(2 * k) for k in range(terms + 1)],
        [sign / (2 * k + 1) for k, sign in enumerate(alternating)],
    )


# Counts of quarter turns up to 2^17 (float32) and 2^29 (float64) are reduced without an error.
_PRECISIONS: Mapping[dtype, _Precision] = {
    float32: _precision(7, 4, 5, 10),
    float64: _precision(24, 3, 9, 21),
}


def _quarter_turns(x: T) -> tuple[T, T, T]:
    """Return how many quarter turns an angle has, and the sine and the cosine of the rest."""
    precision = _PRECISIONS[x.type.dtype]
    count = (x * (2 / math.pi)).call("round")
    rest = x
    for part in precision.parts:
        rest = rest - count * part
    rest = rest.call("maximum", -0.8).call("minimum", 0.8)  # stay in [-1, 1] for giant angles
    square = rest * rest
    sine = rest * polynomial(square, precision.sine)
    return count, sine, polynomial(square, precision.cosine)


def _turned(count: T, sine: T, cosine: T) -> T:
    """Return the sine of an angle that is so many quarter turns further."""
    quadrant = count - (count * 0.25).call("floor") * 4
    odd = (count * 0.5).call("floor").compare("not_equal", count * 0.5)
    chosen = cosine.where(odd, sine)
    return (-chosen).where(quadrant.compare("greater", 1.5), chosen)


def sin(x: T) -> T:
    """Reduce to an eighth of a turn by Cody and Waite's method, then by Taylor's series."""
    return _turned(*_quarter_turns(x))


def cos(x: T) -> T:
    """Return the sine a quarter turn further."""
    count, sine, cosine = _quarter_turns(x)
    return _turned(count + 1, sine, cosine)


def tan(x: T) -> T:
    """Return sine by cosine."""
    count, sine, cosine = _quarter_turns(x)
    return _turned(count, sine, cosine) / _turned(count + 1, sine, cosine)


def atan2(y: T, x: T) -> T:
    """Reduce to slopes up to tan(pi/8), sum Taylor's series there, and turn back."""
    width, height = abs(x), abs(y)
    longer = width.call("maximum", height)
    slope = width.call("minimum", height) / longer
    slope = width.call("sign").where(width.compare("equal", height), slope)
    return _turned_back(y, x, _arctangent(slope))


def _arctangent(slope: T) -> T:
    steep = slope.compare("greater", math.tan(math.pi / 8))
    small = ((slope - 1) / (slope + 1)).where(steep, slope)
    series = _PRECISIONS[slope.type.dtype].arctangent
    angle = small * polynomial(small * small, series)
    return (angle + math.pi / 4).where(steep, angle)


def _turned_back(y: T, x: T, angle: T) -> T:
    angle = (-angle + math.pi / 2).where(abs(y).compare("greater", abs(x)), angle)
    angle = (-angle + math.pi).where(has_sign(x), angle)
    return (-angle).where(has_sign(y), angle)
