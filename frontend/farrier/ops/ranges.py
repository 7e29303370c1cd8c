"""Tensors of numbers in order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from farrier.ops.arguments import Shape, number_of, whole_number, whole_numbers
from farrier.ops.arithmetic import add, multiply
from farrier.ops.conversion import check_dtype
from farrier.tensor import Tensor, apply, as_tensor
from farrier.tensor.interop import Number
from farrier_compiler.diagnostics import explain, here, memory_for
from farrier_compiler.graph import constant
from farrier_compiler.ops import creation as primitive
from farrier_compiler.sizes import maximum
from farrier_compiler.sizes.requirements import at_most
from farrier_compiler.types.numbers import largest
from farrier_compiler.types.tensor_type import check_extent
from farrier_runtime.dtypes import DtypeLike, bool as bool_, dtype, dtype_of, float32, int64
from farrier_runtime.errors import ArgumentError, DtypeError, ShapeError
from farrier_runtime.numbers import converted
from farrier_runtime.wording import shown

if TYPE_CHECKING:
    from farrier_compiler.graph import Array


__all__ = ["arange", "iota", "iota_like"]


def iota(shape: Shape, dim: int = 0, dtype: DtypeLike = float32) -> Tensor:
    """Make a tensor that counts 0, 1, 2, ... along a dimension.

    Args:
        shape: the size of each dimension.
        dim: the dimension along which it counts; it is the same along the others.
        dtype: the data type.

    Returns:
        A tensor of that shape and data type.

    Raises:
        ArgumentError: a size is negative or not an integer, or `dtype` is not a data type.
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


def iota_like(input: Tensor, dim: int = 0, dtype: DtypeLike | None = None) -> Tensor:
    """Make a tensor in the shape of another that counts 0, 1, 2, ... along a dimension.

    Args:
        input: the tensor whose shape is taken.
        dim: the dimension along which it counts; it is the same along the others.
        dtype: the data type; None: that of `input`.

    Returns:
        A tensor of the shape of `input`.

    Raises:
        ArgumentError: `dtype` is not a data type.
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
    stop: Number | SupportsIndex | DtypeLike | None = None,
    step: Number | SupportsIndex = 1,
    dtype: DtypeLike = float32,
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
        A vector of ceil((stop - start) / step) elements, none if the stop is the start.

    Raises:
        ArgumentError: the step is 0 or leads away from the stop, or `dtype` is not a data type.
        DtypeError: the data type is bool, or cannot hold the numbers.

    Example:
        >>> fr.arange(2, 10, 3)
        tensor([2, 5, 8], dtype=float32, loc=cpu:0, shape=(3,))
    """
    if (second := dtype_of(stop)) is not None:
        stop, dtype = None, second
    first, end = (0, start) if stop is None else (start, stop)
    wanted = check_dtype("arange", dtype)
    numbers: tuple[Any, Any, Any] = (first, end, step)
    if any(isinstance(number, Tensor) for number in numbers):
        return _sized_arange(numbers, wanted)
    return _arange(*numbers, wanted)


def _arange(first: Number, end: Number, step: Number, wanted: dtype) -> Tensor:
    for number in (first, end, step):
        _check_finite(number)
    count = _count(first, end, step)
    if wanted is bool_:
        raise explain(DtypeError("arange counts in numbers, not in bool: pass a number type."))
    if count:
        number_of(first, wanted)
        number_of(first + (count - 1) * step, wanted)
    if first == 0 and step == 1:
        return iota((count,), dtype=wanted)
    try:
        check_extent((count,), int64)
        with memory_for(f"the {count} numbers of arange"):
            numbers = converted(_numbers(first, count, step), wanted, from_array=True)
    except (DtypeError, ShapeError) as error:
        raise explain(error) from None
    return Tensor.of(constant(numbers, wanted, None, here()))


def _numbers(first: Number, count: int, step: Number) -> Array:
    ends = (first, step, first + count * step)
    beyond = any(type(end) is int and abs(end) >= 2**63 for end in ends)
    return first + np.arange(count, dtype=object if beyond else None) * step


def _count(start: Number, stop: Number, step: Number) -> int:
    if step == 0:
        raise explain(ArgumentError("arange needs a step that is not 0."))
    try:
        steps = (stop - start) / step
    except OverflowError:  # of ints beyond all floats
        steps = math.inf if (stop > start) == (step > 0) else -math.inf
    if steps < 0:
        raise explain(
            ArgumentError(
                f"arange from {start} to {stop} in steps of {step} leads away from the stop. "
                "Let the stop lie beyond the start, in the direction of the step."
            )
        )
    if steps >= 2**63:
        problem = (
            f"arange from {shown(start)} to {shown(stop)} has more numbers than memory can hold."
        )
        raise explain(ArgumentError(problem))
    return math.ceil(steps)


def _check_finite(number: Any) -> None:
    if not isinstance(number, int | float | np.number) or not -math.inf < number < math.inf:
        raise explain(ArgumentError(f"arange takes finite numbers, but got {shown(number)}."))


def _sized_arange(bounds: tuple[Any, ...], wanted: dtype) -> Tensor:
    """Return a range between sizes, whose length is dynamic."""
    first, end, distance = whole_numbers("arange beside a DimensionSize", bounds)
    if distance == 0:
        raise explain(ArgumentError("arange needs a step that is not 0."))
    count = maximum((end - first + distance - (1 if distance > 0 else -1)) // distance, 0)
    _check_ends((first, first + (count - 1) * distance), wanted)
    numbers = iota((count,), dtype=wanted)
    if distance != 1:
        numbers = multiply(numbers, distance)
    return numbers if first == 0 else add(numbers, as_tensor(first, like=numbers))


def _check_ends(ends: tuple[int, int], wanted: dtype) -> None:
    """Refuse a range beyond its data type; ends that calls decide become requirements on calls."""
    high = largest(wanted)
    low = 0 if wanted.is_unsigned else -high - wanted.is_integer
    for end in ends:
        if not (at_most(low, end) and at_most(end, high)):
            raise explain(DtypeError(f"arange reaches {end}, which does not fit into {wanted}."))
