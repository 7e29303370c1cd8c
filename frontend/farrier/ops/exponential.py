"""Exponentials and logarithms of one tensor or two."""

from __future__ import annotations

from farrier.tensor import Tensor, apply
from farrier_compiler.ops import exponential as primitive

__all__ = ["exp", "expm1", "log", "log1p"]


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
