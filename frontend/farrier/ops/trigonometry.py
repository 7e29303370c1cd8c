"""Functions of angles, and angles."""

from __future__ import annotations

from farrier.ops.elementwise import binary
from farrier.tensor import Tensor, apply
from farrier.tensor.interop import Number
from farrier_compiler.ops import trigonometry as primitive

__all__ = ["acos", "asin", "atan", "atan2", "cos", "sin", "tan"]


def sin(input: Tensor) -> Tensor:
    """Compute the sine elementwise.

    Compiled results lose digits for giant angles: beyond 2e5 in float32, 8e8 in float64.

    Args:
        input: a tensor of angles in radians, floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.sin(fr.Tensor([0.0, 1.0]))
        tensor([0, 0.841471], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Sin(), input)


def cos(input: Tensor) -> Tensor:
    """Compute the cosine elementwise.

    Compiled results lose digits for giant angles: beyond 2e5 in float32, 8e8 in float64.

    Args:
        input: a tensor of angles in radians, floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.cos(fr.Tensor([0.0, 1.0]))
        tensor([1, 0.540302], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Cos(), input)


def tan(input: Tensor) -> Tensor:
    """Compute the tangent elementwise.

    Compiled results lose digits for giant angles: beyond 2e5 in float32, 8e8 in float64.

    Args:
        input: a tensor of angles in radians, floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.tan(fr.Tensor([0.0, 1.0]))
        tensor([0, 1.55741], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Tan(), input)


def atan2(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Compute the angle of the point (x = other, y = input) elementwise.

    Args:
        input: a tensor of floating-point numbers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The angle in radians from -pi to pi, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are not floating-point, or a Python number
            does not fit.

    Example:
        >>> fr.atan2(fr.Tensor([1.0, -1.0]), fr.Tensor([1.0, -1.0]))
        tensor([0.785398, -2.35619], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Atan2(), input, other)


def asin(input: Tensor) -> Tensor:
    """Compute the inverse sine elementwise: the angle in radians from -pi/2 to pi/2.

    Args:
        input: a tensor of floating-point numbers; those beyond -1 and 1 give NaN.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.asin(fr.Tensor([0.0, 1.0]))
        tensor([0, 1.5708], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Asin(), input)


def acos(input: Tensor) -> Tensor:
    """Compute the inverse cosine elementwise: the angle in radians from 0 to pi.

    Args:
        input: a tensor of floating-point numbers; those beyond -1 and 1 give NaN.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.acos(fr.Tensor([0.0, 1.0]))
        tensor([1.5708, 0], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Acos(), input)


def atan(input: Tensor) -> Tensor:
    """Compute the inverse tangent elementwise: the angle in radians from -pi/2 to pi/2.

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.atan(fr.Tensor([0.0, 1.0]))
        tensor([0, 0.785398], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Atan(), input)
