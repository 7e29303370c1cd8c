"""Limits of data types, and the identity elements of reductions."""

from __future__ import annotations

import numpy as np

from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype


def lowest(kind: dtype) -> float | int:
    """Return the smallest number of a data type."""
    if kind.is_floating:
        return -np.inf
    return 0 if kind.is_unsigned or kind is dtypes.bool else -(2 ** (kind.bits - 1))


def _highest(kind: dtype) -> float | int:
    if kind.is_floating:
        return np.inf
    if kind is dtypes.bool:
        return 1
    return 2**kind.bits - 1 if kind.is_unsigned else 2 ** (kind.bits - 1) - 1


def identity_element(kind: str, dtype: dtype) -> float | int | bool:
    """Return the number that changes no result of a reduction."""
    match kind:
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


def storage_limits(storage: dtype) -> tuple[float, float]:
    """Return the smallest and the largest number that a quantised tensor can hold."""
    if storage.is_floating:
        highest = 448.0 if storage is dtypes.float8 else 57344.0
        return -highest, highest
    return limits(storage)
