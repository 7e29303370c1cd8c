"""Elementwise operations, constants and shapes in portable StableHLO: what every family uses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from farrier_compiler.sizes import SymbolicSize, is_static
from farrier_compiler.stablehlo.emitter import Emitter, HloValue
from farrier_compiler.stablehlo.formulas import FORMULAS, division
from farrier_compiler.stablehlo.names import DIRECTIONS, ELEMENTWISE, WORDLESS, gather_dims, i64s
from farrier_compiler.stablehlo.term import Term
from farrier_compiler.types.elements import Array
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype


class CoreBuilder(Emitter):
    """Emits elementwise operations, constants and changes of shape."""

    # ------------------------------------------------------------------ elementwise

    def elementwise(self, name: str, out: TensorType, *operands: HloValue) -> HloValue:
        """Emit an elementwise op; operands have the result's shape."""
        return self.portable(name, out, *operands)

    def portable(self, name: str, out: TensorType, *operands: HloValue) -> HloValue:
        """Emit what StableHLO has for an op, or its formula."""
        if name in WORDLESS:
            return self._formula(name, out, operands)
        if out.dtype.is_unsigned and name == "abs":  # the spec has it for signed ones only
            return operands[0]
        if out.dtype.is_unsigned and name == "sign":  # likewise
            return self.elementwise("minimum", out, *operands, self.full(out, 1))
        if out.dtype.is_unsigned and name == "shift_right":
            return self.emit("stablehlo.shift_right_logical", out, *operands)
        return self.emit(ELEMENTWISE.get(name, f"stablehlo.{name}"), out, *operands)

    def _formula(self, name: str, out: TensorType, operands: Sequence[HloValue]) -> HloValue:
        """Emit what StableHLO has no word for; of 16-bit floats and less, in float32."""
        if out.dtype.bits < 32:
            wide = out.with_dtype(dtypes.float32)
            result = self._formula(name, wide, [self.convert(wide, x) for x in operands])
            return self.convert(out, result)
        return FORMULAS[name](*[Term(self, x) for x in operands]).value

    def remainder(self, x: HloValue, y: HloValue) -> HloValue:
        """Emit the remainder that has the divisor's sign."""
        return division.remainder(Term(self, x), Term(self, y)).value

    def floor_divide(self, x: HloValue, y: HloValue) -> HloValue:
        """Emit the quotient rounded down."""
        return division.floor_divide(Term(self, x), Term(self, y)).value

    def _and(self, x: HloValue, y: HloValue) -> HloValue:
        return self.elementwise("bitwise_and", x.type, x, y)

    def _compare_with(self, name: str, x: HloValue, number: float) -> HloValue:
        return self.compare(name, x.type.with_dtype(dtypes.bool), x, self.full(x.type, number))

    def compare(self, name: str, out: TensorType, x: HloValue, y: HloValue) -> HloValue:
        """Emit a comparison: bool where the relation holds."""
        dtype = x.type.dtype
        order = "FLOAT" if dtype.is_floating else "SIGNED" if _is_signed(dtype) else "UNSIGNED"
        return self.emit(
            "stablehlo.compare",
            out,
            x,
            y,
            comparison_direction=f"#stablehlo<comparison_direction {DIRECTIONS[name]}>",
            compare_type=f"#stablehlo<comparison_type {order}>",
        )

    def select(self, out: TensorType, condition: HloValue, x: HloValue, y: HloValue) -> HloValue:
        """Emit the choice between two tensors; all have the result's shape."""
        return self.emit("stablehlo.select", out, condition, x, y)

    def convert(self, out: TensorType, x: HloValue) -> HloValue:
        """Emit a conversion to the result's data type; to bool it means `x != 0`."""
        if out.dtype is x.type.dtype:
            return x
        if out.dtype is dtypes.bool:
            return self.compare("not_equal", out, x, self.full(x.type, 0))
        return self.emit("stablehlo.convert", out, x)

    def bitcast(self, dtype: dtype, x: HloValue) -> HloValue:
        """Emit the same bits as another data type of that size."""
        if x.type.dtype is dtype:
            return x
        return self.emit("stablehlo.bitcast_convert", x.type.with_dtype(dtype), x)

    # ------------------------------------------------------------------ constants and shapes

    def constant(self, array: Array, dtype: dtype, name: str = "constant") -> HloValue:
        """Emit a constant tensor."""
        type = TensorType(array.shape, dtype)
        return HloValue(self.program.constant(name, array, type), type)

    def full(self, type: TensorType, value: float | bool) -> HloValue:
        """Emit a tensor that holds one number everywhere."""
        if not type.is_static:
            return self.broadcast_in_dim(self.full(type.with_shape(()), value), type.shape, ())
        array = np.broadcast_to(np.asarray(value).astype(type.dtype.numpy), type.shape)
        return self.constant(array, type.dtype)

    def filled_with_size(self, type: TensorType, size: int) -> HloValue:
        """Emit a tensor that holds a size everywhere."""
        if not isinstance(size, SymbolicSize):
            return self.full(type, size)
        number = self.convert(type.with_shape(()), self.size(size))
        return self.broadcast_in_dim(number, type.shape, ())

    def iota(self, out: TensorType, dim: int) -> HloValue:
        """Emit 0, 1, 2, ... along a dimension."""
        if not out.is_static:
            return self.dynamic_iota(out, dim)
        return self.emit("stablehlo.iota", out, iota_dimension=f"{dim} : i64")

    def broadcast_to(self, x: HloValue, shape: Shape) -> HloValue:
        """Emit numpy's broadcast of `x` to a shape: new dimensions go in front."""
        first = len(shape) - x.type.rank
        return self.broadcast_in_dim(x, shape, tuple(range(first, len(shape))))

    def broadcast_in_dim(self, x: HloValue, shape: Shape, dims: Sequence[int]) -> HloValue:
        """Emit a broadcast that puts dimension `i` of `x` at `dims[i]` of the result."""
        if x.type.shape == shape:
            return x
        out = x.type.with_shape(shape)
        if not out.is_static or not x.type.is_static:
            return self.dynamic_broadcast(x, shape, dims)
        return self.emit("stablehlo.broadcast_in_dim", out, x, broadcast_dimensions=i64s(dims))

    def reshape(self, out: TensorType, x: HloValue) -> HloValue:
        """Emit a change of shape."""
        if out.shape == x.type.shape:
            return x
        if not out.is_static or not x.type.is_static:
            return self.dynamic_reshape(out, x)
        return self.emit("stablehlo.reshape", out, x)

    def transpose(self, out: TensorType, x: HloValue, permutation: Sequence[int]) -> HloValue:
        """Emit a reordering of dimensions: `i` of the result is `permutation[i]` of `x`."""
        return self.emit("stablehlo.transpose", out, x, permutation=i64s(permutation))

    def slice(
        self,
        out: TensorType,
        x: HloValue,
        start: Sequence[int],
        limit: Sequence[int],
        step: Sequence[int],
    ) -> HloValue:
        """Emit a selection of elements `start, start + step, ...` below `limit` a dimension."""
        if not is_static((*start, *limit)):
            return self.dynamic_slice(out, x, (start, limit, step))
        return self.emit(
            "stablehlo.slice",
            out,
            x,
            start_indices=i64s(start),
            limit_indices=i64s(limit),
            strides=i64s(step),
        )

    def reverse(self, out: TensorType, x: HloValue, dims: Sequence[int]) -> HloValue:
        """Emit a reversal of the order along dimensions."""
        return self.emit("stablehlo.reverse", out, x, dimensions=i64s(dims))

    def concatenate(self, out: TensorType, values: Sequence[HloValue], dim: int) -> HloValue:
        """Emit tensors joined along a dimension."""
        return self.emit("stablehlo.concatenate", out, *values, dimension=f"{dim} : i64")

    def pad(
        self,
        out: TensorType,
        x: HloValue,
        value: HloValue,
        low: Sequence[int],
        high: Sequence[int],
        interior: Sequence[int],
    ) -> HloValue:
        """Emit a padding with a scalar; negative amounts crop."""
        if not is_static((*low, *high)):
            return self.dynamic_pad(out, x, value, (low, high, interior))
        return self.emit(
            "stablehlo.pad",
            out,
            x,
            value,
            edge_padding_low=i64s(low),
            edge_padding_high=i64s(high),
            interior_padding=i64s(interior),
        )

    def parameter(self, key: str, type: TensorType) -> HloValue:
        """Emit the reading of a constant that lies beside the program, by its name there."""
        return HloValue(self.program.parameter(key, type), type)

    def argument(self, x: HloValue) -> HloValue:
        """Return an input of the function as ops shall read it."""
        return x

    def barrier(self, x: HloValue) -> HloValue:
        """Emit the same tensor, across which nothing is fused."""
        return self.emit("stablehlo.optimization_barrier", x.type, x)

    def gather(self, out: TensorType, x: HloValue, index: HloValue, dim: int) -> HloValue:
        """Emit parts of `x` along a dimension; the op itself clamps indices that are too large."""
        if out.size == 0:
            return self.full(out, 0)
        size = self.filled_with_size(index.type, x.type.shape[dim])
        below = self._compare_with("less", index, 0)
        shifted = self.elementwise("add", index.type, index, size)
        index = self.select(index.type, below, shifted, index)
        numbers = gather_dims(dim, out.rank, index.type.rank)
        if not x.type.is_static:
            return self.dynamic_gather(out, x, index, dim, numbers)
        return self.emit(
            "stablehlo.gather",
            out,
            x,
            index,
            dimension_numbers=numbers,
            slice_sizes=i64s([*x.type.shape[:dim], 1, *x.type.shape[dim + 1 :]]),
            indices_are_sorted="false",
        )


def _is_signed(dtype: dtype) -> bool:
    return dtype.is_integer and not dtype.is_unsigned
