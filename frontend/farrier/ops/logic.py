"""Logic of truth values, and choices by conditions."""

from __future__ import annotations

import functools

from farrier.ops.conversion import cast
from farrier.ops.elementwise import as_element, beside, taken
from farrier.tensor import Tensor, apply, as_tensor
from farrier.tensor.dimension_size import size_of_sizes
from farrier.tensor.interop import Number
from farrier_compiler.graph import Op
from farrier_compiler.ops import elementwise as primitive
from farrier_compiler.ops.size_choice import choose
from farrier_runtime.dtypes import bool as bool_dtype

__all__ = ["logical_and", "logical_not", "logical_or", "logical_xor", "masked_fill", "where"]


def logical_and(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Tell elementwise whether both operands are true; numbers are where they are not 0.

    Args:
        input: a tensor of any data type, or a Python number.
        other: a tensor of any data type whose shape broadcasts, or a Python number.

    Returns:
        A tensor of bools in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.

    Example:
        >>> fr.logical_and(fr.Tensor([2, 0, 1]), fr.Tensor([True, True, False]))
        tensor([True, False, False], dtype=bool, loc=cpu:0, shape=(3,))
    """
    return _of_truths(primitive.BitwiseAnd(), input, other)


def logical_or(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Tell elementwise whether any operand is true; numbers are where they are not 0.

    Args:
        input: a tensor of any data type, or a Python number.
        other: a tensor of any data type whose shape broadcasts, or a Python number.

    Returns:
        A tensor of bools in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.

    Example:
        >>> fr.logical_or(fr.Tensor([2, 0, 1]), fr.Tensor([True, False, False]))
        tensor([True, False, True], dtype=bool, loc=cpu:0, shape=(3,))
    """
    return _of_truths(primitive.BitwiseOr(), input, other)


def logical_xor(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Tell elementwise whether exactly one operand is true; numbers are where they are not 0.

    Args:
        input: a tensor of any data type, or a Python number.
        other: a tensor of any data type whose shape broadcasts, or a Python number.

    Returns:
        A tensor of bools in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.

    Example:
        >>> fr.logical_xor(fr.Tensor([2, 0, 1]), fr.Tensor([True, False, False]))
        tensor([False, False, True], dtype=bool, loc=cpu:0, shape=(3,))
    """
    return _of_truths(primitive.BitwiseXor(), input, other)


def logical_not(input: Tensor) -> Tensor:
    """Tell elementwise whether the input is false; numbers are where they are 0.

    Args:
        input: a tensor of any data type.

    Returns:
        A tensor of bools of the same shape.

    Example:
        >>> fr.logical_not(fr.Tensor([2, 0, -1]))
        tensor([False, True, False], dtype=bool, loc=cpu:0, shape=(3,))
    """
    return apply(primitive.BitwiseNot(), cast(input, bool_dtype))


def _of_truths(op: Op, input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Record an op on whether each operand is true."""
    return apply(op, cast(as_tensor(input), bool_dtype), cast(as_tensor(other), bool_dtype))


def where(condition: Tensor, input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Choose elements of `input` where `condition` holds, and of `other` elsewhere.

    Args:
        condition: a tensor of bools.
        input: a tensor of any data type, or a Python number.
        other: a tensor of the same data type, or a Python number. Beside integers, a float must
            be whole.

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
        return apply(primitive.Where(), condition, input, as_element(other, input))
    chosen = as_tensor(beside(input, other))
    return apply(primitive.Where(), condition, as_element(input, chosen), chosen)


def _choose(condition: Tensor, chosen: int, other: int) -> int | None:
    value = as_tensor(condition).value
    scalar = value.type.shape == () and value.type.dtype is bool_dtype
    return choose(value, chosen, other) if scalar else None


def masked_fill(input: Tensor, mask: Tensor, value: Number) -> Tensor:
    """Put a number where a mask is true.

    Args:
        input: a tensor of any data type.
        mask: a tensor of bools whose shape broadcasts.
        value: a Python number; for integers, a float must be whole.

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
    return apply(primitive.Where(), chosen, as_element(value, input), input)
