"""Rounding to whole numbers."""

from __future__ import annotations

from typing import Any, TypeVar

from farrier_compiler.stablehlo.formulas.parts import digits_of, with_sign_of
from farrier_compiler.stablehlo.term import Term

__all__ = ["round"]

T = TypeVar("T", bound=Term[Any])


def round(x: T) -> T:
    """Add and subtract the number from which on all are whole; IREE takes 30 instructions."""
    first = 2.0 ** digits_of(x.type.dtype)
    whole = (abs(x) + first) - first
    return with_sign_of(whole, x).where(abs(x).compare("less", first), x)
