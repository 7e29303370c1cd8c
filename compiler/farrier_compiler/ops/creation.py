"""Primitives without operands, which create tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler.graph import Op
from farrier_compiler.ops.checks import in_domain, normalize_dim
from farrier_compiler.sizes.requirements import at_most
from farrier_compiler.types.numbers import largest
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime.dtypes import dtype, int32
from farrier_runtime.errors import ArgumentError, DtypeError, ShapeError

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.elements import Array


@dataclass(frozen=True)
class Full(Op):
    """A tensor filled with a number. StableHLO spec: constant.

    Attributes:
        shape: the size of each dimension.
        value: the number.
        dtype: the data type.
    """

    shape: Shape
    value: float | int | bool
    dtype: dtype

    def infer(self) -> TensorType:
        check_sizes(self.name, self.shape)
        return TensorType(self.shape, self.dtype)

    def reference(self) -> Array:
        return np.full(self.shape, self.value, self.dtype.numpy)

    def lower(self, hlo: Builder, out: TensorType) -> HloValue:
        return hlo.full(out, self.value)


@dataclass(frozen=True)
class Iota(Op):
    """0, 1, 2, ... along a dimension, the same along all others. StableHLO spec: iota.

    Attributes:
        shape: the size of each dimension.
        dim: the dimension that counts, from the front.
        dtype: the data type.
    """

    shape: Shape
    dim: int
    dtype: dtype

    def infer(self) -> TensorType:
        check_sizes(self.name, self.shape)
        normalize_dim(self.name, self.dim, len(self.shape))
        if not in_domain(self.dtype, "number"):
            raise DtypeError(f"iota counts in numbers, not in {self.dtype}: pass a number type.")
        size, last = self.shape[self.dim], largest(self.dtype)
        if not at_most(size, last + 1):
            raise DtypeError(
                f"iota counts to {size - 1} in dimension {self.dim} of {self.shape}, but "
                f"{self.dtype} ends at {last}. Count in a larger type."
            )
        return TensorType(self.shape, self.dtype)

    def reference(self) -> Array:
        dim = self.dim % len(self.shape)
        numbers = np.arange(self.shape[dim]).astype(self.dtype.numpy)
        column = numbers.reshape((-1,) + (1,) * (len(self.shape) - dim - 1))
        return np.array(np.broadcast_to(column, self.shape))

    def lower(self, hlo: Builder, out: TensorType) -> HloValue:
        return hlo.iota(out, self.dim % out.rank)


@dataclass(frozen=True)
class SizeOf(Op):
    """A dynamic size as an int32 scalar. StableHLO spec: get_dimension_size.

    Attributes:
        size: the size of a dimension, or an expression in such sizes.
    """

    size: int

    def infer(self) -> TensorType:
        if not at_most(self.size, largest(int32)):
            raise ShapeError(f"The size {self.size} does not fit into int32.")
        return TensorType((), int32)

    def reference(self) -> Array:
        return np.asarray(self.size, np.int32)

    def lower(self, hlo: Builder, out: TensorType) -> HloValue:
        return hlo.size(self.size)


def check_sizes(name: str, shape: Shape) -> None:
    """Refuse a shape with a negative size.

    Raises:
        ArgumentError: a size is; the text names the op and the shape.
    """
    if not all(at_most(0, size) for size in shape):
        raise ArgumentError(f"{name} needs sizes >= 0, but got the shape {shape}.")
