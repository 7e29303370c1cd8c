"""The complementary error function."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from farrier_compiler.stablehlo.formulas.exponential import expm1_of_reduced
from farrier_compiler.stablehlo.formulas.parts import (
    LN2,
    cut,
    digits_of,
    integer_of,
    polynomial,
    scaled,
)
from farrier_compiler.stablehlo.term import Term
from farrier_runtime.dtypes import dtype, float32, float64

__all__ = ["erfc"]

T = TypeVar("T", bound=Term[Any])

# From here on, erfc is less than half of the smallest number.
_ZERO: Mapping[dtype, float] = {float32: 11.0, float64: 28.0}

# Of (1 + 2x) e^(x^2) erfc(x) in powers of t = (x - 3) / (x + 3), for x from 0 to `_ZERO`: by
# interpolation in Chebyshev's points with 60 digits. M. M. Shepherd and J. G. Laframboise,
# Chebyshev approximation of (1+2x)exp(x^2)erfc(x) in 0 <= x < infinity, 1981.
_SERIES: Mapping[dtype, Sequence[float]] = {
    float32: (
        1.25300806,
        -0.135621156,
        -0.047562373,
        0.129646858,
        -0.119270944,
        0.0682927481,
        -0.023800059,
        0.00257290446,
        0.00200978233,
        -0.000775897423,
        -0.000269006802,
    ),
    float64: (
        1.2530080582697296,
        -0.13562110612458114,
        -0.047562294353450885,
        0.12964515870275692,
        -0.11927366341529412,
        0.06830802734413972,
        -0.0237705149191233,
        0.002529391812930737,
        0.0018886903660093953,
        -0.0007798322389793649,
        -0.00010515985007185607,
        0.00012509914192410698,
        4.949692873058816e-06,
        -2.0099719336350727e-05,
        -7.319994916300909e-07,
        3.47018936843861e-06,
        3.5740689528477796e-07,
        -6.128658435976342e-07,
        -1.416150470656424e-07,
        9.784444456871524e-08,
        4.1021252342694524e-08,
        -1.0890349506249294e-08,
        -7.636882562087531e-09,
        3.483752094731445e-10,
        5.774514059472329e-10,
    ),
}


# How many terms of Taylor's series of erf(x) / x, for |x| up to 1/2.
_TERMS: Mapping[dtype, int] = {float32: 7, float64: 14}


def erfc(x: T) -> T:
    """Return 1 less Taylor's series near 0, else `e^(-x^2)` times a smooth function."""
    dtype = x.type.dtype
    size = abs(x).call("minimum", _ZERO[dtype])
    smooth = polynomial((size - 3) / (size + 3), _SERIES[dtype]) / (size * 2 + 1)
    count, r, c = _reduced_square(size)
    power = expm1_of_reduced(r, c)
    tail = scaled(smooth + smooth * power, count.convert(integer_of(dtype)))
    tail = (-tail + 2).where(x.compare("less", 0), tail)
    return (-_erf_near_zero(x) + 1).where(abs(x).compare("less", 0.5), tail)


def _erf_near_zero(x: T) -> T:
    factor = 2 / math.sqrt(math.pi)
    terms = range(_TERMS[x.type.dtype])
    series = [factor * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in terms]
    return x * polynomial(x * x, series)


def _reduced_square(x: T) -> tuple[T, T, T]:
    """Return k, r and c with `-x^2 = k ln(2) + r + c`, from the exact square of x's upper half."""
    dtype = x.type.dtype
    mask = -(1 << digits_of(dtype) // 2 + 1)
    upper = (x.bitcast(integer_of(dtype)) & mask).bitcast(dtype)
    square, rest = -(upper * upper), (upper - x) * (upper + x)
    high, low = cut(LN2, digits_of(dtype) - 11)
    count = ((square + rest) * (1 / float(LN2))).call("round")
    first = square - count * high
    small = rest - count * low
    r = first + small
    return count, r, (first - r) + small
