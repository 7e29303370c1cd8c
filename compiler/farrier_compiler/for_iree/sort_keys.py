"""Integers that ascend as numbers are to be sorted."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from farrier_compiler.stablehlo.term import Term
from farrier_runtime.dtypes import DTYPES, dtype

T = TypeVar("T", bound=Term[Any])


def sort_key(x: T, descending: bool) -> T:
    """Return integers that ascend as a tensor is to be sorted: NaN is the largest, -0 is 0."""
    key = _integer_key(x) if x.type.dtype.is_floating else x
    return key.call("bitwise_not") if descending else key


def _integer_key(x: T) -> T:
    dtype = DTYPES[f"int{x.type.dtype.bits}"]
    highest = 2 ** (dtype.bits - 1) - 1
    bits = x.bitcast(dtype)
    magnitude = bits & highest
    number = magnitude.where(bits.compare("greater_equal", 0), -magnitude)
    return number.where(magnitude.compare("less_equal", _largest_bits(x.type.dtype)), highest)


def _largest_bits(dtype: dtype) -> int:
    """Return the bits of the largest number of a float type, infinity where it has one."""
    infinity = np.asarray(np.inf).astype(dtype.numpy)
    bits = int(infinity.view(f"int{dtype.bits}"))
    return bits if np.isinf(infinity) else bits - 1  # float8_e4m3fn has NaN in its place
