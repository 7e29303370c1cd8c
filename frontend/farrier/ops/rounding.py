"""Rounding to whole numbers."""

from __future__ import annotations

from farrier.ops.elementwise import binary, taken
from farrier.tensor import Tensor, apply
from farrier_compiler.graph import Op
from farrier_compiler.ops import rounding as primitive
from farrier_compiler.ops.comparison import Less
from farrier_compiler.ops.elementwise import Where

__all__ = ["ceil", "floor", "round", "trunc"]


def floor(input: Tensor) -> Tensor:
    """Round down to whole numbers elementwise.

    Args:
        input: a tensor of numbers.

    Returns:
        A tensor of the same shape and data type; `input` itself if it holds integers.

    Raises:
        DtypeError: the input holds bools.

    Example:
        >>> fr.floor(fr.Tensor([-1.5, 1.5]))
        tensor([-2, 1], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return _rounded(primitive.Floor(), input)


def ceil(input: Tensor) -> Tensor:
    """Round up to whole numbers elementwise.

    Args:
        input: a tensor of numbers.

    Returns:
        A tensor of the same shape and data type; `input` itself if it holds integers.

    Raises:
        DtypeError: the input holds bools.

    Example:
        >>> fr.ceil(fr.Tensor([-1.5, 1.5]))
        tensor([-1, 2], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return _rounded(primitive.Ceil(), input)


def round(input: Tensor) -> Tensor:
    """Round to the nearest whole numbers elementwise, halves to the even one.

    Args:
        input: a tensor of numbers.

    Returns:
        A tensor of the same shape and data type; `input` itself if it holds integers.

    Raises:
        DtypeError: the input holds bools.

    Example:
        >>> fr.round(fr.Tensor([0.5, 1.5, 2.6]))
        tensor([0, 2, 3], dtype=float32, loc=cpu:0, shape=(3,))
    """
    return _rounded(primitive.Round(), input)


def trunc(input: Tensor) -> Tensor:
    """Round towards 0 to whole numbers elementwise.

    Args:
        input: a tensor of numbers.

    Returns:
        A tensor of the same shape and data type; `input` itself if it holds integers.

    Raises:
        DtypeError: the input holds bools.

    Example:
        >>> fr.trunc(fr.Tensor([-1.5, 1.5]))
        tensor([-1, 1], dtype=float32, loc=cpu:0, shape=(2,))
    """
    x = taken("trunc", input, "number")
    if not x.value.type.dtype.is_floating:
        return x
    below = binary(Less(), x, 0)
    return apply(Where(), below, apply(primitive.Ceil(), x), apply(primitive.Floor(), x))


def _rounded(op: Op, input: Tensor) -> Tensor:
    """Record an op on floating-point numbers; integers are rounded already."""
    x = taken(op.name, input, "number")
    return apply(op, x) if x.dtype.is_floating else x
