"""What IREE 3.13 needs for quantised tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farrier_compiler.graph import TensorType
from farrier_compiler.iree_four_bits import IreeFourBits
from farrier_compiler.program import Handle
from farrier_compiler.stablehlo import DimPairs, HloValue
from farrier_runtime import dtypes

if TYPE_CHECKING:
    from farrier_compiler.program import Program


class IreeQuantization(IreeFourBits):
    """Emits quantised tensors in the form that IREE compiles."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
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
