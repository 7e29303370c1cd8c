"""Comparisons, logic, and choice by a condition."""

from __future__ import annotations

import functools

import numpy as np

from farrier.dimension_size import size_of_sizes
from farrier.formatting import plain
from farrier.interop import Number
from farrier.ops.arguments import real_number, same_dtype
from farrier.ops.elementwise import beside, binary, taken
from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.ops import comparison as primitive, elementwise
from farrier_compiler.ops.size_choice import choose
from farrier_runtime.dtypes import bool as bool_dtype

__all__ = [
    "allclose",
    "eq",
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "masked_fill",
    "not_equal",
    "where",
]


def eq(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Compare elementwise: `input == other`.

    Args:
        input: a tensor of any data type, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        A tensor of bools in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, or a Python number does not fit the tensor's.

    Example:
        >>> fr.eq(fr.Tensor([1, 2]), 2)
        tensor([False, True], dtype=bool, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Equal(), input, other)


def not_equal(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Compare elementwise: `input != other`.

    Args:
        input: a tensor of any data type, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        A tensor of bools in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, or a Python number does not fit the tensor's.

    Example:
        >>> fr.not_equal(fr.Tensor([1, 2]), 2)
        tensor([True, False], dtype=bool, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.NotEqual(), input, other)


def less(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Compare elementwise: `input < other`.

    Args:
        input: a tensor of any data type, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        A tensor of bools in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, or a Python number does not fit the tensor's.

    Example:
        >>> fr.less(fr.Tensor([1, 2]), 2)
        tensor([True, False], dtype=bool, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Less(), input, other)


def less_equal(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Compare elementwise: `input <= other`.

    Args:
        input: a tensor of any data type, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        A tensor of bools in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, or a Python number does not fit the tensor's.

    Example:
        >>> fr.less_equal(fr.Tensor([1, 2]), 2)
        tensor([True, True], dtype=bool, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.LessEqual(), input, other)


def greater(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Compare elementwise: `input > other`.

    Args:
        input: a tensor of any data type, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        A tensor of bools in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, or a Python number does not fit the tensor's.

    Example:
        >>> fr.greater(fr.Tensor([1, 2]), 1)
        tensor([False, True], dtype=bool, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Greater(), input, other)


def greater_equal(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Compare elementwise: `input >= other`.

    Args:
        input: a tensor of any data type, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        A tensor of bools in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, or a Python number does not fit the tensor's.

    Example:
        >>> fr.greater_equal(fr.Tensor([1, 2]), 2)
        tensor([False, True], dtype=bool, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.GreaterEqual(), input, other)


def logical_and(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Combine elementwise by and: `input & other`, bit by bit for integers.

    Args:
        input: a tensor of bools or integers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The conjunction, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are floating-point, or a Python number does not fit.

    Example:
        >>> fr.logical_and(fr.Tensor([True, False]), True)
        tensor([True, False], dtype=bool, loc=cpu:0, shape=(2,))
    """
    return binary(elementwise.LogicalAnd(), input, other)


def logical_or(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Combine elementwise by or: `input | other`, bit by bit for integers.

    Args:
        input: a tensor of bools or integers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The disjunction, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are floating-point, or a Python number does not fit.

    Example:
        >>> fr.logical_or(fr.Tensor([True, False]), False)
        tensor([True, False], dtype=bool, loc=cpu:0, shape=(2,))
    """
    return binary(elementwise.LogicalOr(), input, other)


def logical_xor(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Combine elementwise by exclusive or: `input ^ other`, bit by bit for integers.

    Args:
        input: a tensor of bools or integers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        Where exactly one is true, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are floating-point, or a Python number does not fit.

    Example:
        >>> fr.logical_xor(fr.Tensor([True, False]), True)
        tensor([False, True], dtype=bool, loc=cpu:0, shape=(2,))
    """
    return binary(elementwise.LogicalXor(), input, other)


def logical_not(input: Tensor) -> Tensor:
    """Negate elementwise: `~input`, bit by bit for integers.

    Args:
        input: a tensor of bools or integers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds floating-point numbers.

    Example:
        >>> fr.logical_not(fr.Tensor([True, False]))
        tensor([False, True], dtype=bool, loc=cpu:0, shape=(2,))
    """
    return apply(elementwise.LogicalNot(), input)


def where(condition: Tensor, input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Choose elements of `input` where `condition` holds, and of `other` elsewhere.

    Args:
        condition: a tensor of bools.
        input: a tensor of any data type, or a Python number.
        other: a tensor of the same data type, or a Python number.

    Returns:
        A tensor of the three shapes' broadcast shape and of the data type of `input`. Of two
        sizes, by a comparison of sizes, a `DimensionSize`.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: `condition` is not bool, or the data types differ.

    Example:
        >>> fr.where(fr.Tensor([True, False]), fr.Tensor([1, 2]), 0)
        tensor([1, 0], dtype=int32, loc=cpu:0, shape=(2,))
    """
    size = size_of_sizes(functools.partial(_choose, condition), input, other)
    if size is not None:
        return size
    if isinstance(input, Tensor):
        return apply(elementwise.Where(), condition, input, as_tensor(other, like=input))
    chosen = as_tensor(beside(input, other))
    return apply(elementwise.Where(), condition, as_tensor(input, like=chosen), chosen)


def _choose(condition: Tensor, chosen: int, other: int) -> int | None:
    value = as_tensor(condition).value
    scalar = value.type.shape == () and value.type.dtype is bool_dtype
    return choose(value, chosen, other) if scalar else None


def masked_fill(input: Tensor, mask: Tensor, value: Number) -> Tensor:
    """Put a number where a mask is true.

    Args:
        input: a tensor of any data type.
        mask: a tensor of bools whose shape broadcasts.
        value: a Python number.

    Returns:
        A tensor of the broadcast shape and the data type of `input`.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: `mask` is not bool, or the number does not fit the input's data type.

    Example:
        >>> fr.masked_fill(fr.Tensor([1, 2]), fr.Tensor([True, False]), 9)
        tensor([9, 2], dtype=int32, loc=cpu:0, shape=(2,))
    """
    input = as_tensor(input)
    chosen = taken("masked_fill's mask", mask, "bool", label="mask")
    return apply(elementwise.Where(), chosen, as_tensor(value, like=input), input)


def equal(input: Tensor, other: Tensor) -> bool:
    """Tell whether two tensors have the same shape and equal elements, by evaluating them.

    Args:
        input: a tensor.
        other: a tensor of the same data type.

    Returns:
        True if all elements are equal; False too where the shapes differ.

    Raises:
        DtypeError: the data types differ.
        UnknownValueError: a tensor is an input of a function that is being traced.

    Example:
        >>> fr.equal(fr.Tensor([1, 2]), fr.Tensor([1, 2]))
        True
    """
    input = as_tensor(input)
    other = as_tensor(other, input)
    same_dtype("equal", input=input, other=other)
    return input.sizes == other.sizes and bool((input.numpy() == other.numpy()).all())


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08) -> bool:
    """Tell whether all elements of two tensors are close, by evaluating them.

    `|input - other| <= atol + rtol * |other|`

    Args:
        input: a tensor of numbers.
        other: a tensor of the same data type whose shape broadcasts.
        rtol: the relative tolerance.
        atol: the absolute tolerance.

    Returns:
        True if every pair is close; NaN is close to nothing.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ.
        UnknownValueError: a tensor is an input of a function that is being traced.

    Example:
        >>> fr.allclose(fr.Tensor([1.0]), fr.Tensor([1.000001]))
        True
    """
    input = as_tensor(input)
    other = as_tensor(other, input)
    rtol, atol = real_number("allclose's rtol", rtol), real_number("allclose's atol", atol)
    less_equal(input, other)  # refuses what does not fit together
    pair = [plain(tensor.numpy()) for tensor in (input, other)]
    return np.allclose(*pair, rtol=rtol, atol=atol)
