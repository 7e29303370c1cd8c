"""Normalisation primitives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler.graph import Op
from farrier_compiler.ops.checks import check_domain, check_same_dtype
from farrier_compiler.sizes.requirements import equal_shapes
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime.errors import ShapeError

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.elements import Array


@dataclass(frozen=True)
class BatchNormInference(Op):
    """`(input - mean) / sqrt(variance + eps) * scale + offset`, for each index of `feature_dim`.

    StableHLO spec: batch_norm_inference.
    """

    eps: float
    feature_dim: int

    def infer(self, input: TensorType, *statistics: TensorType) -> TensorType:
        check_same_dtype("batch_norm", (input, *statistics))
        check_domain("batch_norm", input, "floating")
        if not 0 <= self.feature_dim < input.rank:
            raise ShapeError(
                f"batch_norm got {input.describe()}, which has no feature dimension "
                f"{self.feature_dim}. The input must be (N, features, ...)."
            )
        features = input.shape[self.feature_dim]
        for name, type in zip(self.operand_names(5)[1:], statistics, strict=True):
            if not equal_shapes(type.shape, (features,)):
                raise ShapeError(
                    f"batch_norm got {features} features in dimension {self.feature_dim} of "
                    f"{input.describe()}, but its {name} is {type.describe()}. "
                    f"It must have the shape ({features},)."
                )
        return input

    def reference(self, input: Array, *statistics: Array) -> Array:
        sizes = [1] * input.ndim
        sizes[self.feature_dim] = -1
        scale, offset, mean, variance = (array.reshape(sizes) for array in statistics)
        return (input - mean) * (scale / np.sqrt(variance + self.eps)) + offset

    def lower(self, hlo: Builder, out: TensorType, *values: HloValue) -> HloValue:
        return hlo.batch_norm_inference(out, *values, eps=self.eps, feature_dim=self.feature_dim)

    def operand_names(self, count: int) -> list[str]:
        return ["input", "weight", "bias", "running_mean", "running_var"]
