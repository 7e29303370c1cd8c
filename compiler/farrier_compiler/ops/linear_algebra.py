"""Matmuls."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler.ops.checks import check_domain, check_same_dtype, check_sum_dtype
from farrier_compiler.ops.contraction import Contraction
from farrier_compiler.sizes.requirements import equal_shapes
from farrier_compiler.types.geometry import free_dims
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime.dtypes import dtype, float64
from farrier_runtime.errors import ShapeError

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.elements import Array


@dataclass(frozen=True)
class DotGeneral(Contraction):
    """Products summed over the contracting dims, for every index of the batch dims.

    The result has the batch dims, then the left operand's free dims, then the right operand's.
    16-bit floats are summed in float32 and rounded once. StableHLO spec: dot_general.
    """

    lhs_batch: tuple[int, ...]
    rhs_batch: tuple[int, ...]
    lhs_contracting: tuple[int, ...]
    rhs_contracting: tuple[int, ...]
    dtype: dtype | None = None

    def infer(self, lhs: TensorType, rhs: TensorType) -> TensorType:
        check_same_dtype(self.name, (lhs, rhs))
        check_domain(self.name, lhs, "number")
        check_sum_dtype(self.name, lhs.dtype, self.dtype)
        self._check_dims("left", lhs, self.lhs_batch + self.lhs_contracting)
        self._check_dims("right", rhs, self.rhs_batch + self.rhs_contracting)
        self._check_sizes("batch", lhs, rhs, self.lhs_batch, self.rhs_batch)
        self._check_sizes("contracting", lhs, rhs, self.lhs_contracting, self.rhs_contracting)
        dims = self.lhs_batch + free_dims(lhs.rank, self.lhs_batch, self.lhs_contracting)
        others = free_dims(rhs.rank, self.rhs_batch, self.rhs_contracting)
        shape = tuple(lhs.shape[dim] for dim in dims) + tuple(rhs.shape[dim] for dim in others)
        return TensorType(shape, self.dtype or lhs.dtype)

    def _check_dims(self, side: str, type: TensorType, dims: tuple[int, ...]) -> None:
        if len(set(dims)) != len(dims) or not all(0 <= dim < type.rank for dim in dims):
            raise ShapeError(
                f"dot_general got the batch and contracting dims {dims} for its {side} operand, "
                f"{type.describe()}. They must be different dimensions of it."
            )

    def _check_sizes(
        self,
        role: str,
        lhs: TensorType,
        rhs: TensorType,
        left: tuple[int, ...],
        right: tuple[int, ...],
    ) -> None:
        sizes = [lhs.shape[dim] for dim in left], [rhs.shape[dim] for dim in right]
        if not equal_shapes(tuple(sizes[0]), tuple(sizes[1])):
            raise ShapeError(
                f"dot_general got the {role} dims {left} of {lhs.describe()} and {right} of "
                f"{rhs.describe()}: their sizes, {tuple(sizes[0])} and {tuple(sizes[1])}, "
                "must be equal."
            )

    def origins(self, lhs_rank: int, rhs_rank: int) -> list[tuple[int | None, int | None]]:
        """Return, for each dim of the result, the dims of both operands that it comes from."""
        rows = free_dims(lhs_rank, self.lhs_batch, self.lhs_contracting)
        columns = free_dims(rhs_rank, self.rhs_batch, self.rhs_contracting)
        return [
            *zip(self.lhs_batch, self.rhs_batch, strict=True),
            *((dim, None) for dim in rows),
            *((None, dim) for dim in columns),
        ]

    def operand_dims(self, dim: int, ranks: tuple[int, int]) -> tuple[int | None, int | None]:
        return self.origins(*ranks)[dim]

    def summed_sizes(self, left: Shape, right: Shape) -> list[int]:
        return [left[dim] for dim in self.lhs_contracting]

    def reference(self, lhs: Array, rhs: Array) -> Array:
        if self.dtype is float64:
            lhs, rhs = lhs.astype(np.float64), rhs.astype(np.float64)
        rows = free_dims(lhs.ndim, self.lhs_batch, self.lhs_contracting)
        columns = free_dims(rhs.ndim, self.rhs_batch, self.rhs_contracting)
        batch = tuple(lhs.shape[dim] for dim in self.lhs_batch)
        outer = tuple(lhs.shape[d] for d in rows), tuple(rhs.shape[d] for d in columns)
        terms = math.prod(lhs.shape[dim] for dim in self.lhs_contracting)
        left = lhs.transpose(self.lhs_batch + rows + self.lhs_contracting)
        right = rhs.transpose(self.rhs_batch + self.rhs_contracting + columns)
        product = matrix_product(
            left.reshape(*batch, math.prod(outer[0]), terms),
            right.reshape(*batch, terms, math.prod(outer[1])),
        )
        return product.reshape(batch + outer[0] + outer[1])

    def lower(self, hlo: Builder, out: TensorType, lhs: HloValue, rhs: HloValue) -> HloValue:
        return hlo.dot_general(
            out,
            lhs,
            rhs,
            batch=(self.lhs_batch, self.rhs_batch),
            contracting=(self.lhs_contracting, self.rhs_contracting),
        )


def matrix_product(left: Array, right: Array) -> Array:
    """Multiply stacks of matrices; integers wrap modulo 2^64, and small ones use float64 BLAS."""
    if left.dtype.kind not in "iu":
        return np.matmul(left, right)
    bits = 8 * (left.itemsize + right.itemsize) + max(left.shape[-1], 1).bit_length()
    dtype = np.float64 if bits <= 53 else np.int64
    return np.matmul(left.astype(dtype), right.astype(dtype)).astype(np.int64)
