"""Exponentials and logarithms."""

from __future__ import annotations

from typing import Any, TypeVar

from farrier_compiler.stablehlo.term import Term

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
