"""Comparisons, logic, and choice by a condition."""

from __future__ import annotations

import math
from typing import SupportsFloat

import numpy as np

from farrier.ops.arguments import real_number, same_dtype
from farrier.ops.elementwise import binary
from farrier.tensor import Tensor, as_tensor
from farrier.tensor.formatting import plain
from farrier.tensor.interop import Number
from farrier_compiler.diagnostics import explain
from farrier_compiler.ops import comparison as primitive
from farrier_runtime.errors import ArgumentError
from farrier_runtime.wording import shown

__all__ = [
    "allclose",
    "eq",
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "not_equal",
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
    rtol, atol = _tolerance("rtol", rtol), _tolerance("atol", atol)
    less_equal(input, other)  # refuses what does not fit together
    pair = [plain(tensor.numpy()) for tensor in (input, other)]
    return np.allclose(*pair, rtol=rtol, atol=atol)


def _tolerance(name: str, number: SupportsFloat) -> float:
    tolerance = real_number(f"allclose's {name}", number)
    if not 0 <= tolerance < math.inf:
        problem = f"allclose's {name} is a finite number >= 0, not {shown(number)}."
        raise explain(ArgumentError(problem))
    return tolerance
