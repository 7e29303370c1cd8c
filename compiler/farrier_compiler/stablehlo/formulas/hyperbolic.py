"""Hyperbolic functions and their inverses."""

from __future__ import annotations

import math
from typing import Any, TypeVar

from farrier_compiler.stablehlo.formulas.exponential import expm1, half_exp, log1p
from farrier_compiler.stablehlo.formulas.parts import LN2, digits_of, with_sign_of
from farrier_compiler.stablehlo.term import Term

__all__ = ["acosh", "asinh", "atanh", "cosh", "sinh", "tanh"]

T = TypeVar("T", bound=Term[Any])


def _odd(x: T, value: T) -> T:
    """Return a function with the sign of x, which it is next to where x is tiny."""
    tiny = abs(x).compare("less", 2.0 ** -(digits_of(x.type.dtype) // 2 + 1))
    return x.where(tiny, with_sign_of(value, x))


def tanh(x: T) -> T:
    """Return `-t / (t + 2)` with `t = e^(-2|x|) - 1`, which keeps small numbers precise."""
    t = expm1(abs(x) * -2.0)
    return _odd(x, abs(t / (t + 2)))


def sinh(x: T) -> T:
    """Return `(t + t / (t + 1)) / 2` with `t = e^|x| - 1`, and `e^|x| / 2` where that is all."""
    size = abs(x)
    t = expm1(size)
    near = size.compare("less", 0.35 * digits_of(x.type.dtype))
    return _odd(x, ((t + t / (t + 1)) * 0.5).where(near, half_exp(size)))


def cosh(x: T) -> T:
    """Return `(e^|x| + e^-|x|) / 2`."""
    half = half_exp(abs(x))
    return half + half.full(0.25) / half


def asinh(x: T) -> T:
    """Return `log(1 + (|x| + x^2 / (1 + sqrt(1 + x^2))))`, and `log(2|x|)` for large numbers."""
    size = abs(x)
    large = _large(x)
    inside = size.where(size.compare("less", large), large)
    square = inside * inside
    near = log1p(inside + square / ((square + 1).call("sqrt") + 1))
    return _odd(x, near.where(size.compare("less", large), size.call("log") + float(LN2)))


def acosh(x: T) -> T:
    """Return `log(1 + (t + sqrt(2t + t^2)))` with `t = x - 1`, and `log(2x)` for large numbers."""
    large = _large(x)
    t = x.call("minimum", large) - 1
    near = log1p(t + (t * 2 + t * t).call("sqrt"))
    logarithm = near.where(x.compare("less", large), x.call("log") + float(LN2))
    return logarithm.full(math.nan).where(x.compare("less", 1), logarithm)


def atanh(x: T) -> T:
    """Return `log(1 + 2|x| / (1 - |x|)) / 2`."""
    size = abs(x)
    twice = size * 2
    near = twice + twice * size / (-size + 1)
    ratio = near.where(size.compare("less", 0.5), twice / (-size + 1))
    return _odd(x, log1p(ratio) * 0.5)


def _large(x: Term[Any]) -> float:
    """Return from where on `x^2 + 1` is `x^2`."""
    return 2.0 ** (digits_of(x.type.dtype) // 2 + 2)
