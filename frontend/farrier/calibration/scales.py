"""Scales of weights and of inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from farrier_compiler.graph import Array
from farrier_compiler.types.numbers import storage_limits
from farrier_runtime.dtypes import dtype, float16

# A zero point is used where it makes the steps at least a quarter smaller: by 2.5 dB less noise.
_WORTHWHILE = 0.75

# Smaller numbers are 0 on processors that flush them.
_SMALLEST = 2.0**-126
_SMALLEST_FLOAT16 = 2.0**-24


@dataclass(frozen=True)
class InputScale:
    """What the integers of an input stand for: `(integer - zero_point) * scale`.

    Attributes:
        scale: the distance of neighbouring numbers.
        zero_point: the integer of 0; None: 0 is.
    """

    scale: float
    zero_point: int | None = None


def fit_input(low: float, high: float, storage: dtype, kind: dtype | None = None) -> InputScale:
    """Return the scale that represents a range, and 0, which padding consists of.

    Args:
        low: the smallest number.
        high: the largest number.
        storage: the data type of the integers, or of the 8-bit floats.
        kind: the data type of the scale; by default the numbers stay as they are.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    bottom, top = storage_limits(storage)
    symmetric = max(-low, high) / top
    offset = (high - low) / (top - bottom)
    if storage.is_floating or offset > _WORTHWHILE * symmetric or not symmetric:
        return InputScale(float(usable(np.asarray(symmetric), kind)))
    scale = float(usable(np.asarray(offset), kind))
    return InputScale(scale, round(min(max(bottom - low / scale, bottom), top)))


def usable(scale: Array, kind: dtype | None) -> Array:
    """Return scales in a data type: 1 where all is 0, and none that rounds to 0."""
    scale = np.where(scale == 0, 1.0, scale)
    if kind is None:
        return scale
    least = _SMALLEST_FLOAT16 if kind is float16 else _SMALLEST
    return np.maximum(scale, least).astype(kind.numpy)


def round_trip(numbers: Array, scale: Any, storage: dtype, zero_point: int = 0) -> Array:
    """Return what numbers become when they are quantised and dequantised."""
    low, high = storage_limits(storage)
    if storage.is_floating:
        clipped = np.clip(numbers / scale, low, high)
        return clipped.astype(storage.numpy).astype(numbers.dtype) * scale
    return np.clip(np.rint(numbers / scale), low - zero_point, high - zero_point) * scale
