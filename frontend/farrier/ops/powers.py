"""Powers and roots."""

from __future__ import annotations

from typing import Any

from farrier.ops.elementwise import binary, floating
from farrier.tensor import Tensor, apply
from farrier.tensor.interop import Number
from farrier_compiler.ops import elementwise, powers as primitive

__all__ = ["cbrt", "hypot", "power", "reciprocal", "rsqrt", "sqrt", "square"]


def square(input: Tensor) -> Tensor:
    """Compute the square elementwise.

    `output = input * input`

    Args:
        input: a tensor of any data type; integers wrap around, bools stay.

    Returns:
        A tensor of the same shape and data type.

    Example:
        >>> fr.square(fr.Tensor([-2, 3]))
        tensor([4, 9], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return apply(elementwise.Multiply(), input, input)


def reciprocal(input: Tensor) -> Tensor:
    """Compute the reciprocal elementwise.

    `output = 1 / input`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.reciprocal(fr.Tensor([2.0, 4.0]))
        tensor([0.5, 0.25], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return binary(elementwise.Divide(), 1, floating("reciprocal", input))


def sqrt(input: Tensor) -> Tensor:
    """Compute the square root elementwise.

    Args:
        input: a tensor of floating-point numbers; negative ones give NaN.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.sqrt(fr.Tensor([4.0, 2.0]))
        tensor([2, 1.41421], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Sqrt(), input)


def rsqrt(input: Tensor) -> Tensor:
    """Compute the reciprocal of the square root elementwise.

    `output = 1 / sqrt(input)`

    Args:
        input: a tensor of floating-point numbers; negative ones give NaN.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.rsqrt(fr.Tensor([4.0, 0.25]))
        tensor([0.5, 2], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Rsqrt(), input)


def power(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Raise to a power elementwise: `input ** other`.

    Integers stay integers and wrap around; negative exponents truncate to -1, 0 or 1. The Python
    numbers 2, 3, 4, -1, 0.5 and -0.5 become multiplications, division and square roots.

    Args:
        input: a tensor of numbers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The power, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are bool, or a Python number does not fit the tensor's.

    Example:
        >>> fr.power(fr.Tensor([2.0, -2.0]), 3)
        tensor([8, -8], dtype=float32, loc=cpu:0, shape=(2,))
    """
    if isinstance(input, Tensor) and not (isinstance(other, Tensor) or hasattr(other, "__len__")):
        easy = _easy_power(input, other)
        if easy is not None:
            return easy
    return binary(primitive.Power(), input, other)


def cbrt(input: Tensor) -> Tensor:
    """Compute the cube root elementwise, also of negative numbers.

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.cbrt(fr.Tensor([27.0, -8.0]))
        tensor([3, -2], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Cbrt(), input)


def hypot(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Compute the length of the hypotenuse of a right triangle, elementwise.

    `output = sqrt(input^2 + other^2)`, which does not overflow earlier than its result.

    Args:
        input: a tensor of floating-point numbers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The length, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are not floating-point, or a Python number
            does not fit.

    Example:
        >>> fr.hypot(fr.Tensor([3.0, 1e30]), fr.Tensor([4.0, 1e30]))
        tensor([5, 1.41421e+30], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Hypot(), input, other)


def _easy_power(x: Tensor, exponent: Any) -> Tensor | None:
    """Return powers that take one or two exact steps; None for all others."""
    dtype = x.value.type.dtype
    if not isinstance(exponent, int | float):
        return None
    if dtype.is_floating or (dtype.is_integer and type(exponent) is int):
        match exponent:
            case 2:
                return square(x)
            case 3:
                return binary(elementwise.Multiply(), square(x), x)
            case 4:
                return square(square(x))
            case _:
                pass
    if not dtype.is_floating:
        return None
    roots = {-1: reciprocal, 0.5: sqrt, -0.5: rsqrt}
    return roots[exponent](x) if exponent in roots else None
