"""What IREE 3.13 needs for quantised tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farrier_compiler.graph import Shape, TensorType
from farrier_compiler.iree_four_bits import IreeFourBits
from farrier_compiler.program import Handle
from farrier_compiler.stablehlo import DimPairs, HloValue
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

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
        """Remember the integers of packed weights, (n / tile, k, tile), with blocks or without."""
        made = super().dequantize(out, x, scale, zero_point, dim)
        plain = scale.type.rank == 0 and zero_point is None and out.dtype is dtypes.float32
        if plain and out.rank > 2 and x.type.is_static and x.type.dtype in _PACKED:
            self._widened[made] = (x, scale)
        return made

    def dot_general(
        self, out: TensorType, lhs: HloValue, rhs: HloValue, batch: DimPairs, contracting: DimPairs
    ) -> HloValue:
        """Widen packed weights inside the loops, which IREE would do in memory before them.

        Without the barrier it would transpose the loops: half as fast.
        """
        found = self._widened.get(rhs)
        form = (lhs.type.rank, batch, contracting)
        if found is None or form not in (_PLAIN, _BLOCKS):
            return super().dot_general(out, lhs, rhs, batch, contracting)
        order = (1, 0, 2) if form == _PLAIN else (1, 2, 0, 3)
        sums = self._packed_sums(out.with_shape(_inverse(out.shape, order)), lhs, found[0])
        moved = sums if form == _PLAIN and out.shape[0] == 1 else self.barrier(sums)
        scale = self.broadcast_in_dim(found[1], out.shape, ())
        return self.elementwise("multiply", out, self.transpose(out, moved, order), scale)

    def _packed_sums(self, out: TensorType, x: HloValue, weight: HloValue) -> HloValue:
        """Emit the loops over (tiles, [blocks,] rows, tile)."""
        block = ["d1"] if out.rank == 4 else []
        rows, column, term = (f"d{out.rank + place}" for place in (-2, -1, 0))
        maps = [", ".join([rows, *block, term]), ", ".join(["d0", *block, term, column])]
        maps.append(", ".join(f"d{dim}" for dim in range(out.rank)))
        zeros, integers = self.filled(out, 0), self.unpacked(weight)
        return self.generic(out, [x, integers], zeros, maps, self._widen_multiply_add, 1)

    def _widen_multiply_add(self, values: Sequence[Handle]) -> list[Handle]:
        left, right, total = values
        wide = self.program.operation("arith.sitofp", ["f32"], [right])[0]
        return self.multiply_add(dtypes.float32)([left, wide, total])


_PACKED: tuple[dtype, ...] = (dtypes.int8, dtypes.int4)
# The rank of the input, batch and contracting dimensions of a product with packed weights.
_PLAIN = (2, ((), ()), ((1,), (1,)))
_BLOCKS = (3, ((1,), (1,)), ((2,), (2,)))


def _inverse(shape: Shape, order: Sequence[int]) -> Shape:
    """Return the shape that a transpose turns into another one."""
    return tuple(shape[order.index(dim)] for dim in range(len(shape)))
