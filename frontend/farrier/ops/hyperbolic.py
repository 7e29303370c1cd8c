"""Hyperbolic functions."""

from __future__ import annotations

from farrier.tensor import Tensor, apply
from farrier_compiler.ops import hyperbolic as primitive

__all__ = ["acosh", "asinh", "atanh", "cosh", "sinh", "tanh"]


def tanh(input: Tensor) -> Tensor:
    """Compute the hyperbolic tangent elementwise.

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.tanh(fr.Tensor([0.0, 1.0]))
        tensor([0, 0.761594], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Tanh(), input)


def sinh(input: Tensor) -> Tensor:
    """Compute the hyperbolic sine elementwise.

    `output = (e^input - e^-input) / 2`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.sinh(fr.Tensor([0.0, 1.0]))
        tensor([0, 1.1752], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Sinh(), input)


def cosh(input: Tensor) -> Tensor:
    """Compute the hyperbolic cosine elementwise.

    `output = (e^input + e^-input) / 2`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.cosh(fr.Tensor([0.0, 1.0]))
        tensor([1, 1.54308], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Cosh(), input)


def asinh(input: Tensor) -> Tensor:
    """Compute the inverse hyperbolic sine elementwise.

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.asinh(fr.Tensor([0.0, 1.0]))
        tensor([0, 0.881374], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Asinh(), input)


def acosh(input: Tensor) -> Tensor:
    """Compute the inverse hyperbolic cosine elementwise.

    Args:
        input: a tensor of floating-point numbers; those below 1 give NaN.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.acosh(fr.Tensor([1.0, 2.0]))
        tensor([0, 1.31696], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Acosh(), input)


def atanh(input: Tensor) -> Tensor:
    """Compute the inverse hyperbolic tangent elementwise.

    Args:
        input: a tensor of floating-point numbers; -1 and 1 give infinities, those beyond NaN.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.atanh(fr.Tensor([0.0, 0.5]))
        tensor([0, 0.549306], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Atanh(), input)
