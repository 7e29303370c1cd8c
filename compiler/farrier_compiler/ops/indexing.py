"""Primitives that select elements by tensors of indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler.graph import Op
from farrier_compiler.ops.checks import normalize_dim
from farrier_compiler.sizes import minimum
from farrier_compiler.sizes.requirements import at_most
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime.dtypes import int32, int64
from farrier_runtime.errors import DtypeError, ShapeError

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.elements import Array


@dataclass(frozen=True)
class Gather(Op):
    """Slices of the input along a dimension, which the index tensor's dimensions replace.

    Negative indices count from the end; indices out of range are clamped.
    StableHLO spec: gather.

    Attributes:
        dim: the dimension to select from, counted from the front.
    """

    dim: int

    def infer(self, input: TensorType, index: TensorType) -> TensorType:
        dim = normalize_dim(self.name, self.dim, input.rank)
        if not (index.dtype is int32 or index.dtype is int64):
            raise DtypeError(
                f"gather takes int32 or int64 indices, but got {index.describe()}. "
                "Convert them first, for example with fr.cast(index, fr.int32)."
            )
        if not at_most(minimum(index.size, 1), input.shape[dim]):
            raise ShapeError(
                f"gather got {index.size} indices for dim {dim} of {input.describe()}, "
                "which has size 0: there is nothing to select."
            )
        return input.with_shape((*input.shape[:dim], *index.shape, *input.shape[dim + 1 :]))

    def reference(self, input: Array, index: Array) -> Array:
        size = input.shape[self.dim]
        if not size:
            return np.zeros(
                (*input.shape[: self.dim], *index.shape, *input.shape[self.dim + 1 :]), input.dtype
            )
        return np.take(input, np.where(index < 0, index + size, index), self.dim, mode="clip")

    def lower(self, hlo: Builder, out: TensorType, input: HloValue, index: HloValue) -> HloValue:
        return hlo.gather(out, input, index, self.dim)

    def operand_names(self, count: int) -> list[str]:
        return ["input", "index"]
