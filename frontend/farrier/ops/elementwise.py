"""Arithmetic, comparisons and functions, elementwise with broadcasting."""

from __future__ import annotations

from typing import Any

from farrier_compiler.ops import elementwise as primitive
from farrier_compiler.ops.base import Op

from farrier.tensor import Tensor, apply, as_tensor

__all__ = ["add", "tanh"]


def binary(op: Op, left: Any, right: Any) -> Tensor:
    """Record an op on two operands, one of which may be a Python number."""
    if isinstance(left, Tensor):
        return apply(op, left, as_tensor(right, like=left))
    other = as_tensor(right)
    return apply(op, as_tensor(left, like=other), other)


def add(left: Tensor | float, right: Tensor | float) -> Tensor:
    """Add elementwise: `left + right`.

    Args:
        left: a tensor of any number type, or a Python number.
        right: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The sum, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ.

    Example:
        >>> fr.add(fr.Tensor([1, 2]), 3)
        tensor([4, 5], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Add(), left, right)


def tanh(input: Tensor) -> Tensor:
    """Compute the hyperbolic tangent elementwise.

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.tanh(fr.Tensor([0.0]))
        tensor([0], dtype=float32, loc=cpu:0, shape=(1,))
    """
    return apply(primitive.Tanh(), input)
