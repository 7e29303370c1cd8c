"""The Gauss error function."""

from __future__ import annotations

from farrier.tensor import Tensor, apply
from farrier_compiler.ops import error_function as primitive

__all__ = ["erf", "erfc"]


def erf(input: Tensor) -> Tensor:
    """Compute the Gauss error function elementwise.

    `output = 2 / sqrt(pi) * integral of e^(-t^2) for t from 0 to input`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.erf(fr.Tensor([0.0, 1.0]))
        tensor([0, 0.842701], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Erf(), input)


def erfc(input: Tensor) -> Tensor:
    """Compute 1 less the Gauss error function elementwise, precisely where that is near 0.

    `output = 1 - erf(input)`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.erfc(fr.Tensor([0.0, 5.0]))
        tensor([1, 1.53746e-12], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Erfc(), input)
