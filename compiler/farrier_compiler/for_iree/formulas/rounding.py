"""Rounding to whole numbers."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from farrier_compiler.for_iree.formulas.parts import bits_of
from farrier_compiler.stablehlo.term import Term

T = TypeVar("T", bound=Term[Any])


def round_half_even(x: T) -> T:
    """Add and subtract the number from which on all are whole; IREE takes 30 instructions."""
    kind = x.type.dtype
    bits, first = bits_of(kind), 2.0 ** np.finfo(kind.numpy).nmant
    whole = (abs(x) + first) - first
    sign = x.bitcast(bits) & -(2 ** (bits.bits - 1))
    signed = (whole.bitcast(bits) | sign).bitcast(kind)
    return signed.where(abs(x).compare("less", first), x)
