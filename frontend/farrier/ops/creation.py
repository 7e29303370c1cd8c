"""Tensors made from nothing: constants, ranges, random numbers, triangles."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from farrier_compiler.diagnostics import explain, here
from farrier_compiler.graph import constant
from farrier_compiler.ops import creation as primitive
from farrier_compiler.ops.elementwise import GreaterEqual
from farrier_runtime.dtypes import dtype, float32, int32
from farrier_runtime.errors import ArgumentError, ShapeError

from farrier.interop import Number
from farrier.ops.arithmetic import add
from farrier.ops.comparison import where
from farrier.ops.elementwise import cast, check_dtype
from farrier.ops.shape import expand, whole_numbers
from farrier.tensor import Tensor, apply

__all__ = [
    "arange",
    "full",
    "full_like",
    "iota",
    "iota_like",
    "ones",
    "ones_like",
    "rand",
    "randn",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]

Shape = int | Sequence[int]


def full(shape: Shape, value: Tensor | Number, dtype: dtype = float32) -> Tensor:
    """Make a tensor that holds one number everywhere.

    Args:
        shape: the size of each dimension.
        value: a number, floats for integers being cut off as by `cast`; or a tensor that is expanded.
        dtype: the data type.

    Returns:
        A tensor of that shape and data type.

    Raises:
        ArgumentError: a size is negative or no integer, or `dtype` is no data type.
        ShapeError: `value` is a tensor that does not expand to the shape.
        DtypeError: an integer is out of the data type's range.

    Example:
        >>> fr.full((2, 2), 7)
        @@OUT@@
    """
    sizes = whole_numbers("full's shape", shape)
    wanted = check_dtype("full", dtype)
    if isinstance(value, Tensor):
        return expand(cast(value, wanted), sizes)
    return apply(primitive.Full(sizes, _number(value, wanted), wanted))


def full_like(input: Tensor, value: Tensor | Number, dtype: dtype | None = None) -> Tensor:
    """Make a tensor in the shape of another that holds one number everywhere.

    Args:
        input: the tensor whose shape is taken.
        value: the number, as for `full`.
        dtype: the data type; None: that of `input`.

    Returns:
        A tensor of the shape of `input`.

    Raises:
        ArgumentError: `dtype` is no data type.
        DtypeError: an integer is out of the data type's range.

    Example:
        >>> fr.full_like(fr.Tensor([1, 2]), 7)
        @@OUT@@
    """
    return full(input.shape, value, input.dtype if dtype is None else dtype)


def ones(shape: Shape, dtype: dtype = float32) -> Tensor:
    """Make a tensor of ones.

    Args:
        shape: the size of each dimension.
        dtype: the data type.

    Returns:
        A tensor of that shape and data type.

    Raises:
        ArgumentError: a size is negative or no integer, or `dtype` is no data type.

    Example:
        >>> fr.ones((2, 2))
        @@OUT@@
    """
    return full(shape, 1, dtype)


def ones_like(input: Tensor, dtype: dtype | None = None) -> Tensor:
    """Make a tensor of ones in the shape of another.

    Args:
        input: the tensor whose shape is taken.
        dtype: the data type; None: that of `input`.

    Returns:
        A tensor of the shape of `input`.

    Raises:
        ArgumentError: `dtype` is no data type.

    Example:
        >>> fr.ones_like(fr.Tensor([5, 6]))
        @@OUT@@
    """
    return full_like(input, 1, dtype)


def zeros(shape: Shape, dtype: dtype = float32) -> Tensor:
    """Make a tensor of zeros.

    Args:
        shape: the size of each dimension.
        dtype: the data type.

    Returns:
        A tensor of that shape and data type.

    Raises:
        ArgumentError: a size is negative or no integer, or `dtype` is no data type.

    Example:
        >>> fr.zeros((2, 2))
        @@OUT@@
    """
    return full(shape, 0, dtype)


def zeros_like(input: Tensor, dtype: dtype | None = None) -> Tensor:
    """Make a tensor of zeros in the shape of another.

    Args:
        input: the tensor whose shape is taken.
        dtype: the data type; None: that of `input`.

    Returns:
        A tensor of the shape of `input`.

    Raises:
        ArgumentError: `dtype` is no data type.

    Example:
        >>> fr.zeros_like(fr.Tensor([5, 6]))
        @@OUT@@
    """
    return full_like(input, 0, dtype)


def iota(shape: Shape, dim: int = 0, dtype: dtype = float32) -> Tensor:
    """Make a tensor that counts 0, 1, 2, ... along a dimension.

    Args:
        shape: the size of each dimension.
        dim: the dimension along which it counts; it is the same along the others.
        dtype: the data type.

    Returns:
        A tensor of that shape and data type.

    Raises:
        ArgumentError: a size is negative or no integer, or `dtype` is no data type.
        ShapeError: the shape has no such dimension.
        DtypeError: `dtype` is bool.

    Example:
        >>> fr.iota((2, 3), dim=1)
        @@OUT@@
    """
    sizes = whole_numbers("iota's shape", shape)
    (dim,) = whole_numbers("iota's dim", dim)
    return apply(primitive.Iota(sizes, dim, check_dtype("iota", dtype)))


def iota_like(input: Tensor, dim: int = 0, dtype: dtype | None = None) -> Tensor:
    """Make a tensor in the shape of another that counts 0, 1, 2, ... along a dimension.

    Args:
        input: the tensor whose shape is taken.
        dim: the dimension along which it counts; it is the same along the others.
        dtype: the data type; None: that of `input`.

    Returns:
        A tensor of the shape of `input`.

    Raises:
        ArgumentError: `dtype` is no data type.
        ShapeError: the shape has no such dimension.
        DtypeError: the data type is bool.

    Example:
        >>> fr.iota_like(fr.Tensor([5, 6]))
        @@OUT@@
    """
    return iota(input.shape, dim, input.dtype if dtype is None else dtype)


def arange(
    start: Number, stop: Number | None = None, step: Number = 1, dtype: dtype = float32
) -> Tensor:
    """Make a vector of equally spaced numbers: start, start + step, ... below stop.

    `arange(n)` counts from 0 to n - 1.

    Args:
        start: the first number; the end, if `stop` is not given.
        stop: the end, which is left out.
        step: the distance; negative ones count down.
        dtype: the data type, float32 for integers too.

    Returns:
        A vector of ceil((stop - start) / step) elements.

    Raises:
        ArgumentError: the step is 0, the range is empty, or `dtype` is no data type.
        DtypeError: the data type is bool, or cannot hold the numbers.

    Example:
        >>> fr.arange(2, 10, 3)
        @@OUT@@
    """
    first, end = (0, start) if stop is None else (start, stop)
    wanted = check_dtype("arange", dtype)
    count = _steps(first, end, step)
    numbers = first + np.arange(count) * step
    if first == 0 and step == 1:
        _number(count - 1, wanted)
        return iota((count,), dtype=wanted)
    return Tensor.of(constant(fit_all(numbers, wanted), wanted, None, here()))


def rand(
    *shape: Shape, seed: int | None = None, dtype: dtype = float32
) -> Tensor:
    """Draw numbers evenly from [0, 1), with numpy's default generator.

    The numbers are drawn at once: in a compiled function they are constants, the same at each call.

    Args:
        shape: the size of each dimension, as several arguments or one sequence.
        seed: makes the draw repeatable; None: drawn anew each time.
        dtype: a floating-point data type.

    Returns:
        A tensor of that shape and data type.

    Raises:
        ArgumentError: a size is negative or no integer, or `dtype` is no data type.
        DtypeError: `dtype` is no floating-point data type.

    Example:
        >>> fr.rand(2, 3, seed=0).shape
        @@OUT@@
    """
    return _draw("rand", np.random.default_rng(seed).random, shape, dtype)


def randn(
    *shape: Shape, seed: int | None = None, dtype: dtype = float32
) -> Tensor:
    """Draw numbers from the normal distribution, with numpy's default generator.

    The numbers are drawn at once: in a compiled function they are constants, the same at each call.

    Args:
        shape: the size of each dimension, as several arguments or one sequence.
        seed: makes the draw repeatable; None: drawn anew each time.
        dtype: a floating-point data type.

    Returns:
        A tensor of that shape and data type, of mean 0 and variance 1.

    Raises:
        ArgumentError: a size is negative or no integer, or `dtype` is no data type.
        DtypeError: `dtype` is no floating-point data type.

    Example:
        >>> fr.randn(2, 3, seed=0).shape
        @@OUT@@
    """
    return _draw("randn", np.random.default_rng(seed).standard_normal, shape, dtype)


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
        @@OUT@@
    """
    below = _below("tril", tensor, diagonal)
    return where(below, tensor, zero(tensor))


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
        @@OUT@@
    """
    below = _below("triu", tensor, diagonal - 1)
    return where(below, zero(tensor), tensor)
