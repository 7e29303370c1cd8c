"""Limits of data types, and the identity elements of reductions."""

from __future__ import annotations

from typing import Any, cast

import ml_dtypes
import numpy as np

from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype


def lowest(dtype: dtype) -> float | int:
    """Return the smallest number of a data type."""
    if dtype is dtypes.float8:  # it has no infinities
        return storage_limits(dtype)[0]
    if dtype.is_floating:
        return -np.inf
    return 0 if dtype is dtypes.bool else limits(dtype)[0]


def _highest(dtype: dtype) -> float | int:
    if dtype is dtypes.float8:
        return storage_limits(dtype)[1]
    if dtype.is_floating:
        return np.inf
    return 1 if dtype is dtypes.bool else limits(dtype)[1]


def identity_element(reduction: str, dtype: dtype) -> float | int | bool:
    """Return the identity element of a reduction."""
    match reduction:
        case "sum" | "any":
            return 0
        case "prod" | "all":
            return 1
        case "max":
            return lowest(dtype)
        case _:
            return _highest(dtype)


def limits(dtype: dtype) -> tuple[int, int]:
    """Return the smallest and the largest integer of a data type."""
    if dtype.is_unsigned:
        return 0, 2**dtype.bits - 1
    return -(2 ** (dtype.bits - 1)), 2 ** (dtype.bits - 1) - 1


def largest(dtype: dtype) -> int:
    """Return the largest finite number of a data type, which is whole."""
    if dtype.is_floating:
        return int(float(cast("Any", ml_dtypes.finfo(dtype.numpy)).max))
    return int(_highest(dtype))


def storage_limits(storage: dtype) -> tuple[float, float]:
    """Return the smallest and the largest number that a quantised tensor can hold."""
    if storage.is_floating:
        highest = 448.0 if storage is dtypes.float8 else 57344.0
        return -highest, highest
    return limits(storage)
