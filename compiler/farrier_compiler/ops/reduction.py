"""Reductions over dimensions: sums, products, extremes and their indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from farrier_compiler.graph import Op
from farrier_compiler.ops.checks import check_domain, normalize_dim
from farrier_compiler.ops.pooling import SumPool
from farrier_compiler.sizes import maximum
from farrier_compiler.sizes.requirements import at_most
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime import dtypes
from farrier_runtime.errors import ShapeError

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.elements import Array
    from farrier_compiler.types.tensor_type import Shape


@dataclass(frozen=True)
class Reduction(Op, abstract=True):
    """The family of reductions over any dimensions.

    Attributes:
        dim: the dimensions to reduce, counted from either end.
        keepdim: whether they stay, with size 1.
        domain: the data types that it takes, a key of `checks.DOMAINS`.
        defined_when_empty: whether the reduction of no elements is defined.
    """

    dim: tuple[int, ...]
    keepdim: bool = False
    domain: ClassVar[str] = "number"
    defined_when_empty: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        check_domain(self.name, x, self.domain)
        dims = normalize_dims(self.name, self.dim, x.rank)
        if not self.defined_when_empty:
            _check_not_empty(self.name, x, dims)
        return x.with_shape(reduced_shape(x.shape, dims, self.keepdim))

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        return hlo.reshape(
            out, hlo.reduce(self.name, x, normalize_dims(self.name, self.dim, x.type.rank))
        )


@dataclass(frozen=True)
class Sum(Reduction):
    """Sum over dimensions; integers wrap around, and 16-bit floats are summed in float32.

    StableHLO spec: reduce.
    """

    def reference(self, x: Array) -> Array:
        return np.sum(x, self.dim, keepdims=self.keepdim)


@dataclass(frozen=True)
class Prod(Reduction):
    """Product over dimensions; integers wrap around, and 16-bit floats are multiplied in float32.

    StableHLO spec: reduce.
    """

    def reference(self, x: Array) -> Array:
        return np.prod(x, self.dim, keepdims=self.keepdim)


@dataclass(frozen=True)
class Max(Reduction):
    """The largest element over dimensions; NaN if there is one. StableHLO spec: reduce."""

    domain = "any"
    defined_when_empty = False

    def reference(self, x: Array) -> Array:
        return np.max(x, self.dim, keepdims=self.keepdim)


@dataclass(frozen=True)
class Min(Reduction):
    """The smallest element over dimensions; NaN if there is one. StableHLO spec: reduce."""

    domain = "any"
    defined_when_empty = False

    def reference(self, x: Array) -> Array:
        return np.min(x, self.dim, keepdims=self.keepdim)


@dataclass(frozen=True)
class All(Reduction):
    """Whether all elements over dimensions are true. StableHLO spec: reduce."""

    domain = "bool"

    def reference(self, x: Array) -> Array:
        return np.all(x, self.dim, keepdims=self.keepdim)


@dataclass(frozen=True)
class Any(Reduction):
    """Whether any element over dimensions is true. StableHLO spec: reduce."""

    domain = "bool"

    def reference(self, x: Array) -> Array:
        return np.any(x, self.dim, keepdims=self.keepdim)


@dataclass(frozen=True)
class ArgReduction(Op, abstract=True):
    """The family of int32 indices of an extreme along one dimension, the first of equals.

    Attributes:
        dim: the dimension to search, counted from either end.
        keepdim: whether it stays, with size 1.
    """

    dim: int
    keepdim: bool = False

    def infer(self, x: TensorType) -> TensorType:
        check_domain(self.name, x, "number")
        dim = normalize_dim(self.name, self.dim, x.rank)
        _check_not_empty(self.name, x, (dim,))
        return TensorType(reduced_shape(x.shape, (dim,), self.keepdim), dtypes.int32)

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        dim = normalize_dim(self.name, self.dim, x.type.rank)
        return hlo.reshape(out, hlo.arg_reduce(self.name, x, dim))


@dataclass(frozen=True)
class Argmax(ArgReduction):
    """The index of the largest element along a dimension; NaN counts as larger than all.

    StableHLO spec: reduce.
    """

    def reference(self, x: Array) -> Array:
        return np.argmax(x, self.dim, keepdims=self.keepdim)


@dataclass(frozen=True)
class Argmin(ArgReduction):
    """The index of the smallest element along a dimension; NaN counts as smaller than all.

    StableHLO spec: reduce.
    """

    def reference(self, x: Array) -> Array:
        return np.argmin(x, self.dim, keepdims=self.keepdim)


@dataclass(frozen=True)
class Cumsum(Op):
    """The cumulative sum along a dimension; integers wrap around.

    StableHLO spec: reduce_window.

    Attributes:
        dim: the dimension along which to add, counted from either end.
    """

    dim: int

    def infer(self, x: TensorType) -> TensorType:
        check_domain(self.name, x, "number")
        normalize_dim(self.name, self.dim, x.rank)
        return x

    def reference(self, x: Array) -> Array:
        return np.cumsum(x, self.dim, dtype=x.dtype)

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        dim = normalize_dim(self.name, self.dim, out.rank)
        size, ones = out.shape[dim], (1,) * out.rank
        if out.size == 0:
            return x
        window = (*ones[:dim], size, *ones[dim + 1 :])
        padding = tuple((maximum(extent - 1, 0), 0) for extent in window)
        return hlo.reduce_window(out, x, SumPool(window, ones, padding, ones))


def normalize_dims(name: str, dims: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """Return dimensions in ascending order, counted from the front.

    Raises:
        ShapeError: the tensor has no such dimension, or one is named twice.
    """
    normalized = sorted(normalize_dim(name, dim, rank) for dim in dims)
    if len(set(normalized)) < len(normalized):
        raise ShapeError(f"{name} got dim={dims}, which names a dimension twice. Name each once.")
    return tuple(normalized)


def reduced_shape(shape: Shape, dims: tuple[int, ...], keepdim: bool) -> Shape:
    """Return a shape without some dimensions, or with size 1 in their place."""
    if keepdim:
        return tuple(1 if dim in dims else size for dim, size in enumerate(shape))
    return tuple(size for dim, size in enumerate(shape) if dim not in dims)


def _check_not_empty(name: str, x: TensorType, dims: tuple[int, ...]) -> None:
    if not all(at_most(1, x.shape[dim]) for dim in dims):
        raise ShapeError(
            f"{name} of no elements is not defined, but {x.describe()} has size 0 in a dimension "
            "that is reduced. Reduce other dimensions, or test the size first."
        )
