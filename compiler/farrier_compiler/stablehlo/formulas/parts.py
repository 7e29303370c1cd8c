"""What formulas have in common: the parts of floating-point numbers, and polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import frexp
from typing import Any, TypeVar

import numpy as np

from farrier_compiler.stablehlo.term import Term
from farrier_runtime.dtypes import DTYPES, dtype

T = TypeVar("T", bound=Term[Any])

LN2 = Fraction("0.69314718055994530941723212145817656807550013436025525412")


def integer_of(dtype: dtype) -> dtype:
    """Return the signed integer type of a type's size."""
    return DTYPES[f"int{dtype.bits}"]


def digits_of(dtype: dtype) -> int:
    """Return how many bits of a fraction a float type stores."""
    return int(np.finfo(dtype.numpy).nmant)


def bias_of(dtype: dtype) -> int:
    """Return what a float type adds to exponents to store them."""
    return 1 - int(np.finfo(dtype.numpy).minexp)


def has_sign(x: T) -> T:
    """Return where a number is negative or -0."""
    return x.bitcast(integer_of(x.type.dtype)).compare("less", 0)


def magnitude(x: T) -> T:
    """Return a number's bits without the sign, as an integer; CPUs may take subnormals for 0."""
    bits = integer_of(x.type.dtype)
    return x.bitcast(bits) & (2 ** (bits.bits - 1) - 1)


def with_sign_of(x: T, y: T) -> T:
    """Return a number that has no sign with the sign of another."""
    bits = integer_of(x.type.dtype)
    sign = y.bitcast(bits) & -(2 ** (bits.bits - 1))
    return (x.bitcast(bits) | sign).bitcast(x.type.dtype)


def power_of_two(exponent: T, dtype: dtype) -> T:
    """Return two to an integer power that a float type has a normal number for."""
    return (exponent + bias_of(dtype)).call("shift_left", digits_of(dtype)).bitcast(dtype)


def normalized(x: T) -> tuple[T, T]:
    """Return |x| times a power of two, normal unless it is 0, and the power's exponent, 0 or less.

    Subnormal numbers are converted from their bits, because CPUs may take them for 0.
    """
    dtype, bits = x.type.dtype, magnitude(x)
    subnormal = bits.compare("less", 1 << digits_of(dtype))
    exponent = bits.full(least_exponent(dtype)).where(subnormal, 0)
    return bits.convert(dtype).where(subnormal, abs(x)), exponent


def scaled(x: T, exponent: T) -> T:
    """Return x >= 0, neither large nor small, times a power of two, rounded also if subnormal."""
    dtype = x.type.dtype
    half = exponent.call("shift_right", 1)
    product = x * power_of_two(half, dtype) * power_of_two(exponent - half, dtype)
    least = least_exponent(dtype)
    units = x * power_of_two(exponent.call("minimum", least // 2) - least, dtype)
    subnormal = units.call("round").convert(integer_of(dtype)).bitcast(dtype)
    return subnormal.where(units.compare("less", 2.0 ** digits_of(dtype)), product)


def least_exponent(dtype: dtype) -> int:
    """Return the exponent of the smallest number of a float type."""
    return 1 - bias_of(dtype) - digits_of(dtype)


def cut(number: Fraction, bits: int, count: int = 1) -> tuple[float, ...]:
    """Return a number as a sum of numbers of so many bits, and the rest."""
    parts = list[float]()
    for _ in range(count):
        unit = Fraction(2) ** (frexp(float(number))[1] - bits)
        parts.append(float(number // unit * unit))
        number -= Fraction(parts[-1])
    return (*parts, float(number))


def polynomial(x: T, coefficients: Sequence[float]) -> T:
    """Return the sum of the coefficients times the powers of a number, from the constant on."""
    highest, *lower = reversed(coefficients)
    result = x * highest + lower[0]
    for coefficient in lower[1:]:
        result = result * x + coefficient
    return result
