"""Tensors of random numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import ml_dtypes
import numpy as np

from farrier.ops.arguments import Shape, whole_number, whole_numbers
from farrier.ops.conversion import check_dtype
from farrier.tensor import Tensor
from farrier_compiler.diagnostics import explain, here, memory_for
from farrier_compiler.graph import constant
from farrier_compiler.ops.creation import check_sizes
from farrier_compiler.sizes import is_static
from farrier_compiler.types.tensor_type import check_extent
from farrier_runtime.dtypes import DtypeLike, dtype, float32, float64
from farrier_runtime.errors import ArgumentError, DtypeError, ShapeError

if TYPE_CHECKING:
    from farrier_compiler.graph import Array


__all__ = ["rand", "randn"]

Rounding = Callable[["Array", dtype], "Array"]


def rand(*shape: Shape, seed: int | None = None, dtype: DtypeLike = float32) -> Tensor:
    """Draw numbers evenly from [0, 1), with numpy's default generator.

    The numbers are drawn at once: in a compiled function they are constants, the same at each call.

    Args:
        shape: the size of each dimension, as several arguments or one sequence.
        seed: makes the draw repeatable; None: drawn anew each time.
        dtype: a floating-point data type.

    Returns:
        A tensor of that shape and data type.

    Raises:
        ArgumentError: a size is negative, not an integer or unknown, `dtype` is not a data type, or
            the seed is negative or not an integer.
        DtypeError: `dtype` is not a floating-point data type.

    Example:
        >>> fr.rand(2, 3, seed=0).shape
        (2, 3)
    """
    return _draw("rand", _generator("rand", seed).random, shape, dtype, _down)


def randn(*shape: Shape, seed: int | None = None, dtype: DtypeLike = float32) -> Tensor:
    """Draw numbers from the normal distribution, with numpy's default generator.

    The numbers are drawn at once: in a compiled function they are constants, the same at each call.

    Args:
        shape: the size of each dimension, as several arguments or one sequence.
        seed: makes the draw repeatable; None: drawn anew each time.
        dtype: a floating-point data type.

    Returns:
        A tensor of that shape and data type, of mean 0 and variance 1.

    Raises:
        ArgumentError: a size is negative, not an integer or unknown, `dtype` is not a data type, or
            the seed is negative or not an integer.
        DtypeError: `dtype` is not a floating-point data type.

    Example:
        >>> fr.randn(2, 3, seed=0).shape
        (2, 3)
    """
    return _draw("randn", _generator("randn", seed).standard_normal, shape, dtype)


def _generator(name: str, seed: Any) -> np.random.Generator:
    number = None if seed is None else whole_number(f"{name}'s seed", seed)
    if number is not None and number < 0:
        raise explain(ArgumentError(f"{name}'s seed is an integer >= 0, not {number}."))
    return np.random.default_rng(number)


def _down(numbers: Array, wanted: dtype) -> Array:
    """Round down to multiples of the distance below 1, since the nearest number may be 1."""
    steps = 2.0 ** (cast("Any", ml_dtypes.finfo(wanted.numpy)).nmant + 1)
    return (np.floor(numbers * steps) / steps).astype(wanted.numpy)


def _nearest(numbers: Array, wanted: dtype) -> Array:
    return numbers.astype(wanted.numpy)


def _draw(
    name: str,
    draw: Callable[[tuple[int, ...]], Array],
    shape: tuple[Shape, ...],
    dtype: DtypeLike,
    rounded: Rounding = _nearest,
) -> Tensor:
    nested = len(shape) == 1 and isinstance(shape[0], Sequence)
    sizes = whole_numbers(f"{name}'s shape", shape[0] if nested else shape)  # pyright: ignore[reportArgumentType]
    wanted = check_dtype(name, dtype)
    if not wanted.is_floating:
        raise explain(DtypeError(f"{name} draws floating-point numbers, not {wanted}: cast them."))
    try:
        check_sizes(name, sizes)
        check_extent(sizes, float64)
    except (ArgumentError, ShapeError) as error:
        raise explain(error) from None
    if not is_static(sizes):
        problem = f"{name} draws numbers while tracing, which needs static sizes, not {sizes}."
        raise explain(ArgumentError(problem))
    with memory_for(f"{name} to draw a tensor of shape {sizes}"):
        numbers = rounded(draw(sizes), wanted)
    return Tensor.of(constant(numbers, wanted, None, here()))
