"""What IREE 3.13 needs for quantised tensors."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler import quantization
from farrier_compiler.graph import TensorType
from farrier_compiler.iree_windows import IreeWindows
from farrier_compiler.mlir_text import type_text
from farrier_compiler.sizes import SymbolicSize, upper
from farrier_compiler.stablehlo import Builder, DimPairs, HloValue
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

if TYPE_CHECKING:
    from farrier_compiler.graph import Array
    from farrier_compiler.program import Program

# Products of two bytes are below 2^15: so many of them fit into the 32 bits that IREE sums in.
_MOST_PRODUCTS = 1 << 16


class IreeQuantization(IreeWindows):
    """Emits quantised tensors, and constants of 4 bits, in the form that IREE compiles."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._four_bits: dict[HloValue, Array] = {}
        self._as_bytes: dict[HloValue, HloValue] = {}
        self._dequantized: dict[HloValue, tuple[HloValue, ...]] = {}

    def known_type(self, type: TensorType) -> TensorType:
        """IREE takes u8 for i8, and lowers no scales by axis: it gets plain arithmetic."""
        return type.plain

    # ------------------------------------------------------------------ contractions of integers

    def dequantize(
        self,
        out: TensorType,
        x: HloValue,
        scale: HloValue,
        zero_point: HloValue | None,
        dim: int | None,
    ) -> HloValue:
        """IREE's own operation: where both operands of a product are such, it sums integers.

        It would sum 16-bit integers in 32 bits, and scale the sums in a result's 16 bits.
        """
        x = self.unpacked(x)
        whole = x.type.dtype.is_integer and x.type.dtype.bits == 8 and out.dtype.bits >= 32
        if not whole or not out.rank or (scale.type.rank and dim is None):
            return super().dequantize(out, x, scale, zero_point, dim)
        parameters = [scale]
        if zero_point is not None:
            zero_point = self.unpacked(zero_point)
            parameters.append(self.convert(zero_point.type.with_dtype(dtypes.int64), zero_point))
        loops = ", ".join(f"d{index}" for index in range(out.rank))
        places = [loops, *(f"d{dim}" if value.type.rank else "" for value in parameters), loops]
        attributes = {
            "indexing_maps": f"[{', '.join(f'affine_map<({loops}) -> ({p})>' for p in places)}]"
        }
        if x.type.dtype.is_unsigned:
            attributes["input_unsigned"] = "unit"
        operands = [self.signless(x), *parameters, self.empty(out)]
        handles = [value.handle for value in operands]
        name, text = "iree_linalg_ext.dequantize_affine", type_text(out)
        made = HloValue(self.program.operation(name, [text], handles, attributes)[0], out)
        self._dequantized[made] = (x, *parameters)
        return made

    def dot_general(
        self, out: TensorType, lhs: HloValue, rhs: HloValue, batch: DimPairs, contracting: DimPairs
    ) -> HloValue:
        """IREE sums integers of matrices only; more than 32 bits can hold stay floats."""
        base = super().dot_general
        if not self._dequantized or not out.dtype.is_floating:
            return base(out, lhs, rhs, batch, contracting)
        terms = [upper(lhs.type.shape[dim]) for dim in contracting[0]]
        if math.prod(terms) > _MOST_PRODUCTS:
            lhs, rhs = self.barrier(lhs), self.barrier(rhs)
        rank = lhs.type.rank
        rows = self._rows(lhs)
        if rows is None or batch[0] or tuple(contracting[0]) != (rank - 1,):
            return base(out, lhs, rhs, batch, contracting)
        part = out.with_shape((rows.type.shape[0], *out.shape[rank - 1 :]))
        emit = base
        if rhs.type.is_static and not isinstance(lhs.type.shape[-1], SymbolicSize):
            emit = functools.partial(Builder.dot_general, self)  # no loops of floats
        return self.reshape(out, emit(part, rows, rhs, batch, ((1,), contracting[1])))

    def _rows(self, x: HloValue) -> HloValue | None:
        """Emit a dequantised tensor as a matrix; None for others."""
        found = self._dequantized.get(x)
        if found is None or x.type.rank < 2 or any(value.type.rank for value in found[1:]):
            return None
        if x.type.rank == 2:
            return x
        shape = (math.prod(x.type.shape[:-1]), x.type.shape[-1])
        quantized = self.reshape(found[0].type.with_shape(shape), found[0])
        zero_point = next(iter(found[2:]), None)
        return self.dequantize(x.type.with_shape(shape), quantized, found[1], zero_point, None)

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
