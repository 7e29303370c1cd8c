"""Normalisation layers."""

from __future__ import annotations

from collections.abc import Sequence

from farrier.modules import checks
from farrier.modules.initialization import reset_constant
from farrier.modules.module import Module
from farrier.modules.parameter import Parameter
from farrier.ops.normalization import batch_norm, group_norm, instance_norm, layer_norm, rms_norm
from farrier.tensor import Tensor
from farrier_compiler.diagnostics import explain
from farrier_runtime.dtypes import DtypeLike, float32
from farrier_runtime.errors import ArgumentError


class BatchNorm(Module):
    """Normalise each feature by its running mean and variance, for any number of dimensions.

    `y = (x - running_mean) / sqrt(running_var + eps) * weight + bias`

    Args:
        num_features: the size of the input's dimension 1.
        dtype: the data type of the parameters and of the input.
        eps: keeps the square root away from 0.

    Shape:
        x and output: (N, num_features, *), with any number of spatial dimensions, including none.
        weight, bias, running_mean, running_var: (num_features,).

    Raises:
        ArgumentError: `num_features` is not an integer >= 1.

    Example:
        >>> norm = fr.BatchNorm(2)
        >>> norm.reset_parameters()
        >>> norm(fr.ones((1, 2, 4, 4))).shape
        (1, 2, 4, 4)
    """

    _fixed = frozenset({"dtype", "num_features"})

    def __init__(self, num_features: int, dtype: DtypeLike = float32, eps: float = 1e-5) -> None:
        checks.positive("BatchNorm", num_features=num_features)
        self.num_features = num_features
        self.eps = eps
        self.weight: Tensor = Parameter((num_features,), dtype)
        self.dtype = self.weight.dtype
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


class LayerNorm(Module):
    """Normalise over the last dimensions by the mean and the variance of each position.

    `y = (x - mean) / sqrt(var + eps) * weight + bias`, with `var = mean((x - mean)^2)`

    Args:
        normalized_shape: the sizes of the dimensions to normalise over, which must be the last.
        dtype: the data type of the parameters and of the input.
        eps: keeps the square root away from 0.

    Shape:
        x and output: (*, *normalized_shape), with any number of leading dimensions, including none.
        weight and bias: normalized_shape.

    Raises:
        ArgumentError: `normalized_shape` is not an integer or sequence of integers >= 1.

    Example:
        >>> norm = fr.LayerNorm(6)
        >>> norm.reset_parameters()
        >>> norm(fr.ones((2, 3, 6))).shape
        (2, 3, 6)
    """

    _fixed = frozenset({"dtype", "normalized_shape"})

    def __init__(
        self, normalized_shape: int | Sequence[int], dtype: DtypeLike = float32, eps: float = 1e-5
    ) -> None:
        self.normalized_shape = _normalized_shape("LayerNorm", normalized_shape)
        self.eps = eps
        self.weight: Tensor = Parameter(self.normalized_shape, dtype)
        self.dtype = self.weight.dtype
        self.bias: Tensor = Parameter(self.normalized_shape, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return x, (*, *normalized_shape), normalised, in its shape."""
        return layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def reset_parameters(self, seed: int = 0) -> None:
        """Set weight to 1 and bias to 0."""
        reset_constant(self, weight=1, bias=0)


class RMSNorm(Module):
    """Divide by the root of the mean square over the last dimensions.

    `y = x / sqrt(mean(x^2) + eps) * weight`

    Args:
        normalized_shape: the sizes of the dimensions to average over, which must be the last.
        dtype: the data type of the parameter and of the input.
        eps: keeps the square root away from 0.

    Shape:
        x and output: (*, *normalized_shape), with any number of leading dimensions, including none.
        weight: normalized_shape.

    Raises:
        ArgumentError: `normalized_shape` is not an integer or sequence of integers >= 1.

    Example:
        >>> norm = fr.RMSNorm(6)
        >>> norm.reset_parameters()
        >>> norm(fr.ones((2, 3, 6))).shape
        (2, 3, 6)
    """

    _fixed = frozenset({"dtype", "normalized_shape"})

    def __init__(
        self, normalized_shape: int | Sequence[int], dtype: DtypeLike = float32, eps: float = 1e-5
    ) -> None:
        self.normalized_shape = _normalized_shape("RMSNorm", normalized_shape)
        self.eps = eps
        self.weight: Tensor = Parameter(self.normalized_shape, dtype)
        self.dtype = self.weight.dtype

    def forward(self, x: Tensor) -> Tensor:
        """Return x, (*, *normalized_shape), normalised, in its shape."""
        return rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def reset_parameters(self, seed: int = 0) -> None:
        """Set weight to 1."""
        reset_constant(self, weight=1)


class GroupNorm(Module):
    """Normalise each sample over groups of its channels and all spatial dimensions.

    `y = (x - mean) / sqrt(var + eps) * weight + bias`, with `var = mean((x - mean)^2)`

    Args:
        num_groups: the number of groups of channels.
        num_channels: the size of the input's dimension 1.
        dtype: the data type of the parameters and of the input.
        eps: keeps the square root away from 0.

    Shape:
        x and output: (N, num_channels, *), with any number of spatial dimensions, including none.
        weight and bias: (num_channels,).

    Raises:
        ArgumentError: a number is not an integer >= 1, or the groups do not divide the channels.

    Example:
        >>> norm = fr.GroupNorm(2, 6)
        >>> norm.reset_parameters()
        >>> norm(fr.ones((1, 6, 4, 4))).shape
        (1, 6, 4, 4)
    """

    _fixed = frozenset({"dtype", "num_channels"})

    def __init__(
        self, num_groups: int, num_channels: int, dtype: DtypeLike = float32, eps: float = 1e-5
    ) -> None:
        checks.positive("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if num_channels % num_groups:
            raise explain(
                ArgumentError(
                    f"GroupNorm got num_channels={num_channels}, which cannot be divided into "
                    f"num_groups={num_groups}."
                )
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.weight: Tensor = Parameter((num_channels,), dtype)
        self.dtype = self.weight.dtype
        self.bias: Tensor = Parameter((num_channels,), dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return x, (N, num_channels, *), normalised, in its shape."""
        return group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def reset_parameters(self, seed: int = 0) -> None:
        """Set weight to 1 and bias to 0."""
        reset_constant(self, weight=1, bias=0)


class InstanceNorm(Module):
    """Normalise each channel of each sample over all spatial dimensions.

    `y = (x - mean) / sqrt(var + eps) * weight + bias`, with `var = mean((x - mean)^2)`

    Args:
        num_channels: the size of the input's dimension 1.
        dtype: the data type of the parameters and of the input.
        eps: keeps the square root away from 0.

    Shape:
        x and output: (N, num_channels, *), with at least one spatial dimension.
        weight and bias: (num_channels,).

    Raises:
        ArgumentError: `num_channels` is not an integer >= 1.

    Example:
        >>> norm = fr.InstanceNorm(3)
        >>> norm.reset_parameters()
        >>> norm(fr.ones((1, 3, 4, 4))).shape
        (1, 3, 4, 4)
    """

    _fixed = frozenset({"dtype", "num_channels"})

    def __init__(self, num_channels: int, dtype: DtypeLike = float32, eps: float = 1e-5) -> None:
        checks.positive("InstanceNorm", num_channels=num_channels)
        self.num_channels = num_channels
        self.eps = eps
        self.weight: Tensor = Parameter((num_channels,), dtype)
        self.dtype = self.weight.dtype
        self.bias: Tensor = Parameter((num_channels,), dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return x, (N, num_channels, *), normalised, in its shape."""
        return instance_norm(x, self.weight, self.bias, self.eps)

    def reset_parameters(self, seed: int = 0) -> None:
        """Set weight to 1 and bias to 0."""
        reset_constant(self, weight=1, bias=0)


def _normalized_shape(layer: str, sizes: int | Sequence[int]) -> tuple[int, ...]:
    return checks.integers(layer, "normalized_shape", (sizes,) if isinstance(sizes, int) else sizes)
