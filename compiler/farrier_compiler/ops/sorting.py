"""Sorting and the largest elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler.graph import Op
from farrier_compiler.ops.checks import normalize_dim
from farrier_compiler.sizes.requirements import at_most, equal_shapes
from farrier_compiler.sizes.words import count_text
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime.dtypes import int32
from farrier_runtime.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.elements import Array


@dataclass(frozen=True)
class Sort(Op):
    """Tensors of one shape, sorted along a dimension by the first one.

    Equal keys keep their order; NaN counts as larger than every number.

    StableHLO spec: sort.

    Attributes:
        dim: the dimension to sort, counted from either end.
        descending: whether the largest key comes first.
    """

    dim: int
    descending: bool = False

    def infer(self, key: TensorType, *others: TensorType) -> tuple[TensorType, ...]:
        normalize_dim(self.name, self.dim, key.rank)
        for other in others:
            if not equal_shapes(other.shape, key.shape):
                raise ShapeError(
                    f"sort takes tensors of one shape, but got {key.describe()} and "
                    f"{other.describe()}. Broadcast or slice them to the same shape first."
                )
        return (key, *others)

    def reference(self, key: Array, *others: Array) -> tuple[Array, ...]:
        order = stable_order(key, self.dim, self.descending)
        arrays = (key, *others)
        return tuple(np.take_along_axis(array, order, self.dim) for array in arrays)

    def lower(
        self, hlo: Builder, out: TensorType | tuple[TensorType, ...], *values: HloValue
    ) -> tuple[HloValue, ...]:
        dim = normalize_dim(self.name, self.dim, values[0].type.rank)
        return tuple(hlo.sort(values, dim, self.descending))

    def operand_names(self, count: int) -> list[str]:
        return ["input", *(f"other {index}" for index in range(1, count))]


@dataclass(frozen=True)
class TopK(Op):
    """The largest elements along a dimension in descending order, and their int32 indices.

    Equal elements keep their order; NaN counts as larger than every number.

    StableHLO spec: sort, slice.

    Attributes:
        k: the number of elements, from 0 to the size of the dimension.
        dim: the dimension to search, counted from either end.
    """

    k: int
    dim: int

    def infer(self, x: TensorType) -> tuple[TensorType, TensorType]:
        dim = normalize_dim("topk", self.dim, x.rank)
        size = x.shape[dim]
        if not (at_most(0, self.k) and at_most(self.k, size)):
            raise ArgumentError(
                f"topk got k={self.k}, but dim {dim} of {x.describe()} has {count_text(size)}: "
                f"k must be in [0, {size}]."
            )
        values = x.with_shape((*x.shape[:dim], self.k, *x.shape[dim + 1 :]))
        return values, values.with_dtype(int32)

    def reference(self, x: Array) -> tuple[Array, Array]:
        order = stable_order(x, self.dim, descending=True)
        first = np.take(order, np.arange(self.k), self.dim)
        return np.take_along_axis(x, first, self.dim), first

    def lower(
        self, hlo: Builder, out: tuple[TensorType, TensorType], x: HloValue
    ) -> tuple[HloValue, ...]:
        return tuple(hlo.top_k(x, self.k, normalize_dim(self.name, self.dim, x.type.rank)))


def stable_order(key: Array, dim: int, descending: bool) -> Array:
    """Return the indices that sort an array; equal elements keep their order."""
    if not descending:
        return np.argsort(key, dim, kind="stable")
    backwards = np.argsort(np.flip(key, dim), dim, kind="stable")
    return key.shape[dim] - 1 - np.flip(backwards, dim)
