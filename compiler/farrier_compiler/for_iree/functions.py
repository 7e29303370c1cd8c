"""Mathematical functions that IREE 3.13 lacks or computes badly, written in plain arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from farrier_compiler.stablehlo.division import floor_divide, remainder
from farrier_compiler.stablehlo.term import Term
from farrier_runtime import dtypes
from farrier_runtime.dtypes import DTYPES, dtype, float32, float64

T = TypeVar("T", bound=Term[Any])


def expm1(x: T) -> T:
    """Kahan's formula: the rounding error of `u = e^x` cancels in `(u - 1) / log(u)`."""
    u = x.call("exp")
    below = u - 1
    precise = below * x / u.call("log")
    coarse = below.where(abs(x).compare("greater", 1), precise)  # also where u is 0 or infinite
    return x.where(u.compare("equal", 1), coarse)


def log1p(x: T) -> T:
    """Kahan's formula: the rounding error of `u = 1 + x` cancels in `log(u) / (u - 1)`."""
    u = x + 1
    logarithm = u.call("log")
    precise = logarithm * x / (u - 1)
    coarse = logarithm.where(abs(x).compare("greater", 2), precise)  # also where u is infinite
    return x.where(u.compare("equal", 1), coarse)


def tanh(x: T) -> T:
    """Return `-t / (t + 2)` with `t = e^(-2|x|) - 1`, which keeps small numbers precise."""
    t = expm1(abs(x) * -2.0)
    return x.call("sign") * (-t / (t + 2))


def round_half_even(x: T) -> T:
    """Add and subtract the number from which on all are whole; IREE takes 30 instructions."""
    kind = x.type.dtype
    bits, first = DTYPES[f"int{kind.bits}"], 2.0 ** np.finfo(kind.numpy).nmant
    whole = (abs(x) + first) - first
    sign = x.bitcast(bits) & -(2 ** (bits.bits - 1))
    signed = (whole.bitcast(bits) | sign).bitcast(kind)
    return signed.where(abs(x).compare("less", first), x)


def sort_key(x: T, descending: bool) -> T:
    """Return integers that ascend as a tensor is to be sorted: NaN is the largest, -0 is 0."""
    key = _integer_key(x) if x.type.dtype.is_floating else x
    return key.call("logical_not") if descending else key


def _integer_key(x: T) -> T:
    kind = DTYPES[f"int{x.type.dtype.bits}"]
    highest = 2 ** (kind.bits - 1) - 1
    bits = x.bitcast(kind)
    magnitude = bits & highest
    number = magnitude.where(bits.compare("greater_equal", 0), -magnitude)
    return number.where(magnitude.compare("less_equal", _largest_bits(x.type.dtype)), highest)


def _largest_bits(kind: dtype) -> int:
    """Return the bits of the largest number of a float type, infinity where it has one."""
    infinity = np.asarray(np.inf).astype(kind.numpy)
    bits = int(infinity.view(f"int{kind.bits}"))
    return bits if np.isinf(infinity) else bits - 1  # float8_e4m3fn has NaN in its place


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


def _polynomial(x: T, coefficients: Sequence[float]) -> T:
    highest, *lower = reversed(coefficients)
    result = x * highest + lower[0]
    for coefficient in lower[1:]:
        result = result * x + coefficient
    return result


def _quarter_turns(x: T) -> tuple[T, T, T]:
    """Return how many quarter turns an angle has, and the sine and the cosine of the rest."""
    precision = _PRECISIONS[x.type.dtype]
    count = (x * (2 / math.pi)).call("round")
    rest = x
    for part in precision.parts:
        rest = rest - count * part
    rest = rest.call("maximum", -0.8).call("minimum", 0.8)  # stay in [-1, 1] for giant angles
    square = rest * rest
    sine = rest * _polynomial(square, precision.sine)
    return count, sine, _polynomial(square, precision.cosine)


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
    angle = small * _polynomial(small * small, series)
    return (angle + math.pi / 4).where(steep, angle)


def _turned_back(y: T, x: T, angle: T) -> T:
    angle = (-angle + math.pi / 2).where(abs(y).compare("greater", abs(x)), angle)
    angle = (-angle + math.pi).where(_has_sign(x), angle)
    return (-angle).where(_has_sign(y), angle)


def _has_sign(x: T) -> T:
    """Return where a number is negative or -0."""
    return x.bitcast(_CARRIERS[x.type.dtype]).compare("less", 0)


_CARRIERS: Mapping[dtype, dtype] = {float32: dtypes.int32, float64: dtypes.int64}


def fmod(x: T, y: T) -> T:
    """Subtract multiples of `y` without rounding, exactly while `x / y` is below 2^100."""
    size, step = abs(x), abs(y)
    rest = _reduced(_reduced(size, step), step)
    rest = (rest + step).where(rest.compare("less", 0), rest)
    rest = (rest - step).where(rest.compare("greater_equal", step), rest)
    rest = size.where(size.compare("less", step), rest)  # also where the step is infinite
    return (-rest).where(_has_sign(x), rest)


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


def power(x: T, y: T) -> T:
    """Return `|x|^y` with the sign that an odd exponent keeps, and IEEE 754's special cases."""
    size = abs(x)
    found = size.portable("power", y)
    found = size.where(size.compare("equal", 1), found)
    half = y * 0.5
    whole = y.call("floor").compare("equal", y)
    odd = whole & half.call("floor").compare("not_equal", half)
    found = (-found).where(_has_sign(x) & odd, found)
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


def logical_or(x: T, y: T) -> T:
    """Return the sum of bools, which IREE makes by exclusive or."""
    return x | y


Functions = Mapping[str, Callable[..., Any]]

# What IREE lacks on llvm-cpu (`undefined symbol: tanh`), computes with a large error, or slowly.
_FLOAT32: Functions = {
    "atan2": atan2,
    "cos": cos,
    "floor_divide": floor_divide,
    "power": power,
    "round": round_half_even,
    "sin": sin,
    "tan": tan,
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
_INTEGERS = {kind: _INTEGER for kind in DTYPES.values() if kind.is_integer and kind.bits >= 8}

FUNCTIONS: Mapping[dtype, Functions] = MappingProxyType(
    {float64: _FLOAT64, float32: _FLOAT32, dtypes.bool: _BOOL, **_INTEGERS}
)


def wants_float32(name: str, kind: dtype) -> bool:
    """Return whether a function of a smaller float is computed in float32 for its sake."""
    return kind.is_floating and (kind.bits == 8 or (kind.bits == 16 and name in _FLOAT32))
