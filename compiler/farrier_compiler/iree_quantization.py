"""What IREE 3.13 needs for quantised tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler.graph import TensorType
from farrier_compiler.iree_windows import IreeWindows
from farrier_compiler.stablehlo import HloValue
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

    def known_type(self, type: TensorType) -> TensorType:
        """IREE takes u8 for i8, and lowers no scales by axis: it gets plain arithmetic."""
        return type.plain

    def constant(self, array: Array, dtype: dtype, name: str = "constant") -> HloValue:
        """Remember the elements of int4: IREE has no code for tables of it in most kernels."""
        made = super().constant(array, dtype, name)
        if dtype is dtypes.int4:
            self._four_bits[made] = array
        return made

    def unpacked(self, x: HloValue) -> HloValue:
        """Emit a constant of int4 as int8, from bytes that hold two elements each."""
        array = self._four_bits.get(x)
        if array is None:
            return x
        pairs = _pairs(array)
        packed = (pairs[:, 0] & 15) | (pairs[:, 1] << 4)
        both = x.type.with_dtype(dtypes.int8).with_shape(pairs.shape)
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
