"""Arithmetic on two tensors, elementwise with broadcasting."""

from __future__ import annotations

from farrier.ops.elementwise import binary
from farrier.tensor import Tensor
from farrier.tensor.dimension_size import size_of_sizes
from farrier.tensor.interop import Number
from farrier_compiler import sizes
from farrier_compiler.diagnostics import explain
from farrier_compiler.ops import elementwise as primitive
from farrier_runtime.errors import ArgumentError

__all__ = [
    "add",
    "clamp",
    "divide",
    "floor_divide",
    "fmod",
    "maximum",
    "minimum",
    "multiply",
    "remainder",
    "shift_left",
    "shift_right",
    "subtract",
]


def add(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Add elementwise: `input + other`; for bools, logical or.

    Args:
        input: a tensor of any data type, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The sum, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, or a Python number does not fit the tensor's.

    Example:
        >>> fr.add(fr.Tensor([1, 2]), 3)
        tensor([4, 5], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Add(), input, other)


def subtract(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Subtract elementwise: `input - other`.

    Args:
        input: a tensor of numbers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The difference, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are bool, or a Python number does not fit the tensor's.

    Example:
        >>> fr.subtract(fr.Tensor([1, 2]), 3)
        tensor([-2, -1], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Subtract(), input, other)


def multiply(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Multiply elementwise: `input * other`; for bools, logical and.

    Args:
        input: a tensor of any data type, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The product, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, or a Python number does not fit the tensor's.

    Example:
        >>> fr.multiply(fr.Tensor([1, 2]), 3)
        tensor([3, 6], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Multiply(), input, other)


def divide(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Divide elementwise: `input / other`.

    Integers stay integers: the quotient is truncated, and division by 0 gives all bits set.

    Args:
        input: a tensor of numbers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The quotient, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are bool, or a Python number does not fit the tensor's.

    Example:
        >>> fr.divide(fr.Tensor([7.0, -7.0]), 2)
        tensor([3.5, -3.5], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Divide(), input, other)


def floor_divide(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Divide and round down elementwise, as Python's `input // other`.

    An integer divided by 0 gives all bits set.

    Args:
        input: a tensor of numbers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The whole quotient, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are bool, or a Python number does not fit the tensor's.

    Example:
        >>> fr.floor_divide(fr.Tensor([7, -7]), 2)
        tensor([3, -4], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.FloorDivide(), input, other)


def remainder(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Compute the remainder of a floor division elementwise, as Python's `input % other`.

    The result has the divisor's sign. An integer modulo 0 is the integer itself.

    Args:
        input: a tensor of numbers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The remainder, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are bool, or a Python number does not fit the tensor's.

    Example:
        >>> fr.remainder(fr.Tensor([7, -7]), 3)
        tensor([1, 2], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Remainder(), input, other)


def fmod(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Compute what division leaves when its quotient is rounded towards 0, elementwise.

    The result has the sign of `input`. An integer modulo 0 is the integer itself.

    Args:
        input: a tensor of numbers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The remainder, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are bool, or a Python number does not fit the tensor's.

    Example:
        >>> fr.fmod(fr.Tensor([7, -7]), 3)
        tensor([1, -1], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Fmod(), input, other)


def maximum(lhs: Tensor | Number, rhs: Tensor | Number) -> Tensor:
    """Take the larger number elementwise; NaN if either is NaN; for bools, logical or.

    Args:
        lhs: a tensor of any data type, or a Python number.
        rhs: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The larger elements, in the broadcast shape; for two sizes, a `DimensionSize`.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, or a Python number does not fit the tensor's.

    Example:
        >>> fr.maximum(fr.Tensor([1, 5]), 3)
        tensor([3, 5], dtype=int32, loc=cpu:0, shape=(2,))
    """
    size = size_of_sizes(sizes.maximum, lhs, rhs)
    return binary(primitive.Maximum(), lhs, rhs) if size is None else size


def minimum(lhs: Tensor | Number, rhs: Tensor | Number) -> Tensor:
    """Take the smaller number elementwise; NaN if either is NaN; for bools, logical and.

    Args:
        lhs: a tensor of any data type, or a Python number.
        rhs: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The smaller elements, in the broadcast shape; for two sizes, a `DimensionSize`.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, or a Python number does not fit the tensor's.

    Example:
        >>> fr.minimum(fr.Tensor([1, 5]), 3)
        tensor([1, 3], dtype=int32, loc=cpu:0, shape=(2,))
    """
    size = size_of_sizes(sizes.minimum, lhs, rhs)
    return binary(primitive.Minimum(), lhs, rhs) if size is None else size


def clamp(
    input: Tensor, min: Tensor | Number | None = None, max: Tensor | Number | None = None
) -> Tensor:
    """Limit elements to a range.

    `output = minimum(maximum(input, min), max)`

    Args:
        input: a tensor of numbers.
        min: the lower limit, a Python number or a tensor of the same data type; None: no limit.
        max: the upper limit, likewise; it prevails where it is below `min`. Limits of integers
            may be floats if they are whole.

    Returns:
        A tensor of the broadcast shape and the same data type.

    Raises:
        ArgumentError: neither limit is given.
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, or a limit does not fit the input's.

    Example:
        >>> fr.clamp(fr.Tensor([-2, 1, 5]), min=0, max=3)
        tensor([0, 1, 3], dtype=int32, loc=cpu:0, shape=(3,))
    """
    if min is None and max is None:
        raise explain(ArgumentError("clamp needs min=, max= or both."), [("input", input.value)])
    if min is not None:
        input = binary(primitive.Maximum(), input, min)
    return input if max is None else binary(primitive.Minimum(), input, max)


def shift_left(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Shift bits to the left elementwise: `input * 2 ** other`, wrapping around.

    Args:
        input: a tensor of integers, or a Python integer.
        other: the distance, from 0 to the number of bits: a tensor of the same data type that
            broadcasts, or a Python integer.

    Returns:
        The shifted integers, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ or are not integers.

    Example:
        >>> fr.shift_left(fr.Tensor([1, 3]), 4)
        tensor([16, 48], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.ShiftLeft(), input, other)


def shift_right(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Shift bits to the right elementwise: `input / 2 ** other`, rounded down.

    Args:
        input: a tensor of integers, or a Python integer; negative ones keep their sign.
        other: the distance, from 0 to the number of bits: a tensor of the same data type that
            broadcasts, or a Python integer.

    Returns:
        The shifted integers, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ or are not integers.

    Example:
        >>> fr.shift_right(fr.Tensor([16, -3]), 1)
        tensor([8, -2], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.ShiftRight(), input, other)
