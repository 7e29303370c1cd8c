"""Exponentials and logarithms.

Arguments are reduced as in fdlibm: by a multiple of ln 2 whose product with a short first part of
ln 2 is exact (W. J. Cody and W. Waite, Software manual for the elementary functions, 1980).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from farrier_compiler.stablehlo.formulas.parts import (
    LN2,
    bias_of,
    cut,
    digits_of,
    integer_of,
    magnitude,
    normalized,
    polynomial,
    power_of_two,
    scaled,
)
from farrier_compiler.stablehlo.term import Term
from farrier_runtime.dtypes import dtype, float32, float64

__all__ = ["exp2", "expm1", "log1p", "log2", "log10", "logaddexp"]

T = TypeVar("T", bound=Term[Any])


@dataclass(frozen=True)
class _Precision:
    """What a data type needs.

    Attributes:
        ln2: a part whose products with exponents are exact, and the rest.
        log10_2: the logarithm of 2 to base 10, likewise.
        exponential: how many terms of Taylor's series of e^r, for r up to ln(2) / 2.
        logarithm: how many terms of the series of atanh(s) / s, for s up to 0.172.
    """

    ln2: tuple[float, ...]
    log10_2: tuple[float, ...]
    exponential: int
    logarithm: int


_LOG10_2 = Fraction("0.30102999566398119521373889472449302676818988146210854131")
_PRECISIONS: Mapping[dtype, _Precision] = {
    float32: _Precision(cut(LN2, 14), cut(_LOG10_2, 14), 9, 5),
    float64: _Precision(cut(LN2, 40), cut(_LOG10_2, 40), 15, 11),
}


# ---------------------------------------------------------------------- exponentials


def reduced(x: T) -> tuple[T, T, T]:
    """Return k, r and c with `x = k ln(2) + r + c`, |r| at most ln(2) / 2 and c its rounding."""
    high, low = _PRECISIONS[x.type.dtype].ln2
    count = (x * (1 / float(LN2))).call("round")
    first, rest = x - count * high, count * low
    r = first - rest
    return count, r, (first - r) - rest


def expm1_of_reduced(r: T, c: T) -> T:
    """Return `e^(r + c) - 1` by Taylor's series."""
    terms = _PRECISIONS[r.type.dtype].exponential
    series = polynomial(r, [1 / math.factorial(n) for n in range(2, terms)])
    leading = r + r * r * series
    return leading + (c + c * leading)


def expm1(x: T) -> T:
    """Return `2^k (e^r - 1) + (2^k - 1)`, whose parts do not cancel."""
    dtype = x.type.dtype
    least, largest = -float(digits_of(dtype)), (bias_of(dtype) + 1.25) * float(LN2)
    count, r, c = reduced(x.call("maximum", least).call("minimum", largest))
    half = power_of_two(count.convert(integer_of(dtype)) - 1, dtype)
    difference = (half * expm1_of_reduced(r, c) + (half - 0.5)) * 2
    return x.where(abs(x).compare("less", 2.0 ** -(digits_of(dtype) + 2)), difference)


def half_exp(x: T) -> T:
    """Return `e^x / 2` of x >= 0, which overflows later than `e^x`."""
    dtype = x.type.dtype
    count, r, c = reduced(x.call("minimum", (bias_of(dtype) + 2.25) * float(LN2)))
    quarter = power_of_two(count.convert(integer_of(dtype)) - 2, dtype)
    return (expm1_of_reduced(r, c) + 1) * quarter * 2


def exp2(x: T) -> T:
    """Return `2^n e^(r ln 2)` with the whole number n next to x."""
    dtype = x.type.dtype
    limit = float(bias_of(dtype) + digits_of(dtype) + 5)
    inside = x.call("maximum", -limit).call("minimum", limit)
    whole = inside.call("round")
    high, low = cut(LN2, digits_of(dtype) + 1)
    rest = inside - whole
    power = expm1_of_reduced(rest * high, rest * low) + 1
    return scaled(power, whole.convert(integer_of(dtype)))


# ---------------------------------------------------------------------- logarithms


def split(x: T) -> tuple[T, T]:
    """Return m from sqrt(1/2) to sqrt(2), and the integer k, with `x = 2^k m`."""
    dtype, bits = x.type.dtype, x.bitcast(integer_of(x.type.dtype))
    lowest = int(dtype.numpy.type(math.sqrt(0.5)).view(integer_of(dtype).numpy))
    exponent = (bits - lowest).call("shift_right", digits_of(dtype))
    return (bits - exponent.call("shift_left", digits_of(dtype))).bitcast(dtype), exponent


def _log1p_of_reduced(f: T) -> tuple[T, T]:
    """Return a and b with `log(1 + f) = f - (a - b)`, from `2 atanh(f / (2 + f))`, as fdlibm."""
    terms = _PRECISIONS[f.type.dtype].logarithm
    s = f / (f + 2)
    z = s * s
    series = z * polynomial(z, [2 / (2 * n + 1) for n in range(1, terms)])
    half = f * f * 0.5
    return half, s * (half + series)


def log1p(x: T) -> T:
    """Correct the logarithm of `u = 1 + x` by what was rounded off u, divided by u."""
    dtype = x.type.dtype
    u = x + 1
    m, k = split(u)
    f, exponent = m - 1, k.convert(dtype)
    lost = (-(u - x) + 1).where(u.compare("greater", 2), x - (u - 1)) / u
    near = k.compare("equal", 0)
    f, lost = x.where(near, f), lost.full(0).where(near, lost)
    high, low = _PRECISIONS[dtype].ln2
    a, b = _log1p_of_reduced(f)
    logarithm = exponent * high - ((a - (b + (exponent * low + lost))) - f)
    tiny = abs(x).compare("less", 2.0 ** -(digits_of(dtype) + 2))
    special = u.compare("less_equal", 0) | u.compare("equal", math.inf) | u.compare("not_equal", u)
    return x.where(tiny, u.call("log").where(special, logarithm))


def _of_positive(x: T, logarithm: T) -> T:
    """Return a logarithm of positive finite numbers, and what `log` gives for all others."""
    infinity = int(x.type.dtype.numpy.type(math.inf).view(integer_of(x.type.dtype).numpy))
    bits = x.bitcast(integer_of(x.type.dtype))
    inside = bits.compare("greater", 0) & bits.compare("less", infinity)
    negative = bits.compare("less", 0) & magnitude(x).compare("greater", 0)
    return x.full(math.nan).where(negative, logarithm.where(inside, x.call("log")))


def _parts_of(x: T) -> tuple[T, T, T, T]:
    """Return f, a, b and k with `x = 2^k (1 + f)` and `log(1 + f) = f - (a - b)`."""
    number, shift = normalized(x)
    m, k = split(number)
    f = m - 1
    a, b = _log1p_of_reduced(f)
    return f, a, b, (k + shift).convert(x.type.dtype)


def log2(x: T) -> T:
    """Return the exponent plus the logarithm of the rest, which is 0 for powers of two."""
    f, a, b, k = _parts_of(x)
    high, low = _inverse(LN2, x.type.dtype)
    first, rest = _shortened(f, a, b)
    product = first * high
    return _of_positive(x, k + (product + (first * low + rest * (high + low))))


def log10(x: T) -> T:
    """Add the exponent times a logarithm of 2 likewise, the larger parts without an error."""
    f, a, b, k = _parts_of(x)
    high, low = _inverse(_LN10, x.type.dtype)
    first, rest = _shortened(f, a, b)
    two, rest_of_two = _PRECISIONS[x.type.dtype].log10_2
    small = first * low + rest * (high + low) + k * rest_of_two
    large, product = k * two, first * high
    total = large + product
    return _of_positive(x, total + ((large - total) + product + small))


_LN10 = Fraction("2.30258509299404568401799145468436420760110148862877297603")


def _inverse(number: Fraction, dtype: dtype) -> tuple[float, ...]:
    """Return the inverse as half of a type's digits, whose products with others are exact."""
    return cut(1 / number, digits_of(dtype) // 2)


def _shortened(f: T, a: T, b: T) -> tuple[T, T]:
    """Return the logarithm as a number of half of the digits, and the rest of it."""
    dtype = f.type.dtype
    mask = -(1 << digits_of(dtype) // 2 + 1)
    first = ((f - a).bitcast(integer_of(dtype)) & mask).bitcast(dtype)
    return first, ((f - first) - a) + b


def logaddexp(x: T, y: T) -> T:
    """Return the larger number plus `log(1 + e^-d)`, where d is how much larger it is."""
    larger = x.where(x.compare("greater_equal", y), y)  # subnormal numbers too
    rest = log1p((-abs(x - y)).call("exp"))
    total = larger.where(rest.compare("equal", 0), larger + rest)
    return (x + float(LN2)).where(x.compare("equal", y), total)
