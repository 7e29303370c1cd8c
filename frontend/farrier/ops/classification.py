"""Which numbers are finite, infinite or none."""

from __future__ import annotations

import math

from farrier.ops.elementwise import binary, floating
from farrier.tensor import Tensor, apply
from farrier_compiler.ops import comparison as primitive, elementwise

__all__ = ["isfinite", "isinf", "isnan"]


def isnan(input: Tensor) -> Tensor:
    """Tell elementwise whether numbers are NaN.

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of bools of the same shape.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.isnan(fr.Tensor([1.0, float("nan")]))
        tensor([False, True], dtype=bool, loc=cpu:0, shape=(2,))
    """
    x = floating("isnan", input)
    return apply(primitive.NotEqual(), x, x)


def isinf(input: Tensor) -> Tensor:
    """Tell elementwise whether numbers are infinite, of either sign.

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of bools of the same shape.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.isinf(fr.Tensor([1.0, -float("inf")]))
        tensor([False, True], dtype=bool, loc=cpu:0, shape=(2,))
    """
    x = floating("isinf", input)
    return binary(primitive.Equal(), apply(elementwise.Abs(), x), math.inf)


def isfinite(input: Tensor) -> Tensor:
    """Tell elementwise whether numbers are neither infinite nor NaN.

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of bools of the same shape.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.isfinite(fr.Tensor([1.0, float("inf")]))
        tensor([True, False], dtype=bool, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Isfinite(), input)
