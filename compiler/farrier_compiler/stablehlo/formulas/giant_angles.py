"""Angles of many turns, reduced by integers, as M. Payne and R. Hanek showed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import inf, pi
from typing import Any, TypeVar

from farrier_compiler.stablehlo.formulas.parts import (
    bias_of,
    digits_of,
    has_sign,
    integer_of,
    magnitude,
)
from farrier_compiler.stablehlo.term import Term
from farrier_runtime.dtypes import DTYPES, dtype, float32, float64

T = TypeVar("T", bound=Term[Any])

# The binary digits of 2/pi after the point.
_DIGITS = int(
    "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1"
    "921cfe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ff"
    "de05980fef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb"
    "5fb11f8d5d0856033046fc7b6bab",
    16,
)
_COUNT = 1216

_LEAST: Mapping[dtype, int] = {float32: 10, float64: 20}
"""The power of two from which on an angle is giant."""


def is_giant(x: T) -> T:
    """Return whether an angle is too large for the sum of pi's parts, but finite."""
    size = abs(x)
    finite = size.compare("less", inf)
    return size.compare("greater_equal", 2.0 ** _LEAST[x.type.dtype]) & finite


def giant_quarter_turns(x: T) -> tuple[T, T]:
    """Return a giant angle's count of quarter turns, modulo 4 as an integer, and the remainder."""
    dtype = x.type.dtype
    bits, stored, size = magnitude(x), digits_of(dtype), dtype.bits
    whole = (bits & (1 << stored) - 1 | 1 << stored).convert(_unsigned(dtype))
    shift = bits.call("shift_right", stored) - (bias_of(dtype) + _LEAST[dtype])
    above, below = _window(dtype, shift)
    product = (whole * above + _high_product(whole, below)).convert(integer_of(dtype))
    low = (whole * below).call("shift_right", size - 1 - stored).convert(integer_of(dtype))
    turns = (product + (1 << size - 3)).call("shift_right", size - 2)
    fraction = (product - turns.call("shift_left", size - 2)).convert(dtype)
    small = low.convert(dtype) * 2.0 ** (1 - size - stored)
    rest = (fraction * 2.0 ** (2 - size) + small) * (pi / 2)
    return (-turns).where(has_sign(x), turns), (-rest).where(has_sign(x), rest)


def _unsigned(dtype: dtype) -> dtype:
    return DTYPES[f"uint{dtype.bits}"]


def _window(dtype: dtype, shift: T) -> tuple[T, T]:
    """Return two words of the digits of 2/pi, after skipping `shift` of them."""
    words, size = _words(dtype), dtype.bits
    chosen: list[Any] = [shift.convert(_unsigned(dtype)).full(word) for word in words]
    level = len(words) - 2
    while level > 1:
        level //= 2
        flag = (shift & size * level).compare("not_equal", 0)
        chosen = [chosen[i + level].where(flag, chosen[i]) for i in range(level + 2)]
    amount = (shift & size - 1).convert(_unsigned(dtype))
    rest = amount.full(size - 1) - amount
    above, below = (
        high.call("shift_left", amount) | low.call("shift_right", 1).call("shift_right", rest)
        for high, low in pairwise(chosen)
    )
    return above, below


def _words(dtype: dtype) -> Sequence[int]:
    """Return the digits of 2/pi as words, from the first digit that any giant angle needs."""
    zeros, size = 2 + digits_of(dtype) - _LEAST[dtype], dtype.bits
    number = (bias_of(dtype) - _LEAST[dtype]) // size + 3
    digits = _DIGITS >> _COUNT + zeros - size * number
    return [digits >> size * (number - 1 - index) & (1 << size) - 1 for index in range(number)]


def _high_product(x: T, y: T) -> T:
    """Return the upper half of a product's bits, from products of halves."""
    half = x.type.dtype.bits // 2
    mask = (1 << half) - 1
    x_high, x_low = x.call("shift_right", half), x & mask
    y_high, y_low = y.call("shift_right", half), y & mask
    mixed = x_low * y_high
    middle = (x_low * y_low).call("shift_right", half) + (mixed & mask) + x_high * y_low
    return x_high * y_high + mixed.call("shift_right", half) + middle.call("shift_right", half)
