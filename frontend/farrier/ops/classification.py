"""Which numbers are finite, infinite or none."""

from __future__ import annotations

import math

from farrier.ops.elementwise import binary
from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.ops import comparison as primitive, elementwise
from farrier_runtime.dtypes import float8

__all__ = ["isfinite", "isinf", "isnan"]


def isnan(input: Tensor) -> Tensor:
    """Tell elementwise whether numbers are NaN.

    Args:
        input: a tensor of any data type.

    Returns:
        A tensor of bools of the same shape.

    Example:
        >>> fr.isnan(fr.Tensor([1.0, float("nan")]))
        tensor([False, True], dtype=bool, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.NotEqual(), input, input)


def isinf(input: Tensor) -> Tensor:
    """Tell elementwise whether numbers are infinite, of either sign.

    Args:
        input: a tensor of any data type.

    Returns:
        A tensor of bools of the same shape.

    Example:
        >>> fr.isinf(fr.Tensor([1.0, -float("inf")]))
        tensor([False, True], dtype=bool, loc=cpu:0, shape=(2,))
    """
    x = as_tensor(input)
    if not x.dtype.is_floating or x.dtype is float8:  # types without an infinity
        return apply(primitive.Less(), x, x)
    return binary(primitive.Equal(), apply(elementwise.Abs(), x), math.inf)


def isfinite(input: Tensor) -> Tensor:
    """Tell elementwise whether numbers are neither infinite nor NaN.

    Args:
        input: a tensor of any data type.

    Returns:
        A tensor of bools of the same shape.

    Example:
        >>> fr.isfinite(fr.Tensor([1.0, float("inf")]))
        tensor([True, False], dtype=bool, loc=cpu:0, shape=(2,))
    """
    x = as_tensor(input)
    return apply(primitive.Isfinite(), x) if x.dtype.is_floating else apply(primitive.Equal(), x, x)
