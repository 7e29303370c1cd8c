"""Tensors made from nothing: constants, ranges, random numbers, triangles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from farrier.formatting import plain
from farrier.interop import Number, fit
from farrier.ops.arguments import whole_number, whole_numbers
from farrier.ops.arithmetic import add, multiply
from farrier.ops.comparison import greater_equal, where
from farrier.ops.conversion import cast, check_dtype
from farrier.ops.shape import expand
from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.diagnostics import explain, here
from farrier_compiler.graph import constant
from farrier_compiler.ops import creation as primitive
from farrier_compiler.ops.creation import check_sizes
from farrier_compiler.ops.elementwise import Cast
from farrier_compiler.sizes import is_static, maximum
from farrier_runtime.dtypes import bool as bool_, dtype, float32, int32
from farrier_runtime.errors import ArgumentError, DtypeError, ShapeError

if TYPE_CHECKING:
    from farrier_compiler.graph import Array

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

Shape = SupportsIndex | Sequence[SupportsIndex]


def full(shape: Shape, value: Tensor | Number, dtype: dtype = float32) -> Tensor:
    """Make a tensor that holds one number everywhere.

    Args:
        shape: the size of each dimension.
        value: a number (floats for integers are cut off as by `cast`), or a tensor to expand.
        dtype: the data type.

    Returns:
        A tensor of that shape and data type.

    Raises:
        ArgumentError: a size is negative or no integer, or `dtype` is no data type.
        ShapeError: `value` is a tensor that does not expand to the shape.
        DtypeError: an integer is out of the data type's range.

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
        tensor([7, 7], dtype=int32, loc=cpu:0, shape=(2,))
    """
    like = as_tensor(input)
    return full(like.sizes, value, like.dtype if dtype is None else dtype)


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
        tensor(
            [[1, 1],
             [1, 1]],
            dtype=float32, loc=cpu:0, shape=(2, 2))
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
        tensor([1, 1], dtype=int32, loc=cpu:0, shape=(2,))
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
        tensor(
            [[0, 0],
             [0, 0]],
            dtype=float32, loc=cpu:0, shape=(2, 2))
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
        tensor([0, 0], dtype=int32, loc=cpu:0, shape=(2,))
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
        tensor(
            [[0, 1, 2],
             [0, 1, 2]],
            dtype=float32, loc=cpu:0, shape=(2, 3))
    """
    sizes = whole_numbers("iota's shape", shape)
    dim = whole_number("iota's dim", dim)
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
        tensor([0, 1], dtype=int32, loc=cpu:0, shape=(2,))
    """
    like = as_tensor(input)
    return iota(like.sizes, dim, like.dtype if dtype is None else dtype)


def arange(
    start: Number | SupportsIndex = 0,
    stop: Number | SupportsIndex | dtype | None = None,
    step: Number | SupportsIndex = 1,
    dtype: dtype = float32,
) -> Tensor:
    """Make a vector of equally spaced numbers: start, start + step, ... below stop.

    `arange(n)` counts from 0 to n - 1, and `arange(n, dtype)` does so in a data type.

    Args:
        start: the first number; the end, if `stop` is not given. Beside a DimensionSize, all are
            integers, and the range may be empty when the program is called.
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
        tensor([2, 5, 8], dtype=float32, loc=cpu:0, shape=(3,))
    """
    if isinstance(stop, type):
        stop, dtype = None, stop
    first, end = (0, start) if stop is None else (start, stop)
    wanted = check_dtype("arange", dtype)
    numbers: tuple[Any, Any, Any] = (first, end, step)
    if any(isinstance(number, Tensor) for number in numbers):
        return _sized_arange(numbers, wanted)
    return _arange(*numbers, wanted)


def _arange(first: Number, end: Number, step: Number, wanted: dtype) -> Tensor:
    count = _count(first, end, step)
    if wanted is bool_:
        raise explain(DtypeError("arange counts in numbers, not in bool: pass a number type."))
    _number(first, wanted)
    _number(first + (count - 1) * step, wanted)
    if first == 0 and step == 1:
        return iota((count,), dtype=wanted)
    numbers = Cast(wanted).reference(first + np.arange(count) * step)
    return Tensor.of(constant(numbers, wanted, None, here()))


def rand(*shape: Shape, seed: int | None = None, dtype: dtype = float32) -> Tensor:
    """Draw numbers evenly from [0, 1), with numpy's default generator.

    The numbers are drawn at once: in a compiled function they are constants, the same at each call.

    Args:
        shape: the size of each dimension, as several arguments or one sequence.
        seed: makes the draw repeatable; None: drawn anew each time.
        dtype: a floating-point data type.

    Returns:
        A tensor of that shape and data type.

    Raises:
        ArgumentError: a size is negative, no integer or not known, or `dtype` is no data type.
        DtypeError: `dtype` is no floating-point data type.

    Example:
        >>> fr.rand(2, 3, seed=0).shape
        (2, 3)
    """
    return _draw("rand", np.random.default_rng(seed).random, shape, dtype)


def randn(*shape: Shape, seed: int | None = None, dtype: dtype = float32) -> Tensor:
    """Draw numbers from the normal distribution, with numpy's default generator.

    The numbers are drawn at once: in a compiled function they are constants, the same at each call.

    Args:
        shape: the size of each dimension, as several arguments or one sequence.
        seed: makes the draw repeatable; None: drawn anew each time.
        dtype: a floating-point data type.

    Returns:
        A tensor of that shape and data type, of mean 0 and variance 1.

    Raises:
        ArgumentError: a size is negative, no integer or not known, or `dtype` is no data type.
        DtypeError: `dtype` is no floating-point data type.

    Example:
        >>> fr.randn(2, 3, seed=0).shape
        (2, 3)
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
        tensor(
            [[1, 0, 0],
             [1, 1, 0]],
            dtype=float32, loc=cpu:0, shape=(2, 3))
    """
    tensor = as_tensor(tensor)
    below = _below("tril", tensor, diagonal)
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
    below = _below("triu", tensor, diagonal - 1)
    return where(below, _zero(tensor), tensor)


def _zero(like: Tensor) -> Tensor:
    kind = like.value.type.dtype
    return Tensor.of(constant(np.zeros((), kind.numpy), kind))


def _number(value: Number, wanted: dtype) -> Number:
    """Return a number as it is after conversion, floats for integers being cut off."""
    array = np.asarray(value)
    if array.ndim or not (array.dtype.kind in "biuf" or isinstance(value, int)):
        raise explain(ArgumentError(f"A tensor is filled with one number, not {value!r:.60}."))
    if wanted is bool_ or (wanted.is_integer and array.dtype.kind == "f"):
        return plain(np.asarray(Cast(wanted).reference(array))).item()
    try:
        return plain(fit(array, wanted)).item()
    except DtypeError as error:
        raise explain(error) from None


def _count(start: Number, stop: Number, step: Number) -> int:
    if step == 0:
        raise explain(ArgumentError("arange needs a step that is not 0."))
    try:
        count = math.ceil((stop - start) / step)
    except TypeError:
        problem = f"arange takes numbers, but got {start!r:.40}, {stop!r:.40} and {step!r:.40}."
        raise explain(ArgumentError(problem)) from None
    if count <= 0:
        raise explain(
            ArgumentError(
                f"arange from {start} to {stop} in steps of {step} is empty. "
                "Let the stop lie beyond the start, in the direction of the step."
            )
        )
    return count


def _sized_arange(bounds: tuple[Any, ...], wanted: dtype) -> Tensor:
    """Return a range between sizes, whose length only calls decide."""
    first, end, distance = whole_numbers("arange beside a DimensionSize", bounds)
    if distance == 0:
        raise explain(ArgumentError("arange needs a step that is not 0."))
    count = (end - first + distance - (1 if distance > 0 else -1)) // distance
    numbers = iota((maximum(count, 0),), dtype=wanted)
    if distance != 1:
        numbers = multiply(numbers, distance)
    return numbers if first == 0 else add(numbers, as_tensor(first, like=numbers))


def _draw(
    name: str, draw: Callable[[tuple[int, ...]], Array], shape: tuple[Shape, ...], wanted: dtype
) -> Tensor:
    nested = len(shape) == 1 and isinstance(shape[0], Sequence)
    sizes = whole_numbers(f"{name}'s shape", shape[0] if nested else shape)  # pyright: ignore[reportArgumentType]
    if not check_dtype(name, wanted).is_floating:
        raise explain(DtypeError(f"{name} draws floating-point numbers, not {wanted}: cast them."))
    try:
        check_sizes(name, sizes)
    except ArgumentError as error:
        raise explain(error) from None
    if not is_static(sizes):
        problem = f"{name} draws its numbers at once, but only calls decide the sizes {sizes}."
        raise explain(ArgumentError(problem))
    return Tensor.of(constant(draw(sizes).astype(wanted.numpy), wanted, None, here()))


def _below(name: str, tensor: Tensor, diagonal: int) -> Tensor:
    """Return which elements of a matrix are on or below a diagonal."""
    if tensor.rank < 2:
        raise explain(
            ShapeError(f"{name} needs a matrix, but got {tensor.value.type.describe()}."),
            [("tensor", tensor.value)],
        )
    size = tensor.sizes[-2:]
    return greater_equal(add(iota(size, 0, int32), diagonal), iota(size, 1, int32))
