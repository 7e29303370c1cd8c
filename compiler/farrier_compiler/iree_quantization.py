"""What IREE 3.13 needs for quantised tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler import quantization
from farrier_compiler.graph import TensorType
from farrier_compiler.iree_windows import IreeWindows
from farrier_compiler.program import Handle
from farrier_compiler.stablehlo import DimPairs, HloValue
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

if TYPE_CHECKING:
    from farrier_compiler.graph import Array
    from farrier_compiler.program import Program


class IreeQuantization(IreeWindows):
    """Emits quantised tensors, and constants of 4 bits, in the form that IREE compiles."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._four_bits: dict[HloValue, Array] = {}
        self._as_bytes: dict[HloValue, HloValue] = {}
        self._widened: dict[HloValue, tuple[HloValue, HloValue]] = {}

    def known_type(self, type: TensorType) -> TensorType:
        """IREE takes u8 for i8, and lowers no scales by axis: it gets plain arithmetic."""
        return type.plain

    # ------------------------------------------------------------------ packed weights

    def dequantize(
        self,
        out: TensorType,
        x: HloValue,
        scale: HloValue,
        zero_point: HloValue | None,
        dim: int | None,
    ) -> HloValue:
        """Remember the integers of packed weights, (n / tile, k, tile)."""
        made = super().dequantize(out, x, scale, zero_point, dim)
        is_packed = out.rank == 3 and scale.type.rank == 0 and zero_point is None
        if is_packed and x.type.dtype is dtypes.int8 and out.dtype is dtypes.float32:
            self._widened[made] = (x, scale)
        return made

    def dot_general(
        self, out: TensorType, lhs: HloValue, rhs: HloValue, batch: DimPairs, contracting: DimPairs
    ) -> HloValue:
        """Widen packed weights inside the loops, which IREE would do in memory before them.

        Without the barrier it would transpose the loops: half as fast.
        """
        found = self._widened.get(rhs)
        if found is None or lhs.type.rank != 2 or batch[0] or contracting != ((1,), (1,)):
            return super().dot_general(out, lhs, rhs, batch, contracting)
        rows, tiles, tile = out.shape
        first = out.with_shape((tiles, rows, tile))
        maps = ["d1, d3", "d0, d3, d2", "d0, d1, d2"]
        zeros = self.filled(first, 0)
        sums = self.generic(first, [lhs, found[0]], zeros, maps, self._widen_multiply_add, 1)
        scale = self.broadcast_in_dim(found[1], out.shape, ())
        moved = sums if rows == 1 else self.barrier(sums)
        return self.elementwise("multiply", out, self.transpose(out, moved, (1, 0, 2)), scale)

    def _widen_multiply_add(self, values: Sequence[Handle]) -> list[Handle]:
        left, right, total = values
        wide = self.program.operation("arith.sitofp", ["f32"], [right])[0]
        return self.multiply_add(dtypes.float32)([left, wide, total])

    # ------------------------------------------------------------------ 4 bits

    def constant(self, array: Array, dtype: dtype, name: str = "constant") -> HloValue:
        """Remember the elements of int4: IREE has no code for tables of it in most kernels."""
        made = super().constant(array, dtype, name)
        if dtype is dtypes.int4:
            self._four_bits[made] = array
        return made

    def quantize(
        self,
        out: TensorType,
        x: HloValue,
        scale: HloValue,
        zero_point: HloValue | None,
        dim: int | None,
    ) -> HloValue:
        """Compute int4 as int8, likewise."""
        if out.dtype is not dtypes.int4:
            return super().quantize(out, x, scale, zero_point, dim)
        inside = quantization.rounded(self, out, x, scale, zero_point, dim)
        whole = self.emit("stablehlo.convert", out.with_dtype(dtypes.int8), inside)
        return self._remembered(whole)

    def gather(self, out: TensorType, x: HloValue, index: HloValue, dim: int) -> HloValue:
        """Gather from int8, likewise."""
        whole = self.unpacked(x)
        if whole is x:
            return super().gather(out, x, index, dim)
        return self._remembered(super().gather(out.with_dtype(dtypes.int8), whole, index, dim))

    def _remembered(self, x: HloValue) -> HloValue:
        """Emit int8 as int4, and remember it."""
        made = self.emit("stablehlo.convert", x.type.with_dtype(dtypes.int4), x)
        self._as_bytes[made] = x
        return made

    def unpacked(self, x: HloValue) -> HloValue:
        """Emit an int4 that is remembered as int8; constants from bytes that hold two elements."""
        array = self._four_bits.get(x)
        if array is None:
            return self._as_bytes.get(x, x)
        pairs = _pairs(array)
        packed = (pairs[:, 0] & 15) | (pairs[:, 1] << 4)
        both = TensorType(pairs.shape, dtypes.int8)
        held = super().constant(packed, dtypes.int8, "packed")
        raised = super().constant(np.array([4, 0], np.int8), dtypes.int8)
        upper = self.elementwise(
            "shift_left",
            both,
            self.broadcast_in_dim(held, both.shape, (0,)),
            self.broadcast_in_dim(raised, both.shape, (1,)),
        )
        whole = self.elementwise("shift_right", both, upper, self.full(both, 4))
        flat = self.reshape(both.with_shape((pairs.size,)), whole)
        first = self.slice(flat.type.with_shape((array.size,)), flat, [0], [array.size], [1])
        return self.reshape(both.with_shape(array.shape), first)


def _pairs(array: Array) -> Array:
    """Return the elements as int8, two in a row; 0 where there is no second one."""
    flat = array.astype(np.int8).reshape(-1)
    return np.append(flat, np.zeros(flat.size % 2, np.int8)).reshape(-1, 2)
