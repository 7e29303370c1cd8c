"""Normalisation layers."""

from __future__ import annotations

from farrier.modules import checks
from farrier.modules.initialization import reset_constant
from farrier.modules.module import Module
from farrier.modules.parameter import Parameter
from farrier.ops.normalization import batch_norm
from farrier.tensor import Tensor
from farrier_runtime.dtypes import dtype, float32


class BatchNorm(Module):
    """Normalise each feature by its running mean and variance, for any number of dimensions.

    `y = (x - running_mean) / sqrt(running_var + eps) * weight + bias`

    Args:
        num_features: the size of the input's dimension 1.
        dtype: the data type of the parameters and of the input.
        eps: keeps the square root away from 0.

    Shape:
        x and output: (N, num_features, *), with any number of spatial dimensions, also none.
        weight, bias, running_mean, running_var: (num_features,).

    Raises:
        ArgumentError: `num_features` is no integer >= 1.

    Example:
        >>> norm = fr.BatchNorm(2)
        >>> norm.reset_parameters()
        >>> norm(fr.ones((1, 2, 4, 4))).shape
        (1, 2, 4, 4)
    """

    def __init__(self, num_features: int, dtype: dtype = float32, eps: float = 1e-5) -> None:
        checks.positive("BatchNorm", num_features=num_features)
        self.num_features = num_features
        self.dtype = dtype
        self.eps = eps
        self.weight: Tensor = Parameter((num_features,), dtype)
        self.bias: Tensor = Parameter((num_features,), dtype)
        self.running_mean: Tensor = Parameter((num_features,), dtype)
        self.running_var: Tensor = Parameter((num_features,), dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return x, (N, num_features, *), normalised, in its shape."""
        return batch_norm(
            x, self.weight, self.bias, self.running_mean, self.running_var, eps=self.eps
        )

    def reset_parameters(self, seed: int = 0) -> None:
        """Set weight and running_var to 1, bias and running_mean to 0."""
        reset_constant(self, weight=1, bias=0, running_mean=0, running_var=1)
