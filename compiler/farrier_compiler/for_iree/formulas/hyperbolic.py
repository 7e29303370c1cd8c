"""Hyperbolic functions."""

from __future__ import annotations

from typing import Any, TypeVar

from farrier_compiler.for_iree.formulas.exponential import expm1
from farrier_compiler.stablehlo.term import Term

T = TypeVar("T", bound=Term[Any])


def tanh(x: T) -> T:
    """Return `-t / (t + 2)` with `t = e^(-2|x|) - 1`, which keeps small numbers precise."""
    t = expm1(abs(x) * -2.0)
    return x.call("sign") * (-t / (t + 2))
