"""Exponentials and logarithms of one tensor or two."""

from __future__ import annotations

from farrier.ops.elementwise import binary
from farrier.tensor import Tensor, apply
from farrier.tensor.interop import Number
from farrier_compiler.ops import exponential as primitive

__all__ = ["exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "logaddexp"]


def exp(input: Tensor) -> Tensor:
    """Compute the exponential elementwise.

    `output = e^input`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.exp(fr.Tensor([0.0, 1.0]))
        tensor([1, 2.71828], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Exp(), input)


def expm1(input: Tensor) -> Tensor:
    """Compute the exponential less 1 elementwise, precisely near 0.

    `output = e^input - 1`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.expm1(fr.Tensor([0.0, 1e-9]))
        tensor([0, 1e-09], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Expm1(), input)


def log(input: Tensor) -> Tensor:
    """Compute the natural logarithm elementwise.

    `output = ln(input)`

    Args:
        input: a tensor of floating-point numbers; negative ones give NaN, 0 gives -inf.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.log(fr.Tensor([1.0, 10.0]))
        tensor([0, 2.30259], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Log(), input)


def log1p(input: Tensor) -> Tensor:
    """Compute the natural logarithm of 1 + input elementwise, precisely near 0.

    `output = ln(1 + input)`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.log1p(fr.Tensor([0.0, 1e-9]))
        tensor([0, 1e-09], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Log1p(), input)


def exp2(input: Tensor) -> Tensor:
    """Compute the power of 2 elementwise, without an error for whole numbers.

    `output = 2^input`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.exp2(fr.Tensor([-1.0, 10.0]))
        tensor([0.5, 1024], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Exp2(), input)


def log2(input: Tensor) -> Tensor:
    """Compute the logarithm to base 2 elementwise, without an error for powers of 2.

    Args:
        input: a tensor of floating-point numbers; negative ones give NaN, 0 gives -inf.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.log2(fr.Tensor([8.0, 10.0]))
        tensor([3, 3.32193], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Log2(), input)


def log10(input: Tensor) -> Tensor:
    """Compute the logarithm to base 10 elementwise, without an error for powers of 10.

    Args:
        input: a tensor of floating-point numbers; negative ones give NaN, 0 gives -inf.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.log10(fr.Tensor([1000.0, 2.0]))
        tensor([3, 0.30103], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Log10(), input)


def logaddexp(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Add numbers of which the logarithms are given, elementwise.

    `output = ln(e^input + e^other)`, which does not overflow earlier than its result.

    Args:
        input: a tensor of floating-point numbers, or a Python number.
        other: a tensor of the same data type whose shape broadcasts, or a Python number.

    Returns:
        The logarithm of the sum, in the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: the data types differ, are not floating-point, or a Python number
            does not fit.

    Example:
        >>> fr.logaddexp(fr.Tensor([1000.0, 0.0]), fr.Tensor([1000.0, 0.0]))
        tensor([1000.69, 0.693147], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Logaddexp(), input, other)
