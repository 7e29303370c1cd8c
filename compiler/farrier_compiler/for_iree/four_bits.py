"""int4 computed as int8 and stored packed, because IREE 3.13 lowers int4 in few kernels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from farrier_compiler.for_iree.loops import IreeLoops
from farrier_compiler.stablehlo import quantization
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_compiler.types.elements import pack_four_bits
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

if TYPE_CHECKING:
    from farrier_compiler.mlir.module import MlirModule
    from farrier_compiler.stablehlo.affine import AffineParameters
    from farrier_compiler.types.elements import Array

Move = TypeVar("Move", bound=Callable[..., HloValue])


def _as_int8(move: Move) -> Move:
    """Return the override of a method that moves elements: it moves int4 as int8."""

    def override(self: FourBits, out: TensorType, x: HloValue, *others: Any) -> HloValue:
        base = getattr(super(FourBits, self), move.__name__)
        if out.dtype is not dtypes.int4:
            return base(out, x, *others)
        return self.as_int4(base(out.with_dtype(dtypes.int8), self.unpacked(x), *others))

    return cast(Move, override)


class FourBits(IreeLoops):
    """Emits int4 as int8 wherever elements are read; a byte of a constant holds two of them."""

    def __init__(self, program: MlirModule) -> None:
        super().__init__(program)
        self._elements: dict[HloValue, Array] = {}
        self._bytes: dict[HloValue, HloValue] = {}

    def constant(self, array: Array, dtype: dtype, name: str = "constant") -> HloValue:
        """Record the elements of int4, which `unpacked` stores in bytes."""
        value = super().constant(array, dtype, name)
        if dtype is dtypes.int4:
            self._elements[value] = array
        return value

    def quantize(self, out: TensorType, x: HloValue, by: AffineParameters) -> HloValue:
        """Compute int4 as int8."""
        if out.dtype is not dtypes.int4:
            return super().quantize(out, x, by)
        whole = quantization.rounded(self, out, x, by)
        wide = self.emit("stablehlo.convert", out.with_dtype(dtypes.int8), whole)
        return self.as_int4(wide)

    reshape = _as_int8(IreeLoops.reshape)
    transpose = _as_int8(IreeLoops.transpose)
    slice = _as_int8(IreeLoops.slice)
    reverse = _as_int8(IreeLoops.reverse)
    gather = _as_int8(IreeLoops.gather)

    def broadcast_in_dim(self, x: HloValue, shape: Shape, dims: Sequence[int]) -> HloValue:
        if x.type.dtype is not dtypes.int4:
            return super().broadcast_in_dim(x, shape, dims)
        return self.as_int4(super().broadcast_in_dim(self.unpacked(x), shape, dims))

    def concatenate(self, out: TensorType, values: Sequence[HloValue], dim: int) -> HloValue:
        if out.dtype is not dtypes.int4:
            return super().concatenate(out, values, dim)
        wide = out.with_dtype(dtypes.int8)
        return self.as_int4(super().concatenate(wide, list(map(self.unpacked, values)), dim))

    def pad(
        self,
        out: TensorType,
        x: HloValue,
        value: HloValue,
        low: Sequence[int],
        high: Sequence[int],
        interior: Sequence[int],
    ) -> HloValue:
        if out.dtype is not dtypes.int4:
            return super().pad(out, x, value, low, high, interior)
        wide, x, value = out.with_dtype(dtypes.int8), self.unpacked(x), self.unpacked(value)
        return self.as_int4(super().pad(wide, x, value, low, high, interior))

    def as_int4(self, x: HloValue) -> HloValue:
        """Emit int8 as int4, and record the int8."""
        narrow = self.emit("stablehlo.convert", x.type.with_dtype(dtypes.int4), x)
        self._bytes[narrow] = x
        return narrow

    def unpacked(self, x: HloValue) -> HloValue:
        """Return the int8 recorded for an int4; a constant is emitted packed, and unpacked."""
        array = self._elements.get(x)
        if array is None:
            return self._bytes.get(x, x)
        packed = super().constant(pack_four_bits(array), dtypes.int8, "packed")
        return self._unpack(packed, x.type.with_dtype(dtypes.int8))

    def parameter(self, key: str, type: TensorType) -> HloValue:
        """Read int4 from packed bytes, the form in which weight files store it."""
        if type.dtype is not dtypes.int4:
            return super().parameter(key, type)
        count = math.ceil(type.size / 2)
        packed = super().parameter(key, TensorType((count,), dtypes.int8))
        return self.as_int4(self._unpack(packed, type.with_dtype(dtypes.int8)))

    def _unpack(self, packed: HloValue, out: TensorType) -> HloValue:
        """Emit the elements of bytes that hold two each."""
        pairs = TensorType((*packed.type.shape, 2), dtypes.int8)
        shifts = super().constant(np.array([4, 0], np.int8), dtypes.int8)
        upper = self.elementwise(
            "shift_left",
            pairs,
            self.broadcast_in_dim(packed, pairs.shape, (0,)),
            self.broadcast_in_dim(shifts, pairs.shape, (1,)),
        )
        signed = self.elementwise("shift_right", pairs, upper, self.full(pairs, 4))
        flat = self.reshape(pairs.with_shape((pairs.size,)), signed)
        first = self.slice(flat.type.with_shape((out.size,)), flat, [0], [out.size], [1])
        return self.reshape(out, first)
