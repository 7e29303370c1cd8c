"""Normalisation."""

from __future__ import annotations

from farrier.tensor import Tensor, apply
from farrier_compiler.ops.normalization import BatchNormInference

__all__ = ["batch_norm"]


def batch_norm(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each feature by statistics that are given.

    `(input - running_mean) / sqrt(running_var + eps) * weight + bias`

    Args:
        input: (N, features, ...).
        weight: the scale of each feature, (features,).
        bias: the offset of each feature, (features,).
        running_mean: the mean of each feature, (features,).
        running_var: the variance of each feature, (features,).
        eps: keeps the square root away from 0.

    Returns:
        A tensor of the input's shape and data type.

    Raises:
        ShapeError: the input has no dimension of features, or the others have another shape.
        DtypeError: the data types differ, or are not floating-point.

    Example:
        >>> one, zero = fr.ones((1,)), fr.zeros((1,))
        >>> fr.batch_norm(fr.Tensor([[3.0]]), one, zero, one, one, eps=0.0)
        tensor([[2]], dtype=float32, loc=cpu:0, shape=(1, 1))
    """
    op = BatchNormInference(float(eps), 1)
    return apply(op, input, weight, bias, running_mean, running_var)
