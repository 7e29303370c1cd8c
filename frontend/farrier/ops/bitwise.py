"""Combinations of bits, which the operators `&`, `|`, `^` and `~` call."""

from __future__ import annotations

from farrier.ops.elementwise import binary
from farrier.tensor import Tensor, apply
from farrier.tensor.interop import Number
from farrier_compiler.ops import elementwise as primitive

__all__ = ["bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor"]


def bitwise_and(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Combine bits elementwise by and: `input & other`.

    Args:
        input: a tensor of bools or integers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The conjunction of each bit, or of each bool, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are floating-point, or a Python number does not fit.

    Example:
        >>> fr.bitwise_and(fr.Tensor([6, 3]), 2)
        tensor([2, 2], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.BitwiseAnd(), input, other)


def bitwise_or(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Combine bits elementwise by or: `input | other`.

    Args:
        input: a tensor of bools or integers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The disjunction of each bit, or of each bool, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are floating-point, or a Python number does not fit.

    Example:
        >>> fr.bitwise_or(fr.Tensor([6, 3]), 1)
        tensor([7, 3], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.BitwiseOr(), input, other)


def bitwise_xor(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Combine bits elementwise by exclusive or: `input ^ other`.

    Args:
        input: a tensor of bools or integers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        Where exactly one bit, or one bool, is set, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are floating-point, or a Python number does not fit.

    Example:
        >>> fr.bitwise_xor(fr.Tensor([6, 3]), 2)
        tensor([4, 1], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.BitwiseXor(), input, other)


def bitwise_not(input: Tensor) -> Tensor:
    """Negate each bit, or each bool, elementwise: `~input`.

    Args:
        input: a tensor of bools or integers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds floating-point numbers.

    Example:
        >>> fr.bitwise_not(fr.Tensor([6, -1]))
        tensor([-7, 0], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.BitwiseNot(), input)
