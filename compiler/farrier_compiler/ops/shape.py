"""Primitives that move elements without computing new ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from farrier_compiler.graph import Op
from farrier_compiler.ops.checks import check_same_dtype, check_same_quantization
from farrier_compiler.sizes.requirements import at_most, broadcast_size, equal
from farrier_compiler.sizes.words import count_text
from farrier_compiler.types.geometry import dilated, padded_shape
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    from farrier_compiler.graph import Value
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.elements import Array


@dataclass(frozen=True)
class Reshape(Op):
    """The same elements, in row-major order, in another shape. StableHLO spec: reshape.

    Attributes:
        shape: the size of each dimension.
        divisor: what the number of elements was divided by to find a size; must not be 0.
    """

    shape: Shape
    divisor: int = 1

    def result_types(self, operands: Sequence[Value]) -> TensorType | tuple[TensorType, ...]:
        """Return `infer`'s type; a quantised tensor stays quantised, unless its axis is merged."""
        own = operands[0].type
        if own.quantization is None:
            return super().result_types(operands)
        quantization = own.quantization.reshaped(own.shape, self.shape)
        return replace(self.infer(own.plain), quantization=quantization)

    def reads_quantized(self, operands: Sequence[Value]) -> bool:
        own = operands[0].type
        if own.quantization is None:
            return False
        return own.quantization.reshaped(own.shape, self.shape) is not None

    def infer(self, x: TensorType) -> TensorType:
        if not at_most(1, self.divisor):
            raise ShapeError(f"reshape cannot divide {x.size} elements by {self.divisor}.")
        if not equal(math.prod(self.shape), x.size) or not not_negative(self.shape):
            raise ShapeError(
                f"reshape cannot give {x.describe()}, which has {count_text(x.size)}, the shape "
                f"{self.shape}, which has {math.prod(self.shape)}. The numbers must be equal."
            )
        return x.with_shape(self.shape)

    def reference(self, x: Array) -> Array:
        return x.reshape(self.shape)

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        return hlo.reshape(out, x)


@dataclass(frozen=True)
class Transpose(Op):
    """Dimension `i` of the result is dimension `permutation[i]` of the operand.

    StableHLO spec: transpose.
    """

    permutation: tuple[int, ...]

    def result_types(self, operands: Sequence[Value]) -> TensorType:
        """Return `infer`'s type; a quantised tensor stays quantised."""
        own = operands[0].type
        type = self.infer(own.plain)
        if own.quantization is None:
            return type
        return replace(type, quantization=own.quantization.transposed(self.permutation))

    def reads_quantized(self, operands: Sequence[Value]) -> bool:
        own = operands[0].type.quantization
        return own is not None and own.transposed(self.permutation) is not None

    def infer(self, x: TensorType) -> TensorType:
        if sorted(self.permutation) != list(range(x.rank)):
            raise ShapeError(
                f"transpose got the permutation {self.permutation} for {x.describe()}. "
                f"It must name each of the {x.rank} dimensions once."
            )
        return x.with_shape(x.shape[dim] for dim in self.permutation)

    def reference(self, x: Array) -> Array:
        return np.transpose(x, self.permutation)

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        return hlo.transpose(out, x, self.permutation)


@dataclass(frozen=True)
class Broadcast(Op):
    """Repeat along new dimensions and those of size 1; dimension `i` goes to `dims[i]`.

    StableHLO spec: broadcast_in_dim.
    """

    shape: Shape
    dims: tuple[int, ...]

    def infer(self, x: TensorType) -> TensorType:
        fits = len(self.dims) == x.rank and list(self.dims) == sorted(set(self.dims))
        fits = fits and all(0 <= dim < len(self.shape) for dim in self.dims)
        fits = fits and not_negative(self.shape)
        if not fits or any(
            not becomes(size, self.shape[dim]) for size, dim in zip(x.shape, self.dims, strict=True)
        ):
            raise ShapeError(
                f"broadcast cannot put the dimensions of {x.describe()} at {self.dims} of "
                f"{self.shape}. Sizes must be equal or 1, and the dims must increase."
            )
        return x.with_shape(self.shape)

    def reference(self, x: Array) -> Array:
        sizes = [1] * len(self.shape)
        for size, dim in zip(x.shape, self.dims, strict=True):
            sizes[dim] = size
        return np.broadcast_to(x.reshape(sizes), self.shape)

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        return hlo.broadcast_in_dim(x, out.shape, self.dims)


@dataclass(frozen=True)
class Slice(Op):
    """Elements `start, start + step, ...` below `limit` of every dimension.

    StableHLO spec: slice.
    """

    start: tuple[int, ...]
    limit: tuple[int, ...]
    step: tuple[int, ...]

    def infer(self, x: TensorType) -> TensorType:
        bounds = list(zip(self.start, self.limit, self.step, strict=True))
        if len(bounds) != x.rank or not all(
            at_most(0, start) and at_most(start, limit) and at_most(limit, size) and step > 0
            for (start, limit, step), size in zip(bounds, x.shape, strict=True)
        ):
            raise ShapeError(
                f"slice got start {self.start}, limit {self.limit} and step {self.step} for "
                f"{x.describe()}. Each dimension needs 0 <= start <= limit <= size and step >= 1."
            )
        return x.with_shape((limit - start + step - 1) // step for start, limit, step in bounds)

    def reference(self, x: Array) -> Array:
        return x[tuple(map(slice, self.start, self.limit, self.step))]

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        return hlo.slice(out, x, self.start, self.limit, self.step)


@dataclass(frozen=True)
class Reverse(Op):
    """The order of the elements reversed along some dimensions. StableHLO spec: reverse."""

    dims: tuple[int, ...]

    def infer(self, x: TensorType) -> TensorType:
        if len(set(self.dims)) != len(self.dims) or not set(self.dims) <= set(range(x.rank)):
            raise ShapeError(
                f"reverse got the dims {self.dims} for {x.describe()}. "
                f"They must be different dimensions of the tensor, from 0 to {x.rank - 1}."
            )
        return x

    def reference(self, x: Array) -> Array:
        return np.flip(x, self.dims)

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        return hlo.reverse(out, x, self.dims)


@dataclass(frozen=True)
class Concatenate(Op):
    """Tensors joined along a dimension. StableHLO spec: concatenate."""

    dim: int

    def infer(self, *types: TensorType) -> TensorType:
        check_same_dtype(self.name, types)
        first = types[0]
        if not 0 <= self.dim < first.rank:
            raise ShapeError(f"concatenate cannot join {first.describe()} along dim {self.dim}.")
        for other in types[1:]:
            if not self._joins(first.shape, other.shape):
                raise ShapeError(
                    f"concatenate cannot join {first.describe()} and {other.describe()} along "
                    f"dim {self.dim}: all other sizes must be equal."
                )
        total = sum(other.shape[self.dim] for other in types)
        return first.with_shape((*first.shape[: self.dim], total, *first.shape[self.dim + 1 :]))

    def check_operands(self, operands: Sequence[Value]) -> None:
        check_same_quantization(self.name, operands)

    def _joins(self, first: Shape, other: Shape) -> bool:
        return len(first) == len(other) and all(
            dim == self.dim or equal(a, b)
            for dim, (a, b) in enumerate(zip(first, other, strict=True))
        )

    def reference(self, *arrays: Array) -> Array:
        return np.concatenate(arrays, self.dim)

    def lower(self, hlo: Builder, out: TensorType, *values: HloValue) -> HloValue:
        return hlo.concatenate(out, values, self.dim)


@dataclass(frozen=True)
class Pad(Op):
    """A scalar inserted before, after and between the elements; negative amounts crop.

    StableHLO spec: pad.
    """

    low: tuple[int, ...]
    high: tuple[int, ...]
    interior: tuple[int, ...]

    def infer(self, x: TensorType, value: TensorType) -> TensorType:
        check_same_dtype(self.name, (x, value))
        if value.shape != ():
            raise ShapeError(f"pad takes a scalar to pad with, but got {value.describe()}.")
        if not len(self.low) == len(self.high) == len(self.interior) == x.rank:
            raise ShapeError(
                f"pad got {len(self.low)} pairs for {x.describe()}. "
                f"It takes one for each of the {x.rank} dimensions."
            )
        if min(self.interior, default=0) < 0:
            raise ArgumentError(f"pad got a negative interior padding: {self.interior}.")
        shape = padded_shape(x.shape, self.low, self.high, self.interior)
        if not not_negative(shape):
            raise ShapeError(
                f"pad crops more elements than there are: {x.describe()} with {self.low} before "
                f"and {self.high} after would have the shape {shape}."
            )
        return x.with_shape(shape)

    def reference(self, x: Array, value: Array) -> Array:
        return pad_array(x, value, self.low, self.high, self.interior)

    def lower(self, hlo: Builder, out: TensorType, x: HloValue, value: HloValue) -> HloValue:
        return hlo.pad(out, x, value, self.low, self.high, self.interior)

    def operand_names(self, count: int) -> list[str]:
        return ["input", "value"]


@dataclass(frozen=True)
class OptimizationBarrier(Op):
    """The operand, across which compilers fuse nothing.

    StableHLO spec: optimization_barrier.
    """

    def infer(self, x: TensorType) -> TensorType:
        return x

    def reference(self, x: Array) -> Array:
        return x

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        return hlo.barrier(x)


def becomes(size: int, result: int) -> bool:
    """Return whether a size can broadcast to another; calls assert what bounds leave open."""
    common = broadcast_size(size, result)
    return common is not None and equal(common, result)


def not_negative(shape: Shape) -> bool:
    """Return whether all sizes of a shape can be 0 or more."""
    return all(at_most(0, size) for size in shape)


def pad_array(
    x: Array, value: Any, low: Sequence[int], high: Sequence[int], interior: Sequence[int]
) -> Array:
    """Pad an array as `Pad` does; return the array itself where there is nothing to do."""
    if not (any(low) or any(high) or any(interior)):
        return x
    before, after = [max(n, 0) for n in low], [max(n, 0) for n in high]
    result = np.full(padded_shape(x.shape, before, after, interior), value, x.dtype)
    inside = (
        slice(first, first + dilated(size, gap + 1), gap + 1)
        for first, size, gap in zip(before, x.shape, interior, strict=True)
    )
    result[tuple(inside)] = x
    kept = (
        slice(max(-first, 0), size - max(-last, 0))
        for first, last, size in zip(low, high, result.shape, strict=True)
    )
    return result[tuple(kept)]
