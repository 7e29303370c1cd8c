"""Quantised tensors in the form that IREE 3.13 compiles to fast code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farrier_compiler.for_iree.loops import IreeLoops
from farrier_compiler.mlir.module import Handle
from farrier_compiler.sizes import lower_bound
from farrier_compiler.stablehlo.builder import DimPairs
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

if TYPE_CHECKING:
    from farrier_compiler.mlir.module import MlirModule
    from farrier_compiler.stablehlo.affine import AffineParameters


class PackedWeights(IreeLoops):
    """Emits contractions with packed weights as loops that widen them on the fly."""

    def __init__(self, program: MlirModule) -> None:
        super().__init__(program)
        self._widened: dict[HloValue, tuple[HloValue, HloValue]] = {}

    def known_type(self, type: TensorType) -> TensorType:
        """Use plain arithmetic: IREE takes u8 for i8, and does not lower scales per axis."""
        return type.plain

    # ------------------------------------------------------------------ packed weights

    def dequantize(self, out: TensorType, x: HloValue, by: AffineParameters) -> HloValue:
        """Record the integers of packed weights, (n / tile, [blocks,] terms, tile)."""
        floats = super().dequantize(out, x, by)
        plain = by.scale.type.rank in (0, 4) and by.zero_point is None
        packed = out.rank > 2 and x.type.is_static and x.type.dtype in _PACKED
        if plain and packed and out.dtype is dtypes.float32:
            self._widened[floats] = (x, by.scale)
        return floats

    def dot_general(
        self, out: TensorType, lhs: HloValue, rhs: HloValue, batch: DimPairs, contracting: DimPairs
    ) -> HloValue:
        """Widen packed weights inside the loops; IREE would do so in memory before them.

        Without the barrier it would transpose the loops, which halves their speed.
        """
        packed = self._widened.get(rhs)
        form = (lhs.type.rank, batch, contracting)
        if packed is None or form not in (_PLAIN, _BLOCKS):
            return super().dot_general(out, lhs, rhs, batch, contracting)
        rows, tiles, tile = out.shape
        tiled = out.with_shape((tiles, rows, tile))
        weight, scale = self.unpacked(packed[0]), packed[1]
        if form == _PLAIN:
            sums = self._sums(tiled, lhs, weight)
        else:
            scales = self.barrier(self.reshape(_without(scale.type, 2), scale))
            sums = self._sums_of_blocks(tiled, lhs, weight, scales)
        product = self.transpose(out, sums if rows == 1 else self.barrier(sums), (1, 0, 2))
        if form == _BLOCKS:
            return product
        factors = self.broadcast_in_dim(scale, out.shape, ())
        return self.elementwise("multiply", out, product, factors)

    def _sums(self, out: TensorType, x: HloValue, weight: HloValue) -> HloValue:
        """Emit the loops over (tiles, rows, tile)."""
        maps = ["d1, d3", "d0, d3, d2", "d0, d1, d2"]
        return self.generic(
            out, [x, weight], self.filled(out, 0), maps, self._widen_multiply_add, 1
        )

    def _sums_of_blocks(
        self, out: TensorType, x: HloValue, weight: HloValue, scale: HloValue
    ) -> HloValue:
        """Emit scaled sums over blocks, in loops that suit the number of rows."""
        rows = out.shape[1]
        if lower_bound(rows) >= _MANY_ROWS:
            return self._of_scaled_weights(out, x, weight, scale)
        if rows == 1:
            return self._of_one_row(out, x, weight, scale)
        return self._of_scaled_sums(out, [x, weight, scale], _ROWS)

    def _of_scaled_weights(
        self, out: TensorType, x: HloValue, weight: HloValue, scale: HloValue
    ) -> HloValue:
        """Multiply each weight by its scale first, which is cheap beside many rows."""
        wide, identity = weight.type.with_dtype(dtypes.float32), "d0, d1, d2, d3"
        maps = [identity, "d0, d1, d3", identity]
        floats = self.generic(wide, [weight, scale], self.empty(wide), maps, self._widen_scale, 0)
        maps = ["d1, d3, d4", "d0, d3, d4, d2", "d0, d1, d2"]
        add = self.multiply_add(dtypes.float32)
        return self.generic(out, [x, floats], self.filled(out, 0), maps, add, 2)

    def _of_one_row(
        self, out: TensorType, x: HloValue, weight: HloValue, scale: HloValue
    ) -> HloValue:
        """Emit one kernel instead of two, so that threads synchronise once."""
        tiles, _, tile = out.shape
        row = self.reshape(_without(x.type, 0), x)
        step = 1 if tiles % 2 else 2
        settings = (
            f"vector_common_parallel = [{step}, 0, {tile}, 0], "
            "vector_inner_parallel = [0, 1, 0, 0], vector_reduction = [0, 0, 0, 4]",
            f"distribution = [{2 * step}, {tile}, 0], "
            f"vector_common_parallel = [{step}, {tile}, 0], vector_reduction = [0, 0, 1]",
        )
        line = _without(out, 1)
        kernel = self.one_kernel(
            line, lambda: self._of_scaled_sums(line, [row, weight, scale], _ROW, settings)
        )
        return self.reshape(out, kernel)

    def _of_scaled_sums(
        self,
        out: TensorType,
        operands: Sequence[HloValue],
        maps: tuple[Sequence[str], Sequence[str]],
        settings: tuple[str, str] | None = None,
    ) -> HloValue:
        """Emit the sums of each block, then the sum of those times their scales."""
        *factors, scale = operands
        parts = out.with_shape((out.shape[0], scale.type.shape[1], *out.shape[1:]))
        inner, outer = _tilings(*settings) if settings else ({}, {})
        zeros, body = self.filled(parts, 0), self._widen_multiply_add
        sums = self.generic(parts, factors, zeros, maps[0], body, 1, **inner)
        zeros, body = self.filled(out, 0), self.multiply_add(dtypes.float32)
        return self.generic(out, [sums, scale], zeros, maps[1], body, 1, **outer)

    def _widen_multiply_add(self, values: Sequence[Handle]) -> list[Handle]:
        left, right, total = values
        return self.multiply_add(dtypes.float32)([left, self._widen(right), total])

    def _widen_scale(self, values: Sequence[Handle]) -> list[Handle]:
        integer, scale, _ = values
        return [self.arith("mulf", self._widen(integer), scale, "f32")]

    def _widen(self, integer: Handle) -> Handle:
        return self.program.operation("arith.sitofp", ["f32"], [integer])[0]


_PACKED: tuple[dtype, ...] = (dtypes.int8, dtypes.int4)
# The rank of the input, batch and contracting dimensions of a matmul with packed weights.
_PLAIN = (2, ((), ()), ((1,), (1,)))
_BLOCKS = (3, ((), ()), ((1, 2), (1, 2)))
_MANY_ROWS = 32
# Loops over (tiles, blocks, [rows,] tile, terms), then over (tiles, [rows,] tile, blocks).
_ROW = ["d1, d3", "d0, d1, d3, d2", "d0, d1, d2"], ["d0, d2, d1", "d0, d2, d1", "d0, d1"]
_ROWS = (
    ["d2, d1, d4", "d0, d1, d4, d3", "d0, d1, d2, d3"],
    ["d0, d3, d1, d2", "d0, d3, d2", "d0, d1, d2"],
)


def _tilings(inner: str, outer: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the attributes that tile the two loops of a kernel."""
    inner, outer = (f"#iree_cpu.lowering_config<{text}>" for text in (inner, outer))
    pipeline = "#iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>>"
    whole = f"lowering_config = {outer}, translation_info = {pipeline}"
    return (
        {"lowering_config": inner},
        {"compilation_info": f"#iree_codegen.compilation_info<{whole}>"},
    )


def _without(type: TensorType, dim: int) -> TensorType:
    """Return a type without one of its dimensions, of size 1."""
    return type.with_shape((*type.shape[:dim], *type.shape[dim + 1 :]))
