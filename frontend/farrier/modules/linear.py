"""Linear: a matrix product and a bias."""

from __future__ import annotations

from farrier.modules import checks
from farrier.modules.initialization import reset_uniform
from farrier.modules.module import Module
from farrier.modules.parameter import Parameter
from farrier.ops.linear_algebra import dot_general
from farrier.tensor import Tensor
from farrier_runtime.dtypes import dtype, float32


class Linear(Module):
    """Apply a linear map to the last dimension.

    `y = x W^T + b`

    Args:
        in_features: the size of the input's last dimension.
        out_features: the size of the output's last dimension.
        bias: whether to add b.
        dtype: the data type of the parameters and of the input.

    Shape:
        x: (*, in_features), with any number of dimensions in front, also none.
        output: (*, out_features).
        weight: (out_features, in_features).
        bias: (out_features,).

    Raises:
        ArgumentError: a size is no integer >= 1.

    Example:
        >>> linear = fr.Linear(20, 30)
        >>> linear(fr.ones((128, 20))).shape
        (128, 30)
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, dtype: dtype = float32
    ) -> None:
        checks.positive("Linear", in_features=in_features, out_features=out_features)
        self.in_features = in_features
        self.out_features = out_features
        self.dtype = dtype
        self.weight: Tensor = Parameter((out_features, in_features), dtype)
        self.bias: Tensor | None = Parameter((out_features,), dtype) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Return `x W^T + b`, (*, out_features), for x, (*, in_features)."""
        checks.ends_with(f"Linear({self.in_features}, {self.out_features})", x, (self.in_features,))
        product = dot_general(x, self.weight, contracting_dims=((-1,), (1,)))
        return product if self.bias is None else product + self.bias

    def reset_parameters(self, seed: int = 0) -> None:
        """Draw weight and bias evenly from +-1 / sqrt(in_features)."""
        reset_uniform(self, self.in_features, seed)
