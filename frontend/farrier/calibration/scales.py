"""Fitting of scales to ranges of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from farrier_compiler.graph import Array
from farrier_compiler.types.numbers import storage_limits
from farrier_runtime.dtypes import dtype, float16

# A zero point is used if it shrinks the scale by at least a quarter: 2.5 dB less noise.
_WORTHWHILE = 0.75

# Smaller numbers are 0 on processors that flush subnormals.
_SMALLEST = 2.0**-126
_SMALLEST_FLOAT16 = 2.0**-24


@dataclass(frozen=True)
class InputScale:
    """The affine quantisation of an input, `(integer - zero_point) * scale`.

    Attributes:
        scale: the distance between neighbouring numbers.
        zero_point: the integer that represents 0; None: 0.
    """

    scale: float
    zero_point: int | None = None


def fit_input(
    low: float, high: float, storage: dtype, scale_dtype: dtype | None = None
) -> InputScale:
    """Return the scale for a range, extended to include 0 because padding is 0.

    Args:
        low: the smallest number.
        high: the largest number.
        storage: the data type of the integers, or of the 8-bit floats.
        scale_dtype: the data type that the scale is rounded to; by default it is not rounded.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    bottom, top = storage_limits(storage)
    symmetric = max(-low, high) / top
    offset = (high - low) / (top - bottom)
    if storage.is_floating or offset > _WORTHWHILE * symmetric or not symmetric:
        return InputScale(float(usable(np.asarray(symmetric), scale_dtype)))
    scale = float(usable(np.asarray(offset), scale_dtype))
    return InputScale(scale, round(min(max(bottom - low / scale, bottom), top)))


def usable(scale: Array, scale_dtype: dtype | None) -> Array:
    """Return scales in a data type, with 1 in place of 0, and none that rounds to 0."""
    scale = np.where(scale == 0, 1.0, scale)
    if scale_dtype is None:
        return scale
    least = _SMALLEST_FLOAT16 if scale_dtype is float16 else _SMALLEST
    return np.maximum(scale, least).astype(scale_dtype.numpy)


def round_trip(numbers: Array, scale: Any, storage: dtype, zero_point: int = 0) -> Array:
    """Return numbers quantised and dequantised again."""
    low, high = storage_limits(storage)
    if storage.is_floating:
        clipped = np.clip(numbers / scale, low, high)
        return clipped.astype(storage.numpy).astype(numbers.dtype) * scale
    return np.clip(np.rint(numbers / scale), low - zero_point, high - zero_point) * scale
