"""Tensors full of a number, and triangles."""

from __future__ import annotations

import numpy as np

from farrier.ops.arguments import Shape, number_of, whole_number, whole_numbers
from farrier.ops.arithmetic import add
from farrier.ops.comparison import greater_equal
from farrier.ops.conversion import cast, check_dtype
from farrier.ops.logic import where
from farrier.ops.ranges import iota
from farrier.ops.shape import expand
from farrier.tensor import Tensor, apply, as_tensor
from farrier.tensor.interop import Number
from farrier_compiler.diagnostics import explain
from farrier_compiler.graph import constant
from farrier_compiler.ops import creation as primitive
from farrier_runtime.dtypes import DtypeLike, float32, int32
from farrier_runtime.errors import ShapeError

__all__ = [
    "full",
    "full_like",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]


def full(shape: Shape, value: Tensor | Number, dtype: DtypeLike = float32) -> Tensor:
    """Make a tensor that holds one number everywhere.

    Args:
        shape: the size of each dimension.
        value: a number, which the data type must hold, or a tensor to cast and expand.
        dtype: the data type.

    Returns:
        A tensor of that shape and data type.

    Raises:
        ArgumentError: a size is negative or not an integer, or `dtype` is not a data type.
        ShapeError: `value` is a tensor that does not expand to the shape.
        DtypeError: the data type cannot hold the number.

    Example:
        >>> fr.full((2, 2), 7)
        tensor(
            [[7, 7],
             [7, 7]],
            dtype=float32, loc=cpu:0, shape=(2, 2))
    """
    sizes = whole_numbers("full's shape", shape)
    wanted = check_dtype("full", dtype)
    if isinstance(value, Tensor):
        return expand(cast(value, wanted), sizes)
    return apply(primitive.Full(sizes, number_of(value, wanted), wanted))


def full_like(input: Tensor, value: Tensor | Number, dtype: DtypeLike | None = None) -> Tensor:
    """Make a tensor in the shape of another that holds one number everywhere.

    Args:
        input: the tensor whose shape is taken.
        value: the number, as for `full`.
        dtype: the data type; None: that of `input`.

    Returns:
        A tensor of the shape of `input`.

    Raises:
        ArgumentError: `dtype` is not a data type.
        DtypeError: the data type cannot hold the number.

    Example:
        >>> fr.full_like(fr.Tensor([1, 2]), 7)
        tensor([7, 7], dtype=int32, loc=cpu:0, shape=(2,))
    """
    like = as_tensor(input)
    return full(like.sizes, value, like.dtype if dtype is None else dtype)


def ones(shape: Shape, dtype: DtypeLike = float32) -> Tensor:
    """Make a tensor of ones.

    Args:
        shape: the size of each dimension.
        dtype: the data type.

    Returns:
        A tensor of that shape and data type.

    Raises:
        ArgumentError: a size is negative or not an integer, or `dtype` is not a data type.

    Example:
        >>> fr.ones((2, 2))
        tensor(
            [[1, 1],
             [1, 1]],
            dtype=float32, loc=cpu:0, shape=(2, 2))
    """
    return full(shape, 1, dtype)


def ones_like(input: Tensor, dtype: DtypeLike | None = None) -> Tensor:
    """Make a tensor of ones in the shape of another.

    Args:
        input: the tensor whose shape is taken.
        dtype: the data type; None: that of `input`.

    Returns:
        A tensor of the shape of `input`.

    Raises:
        ArgumentError: `dtype` is not a data type.

    Example:
        >>> fr.ones_like(fr.Tensor([5, 6]))
        tensor([1, 1], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return full_like(input, 1, dtype)


def zeros(shape: Shape, dtype: DtypeLike = float32) -> Tensor:
    """Make a tensor of zeros.

    Args:
        shape: the size of each dimension.
        dtype: the data type.

    Returns:
        A tensor of that shape and data type.

    Raises:
        ArgumentError: a size is negative or not an integer, or `dtype` is not a data type.

    Example:
        >>> fr.zeros((2, 2))
        tensor(
            [[0, 0],
             [0, 0]],
            dtype=float32, loc=cpu:0, shape=(2, 2))
    """
    return full(shape, 0, dtype)


def zeros_like(input: Tensor, dtype: DtypeLike | None = None) -> Tensor:
    """Make a tensor of zeros in the shape of another.

    Args:
        input: the tensor whose shape is taken.
        dtype: the data type; None: that of `input`.

    Returns:
        A tensor of the shape of `input`.

    Raises:
        ArgumentError: `dtype` is not a data type.

    Example:
        >>> fr.zeros_like(fr.Tensor([5, 6]))
        tensor([0, 0], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return full_like(input, 0, dtype)


def tril(tensor: Tensor, diagonal: int = 0) -> Tensor:
    """Keep the lower triangle of matrices, and put 0 above it.

    Args:
        tensor: matrices in the last two dimensions, of any data type.
        diagonal: the highest diagonal that stays: 0 is the main one, 1 the one above it.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        ShapeError: the tensor has fewer than two dimensions.

    Example:
        >>> fr.tril(fr.ones((2, 3)))
        tensor(
            [[1, 0, 0],
             [1, 1, 0]],
            dtype=float32, loc=cpu:0, shape=(2, 3))
    """
    tensor = as_tensor(tensor)
    below = _below("tril", tensor, whole_number("tril's diagonal", diagonal))
    return where(below, tensor, _zero(tensor))


def triu(tensor: Tensor, diagonal: int = 0) -> Tensor:
    """Keep the upper triangle of matrices, and put 0 below it.

    Args:
        tensor: matrices in the last two dimensions, of any data type.
        diagonal: the lowest diagonal that stays: 0 is the main one, 1 the one above it.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        ShapeError: the tensor has fewer than two dimensions.

    Example:
        >>> fr.triu(fr.ones((2, 3)))
        tensor(
            [[1, 1, 1],
             [0, 1, 1]],
            dtype=float32, loc=cpu:0, shape=(2, 3))
    """
    tensor = as_tensor(tensor)
    below = _below("triu", tensor, whole_number("triu's diagonal", diagonal) - 1)
    return where(below, _zero(tensor), tensor)


def _zero(like: Tensor) -> Tensor:
    dtype = like.value.type.dtype
    return Tensor.of(constant(np.zeros((), dtype.numpy), dtype))


def _below(name: str, tensor: Tensor, diagonal: int) -> Tensor:
    """Return which elements of a matrix are on or below a diagonal."""
    if tensor.rank < 2:
        raise explain(
            ShapeError(f"{name} needs a matrix, but got {tensor.value.type.describe()}."),
            [("tensor", tensor.value)],
        )
    size = tensor.sizes[-2:]
    return greater_equal(add(iota(size, 0, int32), diagonal), iota(size, 1, int32))
