"""Hyperbolic functions."""

from __future__ import annotations

from farrier.tensor import Tensor, apply
from farrier_compiler.ops import hyperbolic as primitive

__all__ = ["tanh"]


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
