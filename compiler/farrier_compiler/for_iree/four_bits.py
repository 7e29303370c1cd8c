"""What IREE 3.13 needs for int4: it has no code for it in most kernels, but for int8."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

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

Move = Callable[[TensorType, Sequence[HloValue]], HloValue]


class FourBits(IreeLoops):
    """Emits int4 as int8 wherever elements are read; constants hold two of them in a byte."""

    def __init__(self, program: MlirModule) -> None:
        super().__init__(program)
        self._elements: dict[HloValue, Array] = {}
        self._bytes: dict[HloValue, HloValue] = {}

    def constant(self, array: Array, dtype: dtype, name: str = "constant") -> HloValue:
        """Remember the elements of int4: IREE has no code for tables of it in most kernels."""
        made = super().constant(array, dtype, name)
        if dtype is dtypes.int4:
            self._elements[made] = array
        return made

    def quantize(self, out: TensorType, x: HloValue, by: AffineParameters) -> HloValue:
        """Compute int4 as int8."""
        if out.dtype is not dtypes.int4:
            return super().quantize(out, x, by)
        whole = quantization.rounded(self, out, x, by)
        wide = self.emit("stablehlo.convert", out.with_dtype(dtypes.int8), whole)
        return self._remembered(wide)

    def _as_int8(self, move: Move, out: TensorType, *values: HloValue) -> HloValue:
        """Emit what moves elements; int4 as int8, likewise."""
        if out.dtype is not dtypes.int4:
            return move(out, values)
        wide = out.with_dtype(dtypes.int8)
        return self._remembered(move(wide, [self.unpacked(value) for value in values]))

    def reshape(self, out: TensorType, x: HloValue) -> HloValue:
        """See `_as_int8`."""
        base = super().reshape
        return self._as_int8(lambda out, xs: base(out, xs[0]), out, x)

    def broadcast_in_dim(self, x: HloValue, shape: Shape, dims: Sequence[int]) -> HloValue:
        """See `_as_int8`."""
        base = super().broadcast_in_dim
        return self._as_int8(
            lambda out, xs: base(xs[0], out.shape, dims), x.type.with_shape(shape), x
        )

    def transpose(self, out: TensorType, x: HloValue, permutation: Sequence[int]) -> HloValue:
        """See `_as_int8`."""
        base = super().transpose
        return self._as_int8(lambda out, xs: base(out, xs[0], permutation), out, x)

    def slice(
        self,
        out: TensorType,
        x: HloValue,
        start: Sequence[int],
        limit: Sequence[int],
        step: Sequence[int],
    ) -> HloValue:
        """See `_as_int8`."""
        base = super().slice
        return self._as_int8(lambda out, xs: base(out, xs[0], start, limit, step), out, x)

    def reverse(self, out: TensorType, x: HloValue, dims: Sequence[int]) -> HloValue:
        """See `_as_int8`."""
        base = super().reverse
        return self._as_int8(lambda out, xs: base(out, xs[0], dims), out, x)

    def concatenate(self, out: TensorType, values: Sequence[HloValue], dim: int) -> HloValue:
        """See `_as_int8`."""
        base = super().concatenate
        return self._as_int8(lambda out, xs: base(out, xs, dim), out, *values)

    def pad(
        self,
        out: TensorType,
        x: HloValue,
        value: HloValue,
        low: Sequence[int],
        high: Sequence[int],
        interior: Sequence[int],
    ) -> HloValue:
        """See `_as_int8`."""
        base = super().pad
        return self._as_int8(
            lambda out, xs: base(out, xs[0], xs[1], low, high, interior), out, x, value
        )

    def gather(self, out: TensorType, x: HloValue, index: HloValue, dim: int) -> HloValue:
        """See `_as_int8`."""
        base = super().gather
        return self._as_int8(lambda out, xs: base(out, xs[0], index, dim), out, x)

    def _remembered(self, x: HloValue) -> HloValue:
        """Emit int8 as int4, and remember it."""
        made = self.emit("stablehlo.convert", x.type.with_dtype(dtypes.int4), x)
        self._bytes[made] = x
        return made

    def unpacked(self, x: HloValue) -> HloValue:
        """Emit an int4 that is remembered as int8; constants from bytes that hold two elements."""
        array = self._elements.get(x)
        if array is None:
            return self._bytes.get(x, x)
        packed = super().constant(pack_four_bits(array), dtypes.int8, "packed")
        return self._spread(packed, x.type.with_dtype(dtypes.int8))

    def parameter(self, key: str, type: TensorType) -> HloValue:
        """Read int4 from bytes that hold two elements, as beside constants."""
        if type.dtype is not dtypes.int4:
            return super().parameter(key, type)
        count = math.ceil(type.size / 2)
        packed = super().parameter(key, TensorType((count,), dtypes.int8))
        return self._remembered(self._spread(packed, type.with_dtype(dtypes.int8)))

    def _spread(self, packed: HloValue, out: TensorType) -> HloValue:
        """Emit the elements of bytes that hold two each."""
        both = TensorType((*packed.type.shape, 2), dtypes.int8)
        raised = super().constant(np.array([4, 0], np.int8), dtypes.int8)
        upper = self.elementwise(
            "shift_left",
            both,
            self.broadcast_in_dim(packed, both.shape, (0,)),
            self.broadcast_in_dim(raised, both.shape, (1,)),
        )
        whole = self.elementwise("shift_right", both, upper, self.full(both, 4))
        flat = self.reshape(both.with_shape((both.size,)), whole)
        first = self.slice(flat.type.with_shape((out.size,)), flat, [0], [out.size], [1])
        return self.reshape(out, first)
