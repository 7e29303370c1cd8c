"""The builder of portable StableHLO, by the letter of its specification (v1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler import quantization
from farrier_compiler.emitter import Emitter, HloValue
from farrier_compiler.graph import Shape, TensorType
from farrier_compiler.identities import identity, lowest
from farrier_compiler.mlir_text import element_text, type_text
from farrier_compiler.program import Handle
from farrier_compiler.sizes import SymbolicSize, is_static
from farrier_compiler.stablehlo_names import (
    DIRECTIONS,
    ELEMENTWISE,
    REDUCERS,
    convolution_dims,
    gather_dims,
    i64s,
    pairs,
)
from farrier_compiler.windows import padded, unpadded, with_numbers
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

if TYPE_CHECKING:
    from farrier_compiler.graph import Array
    from farrier_compiler.ops.convolution import Convolution
    from farrier_compiler.ops.pooling import Pool

DimPairs = tuple[Sequence[int], Sequence[int]]


class Builder(Emitter):
    """Emits portable StableHLO into a program."""

    # ------------------------------------------------------------------ elementwise

    def elementwise(self, name: str, out: TensorType, *operands: HloValue) -> HloValue:
        """Emit the row of `ELEMENTWISE` for an op; operands have the result's shape."""
        if out.dtype.is_unsigned and name == "abs":  # the spec has it for signed ones only
            return operands[0]
        if out.dtype.is_unsigned and name == "sign":  # likewise
            return self.elementwise("minimum", out, *operands, self.full(out, 1))
        if out.dtype.is_unsigned and name == "shift_right":
            return self.emit("stablehlo.shift_right_logical", out, *operands)
        return self.emit(ELEMENTWISE[name], out, *operands)

    def floor_remainder(self, out: TensorType, x: HloValue, y: HloValue) -> HloValue:
        """Emit the remainder that has the divisor's sign; StableHLO's has the dividend's."""
        remainder = self.elementwise("truncated_remainder", out, x, y)
        if out.dtype.is_unsigned:
            return remainder
        shifted = self.elementwise("add", out, remainder, y)
        return self.select(out, self._signs_differ(remainder, y), shifted, remainder)

    def floor_divide(self, out: TensorType, x: HloValue, y: HloValue) -> HloValue:
        """Emit the quotient rounded down, from an exact remainder."""
        if out.dtype.is_unsigned:
            return self.elementwise("divide", out, x, y)
        remainder = self.elementwise("truncated_remainder", out, x, y)
        below = self._signs_differ(remainder, y)
        if out.dtype.is_integer:
            quotient = self.elementwise("divide", out, x, y)
            below = self._and(below, self._compare_with("not_equal", y, 0))
        else:
            whole = self.elementwise("subtract", out, x, remainder)
            quotient = self.elementwise("round", out, self.elementwise("divide", out, whole, y))
        lower = self.elementwise("subtract", out, quotient, self.full(out, 1))
        quotient = self.select(out, below, lower, quotient)
        if out.dtype.is_integer:
            return quotient
        by_zero = self._compare_with("equal", y, 0)
        return self.select(out, by_zero, self.elementwise("divide", out, x, y), quotient)

    def _signs_differ(self, remainder: HloValue, y: HloValue) -> HloValue:
        """Emit whether a remainder is not 0 and has another sign than the divisor."""
        flags = y.type.with_dtype(dtypes.bool)
        signs = [self._compare_with("less", value, 0) for value in (remainder, y)]
        differ = self.compare("not_equal", flags, *signs)
        return self._and(differ, self._compare_with("not_equal", remainder, 0))

    def _and(self, x: HloValue, y: HloValue) -> HloValue:
        return self.elementwise("logical_and", x.type, x, y)

    def _compare_with(self, name: str, x: HloValue, number: float) -> HloValue:
        return self.compare(name, x.type.with_dtype(dtypes.bool), x, self.full(x.type, number))

    def compare(self, name: str, out: TensorType, x: HloValue, y: HloValue) -> HloValue:
        """Emit a comparison: bool where the relation holds."""
        kind = x.type.dtype
        order = "FLOAT" if kind.is_floating else "SIGNED" if _is_signed(kind) else "UNSIGNED"
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

    def quantize(
        self,
        out: TensorType,
        x: HloValue,
        scale: HloValue,
        zero_point: HloValue | None,
        dim: int | None,
    ) -> HloValue:
        """Emit the integers, or small floats, that stand for floats, saturated."""
        if (known := out.quantization) and not known.block and not any(known.zero_point):
            return self.emit("stablehlo.uniform_quantize", out, x)
        made = quantization.quantize(self, out.plain, x, scale, zero_point, dim)
        return self.as_quantized(made, out)

    def dequantize(
        self,
        out: TensorType,
        x: HloValue,
        scale: HloValue,
        zero_point: HloValue | None,
        dim: int | None,
    ) -> HloValue:
        """Emit the floats that integers, or small floats, stand for."""
        if (known := x.type.quantization) and not known.block:
            return self.emit("stablehlo.uniform_dequantize", out, x)
        return quantization.dequantize(self, out, self.plain(x), scale, zero_point, dim)

    # ------------------------------------------------------------------ reductions

    def reduce(self, kind: str, x: HloValue, dims: Sequence[int]) -> HloValue:
        """Emit a reduction, a row of `REDUCERS`, that removes dimensions.

        Sums and products of floats of 16 bits and less are computed in float32.
        """
        narrow = x.type.dtype
        if kind in ("sum", "prod") and narrow.is_floating and narrow.bits <= 16:
            wide = self.convert(x.type.with_dtype(dtypes.float32), x)
            reduced = self.reduce(kind, wide, dims)
            return self.convert(reduced.type.with_dtype(narrow), reduced)
        scalar = x.type.with_shape(())
        body = self._reducer(kind, scalar)
        results = self._reduce([x], [self.full(scalar, identity(kind, narrow))], dims, body)
        return results[0]

    def _reducer(self, kind: str, scalar: TensorType) -> Callable[..., list[HloValue]]:
        def body(x: HloValue, y: HloValue) -> list[HloValue]:
            return [self.emit(REDUCERS[kind], scalar, x, y)]

        return body

    def arg_reduce(self, kind: str, x: HloValue, dim: int) -> HloValue:
        """Emit the int32 index of the largest ("argmax") or smallest element along a dimension."""
        index = self.iota(x.type.with_dtype(dtypes.int32), dim)
        kinds = [x.type.dtype, dtypes.int32]
        numbers = (identity(kind.removeprefix("arg"), x.type.dtype), 0)
        initial = [
            self.full(TensorType((), dtype), number)
            for dtype, number in zip(kinds, numbers, strict=True)
        ]
        relation = "greater" if kind == "argmax" else "less"

        def body(x: HloValue, i: HloValue, y: HloValue, j: HloValue) -> list[HloValue]:
            first = self._is_first(relation, x, i, y, j)
            return [self.select(x.type, first, x, y), self.select(i.type, first, i, j)]

        return self._reduce([x, index], initial, [dim], body)[1]

    def _is_first(
        self, relation: str, x: HloValue, i: HloValue, y: HloValue, j: HloValue
    ) -> HloValue:
        """Emit whether `x` at `i` wins over `y` at `j`: NaN wins, of equal ones the first."""
        flag = TensorType((), dtypes.bool)
        better = self.compare(relation, flag, x, y)
        equal = self.compare("equal", flag, x, y)
        if x.type.dtype.is_floating:
            nan = [self.compare("not_equal", flag, value, value) for value in (x, y)]
            only_x = self._and(nan[0], self.elementwise("logical_not", flag, nan[1]))
            better = self.elementwise("logical_or", flag, better, only_x)
            equal = self.elementwise("logical_or", flag, equal, self._and(*nan))
        earlier = self._and(equal, self.compare("less", flag, i, j))
        return self.elementwise("logical_or", flag, better, earlier)

    def _reduce(
        self,
        operands: Sequence[HloValue],
        initial: Sequence[HloValue],
        dims: Sequence[int],
        body: Callable[..., Sequence[HloValue]],
    ) -> list[HloValue]:
        """Emit a reduction of several tensors at once."""
        scalars = [value.type for value in initial]
        outs = [
            value.type.with_shape(
                size for dim, size in enumerate(value.type.shape) if dim not in dims
            )
            for value in operands
        ]

        def region(handles: Sequence[Handle]) -> list[Handle]:
            pairs = zip(handles, scalars * 2, strict=True)
            made = body(*[HloValue(handle, type) for handle, type in pairs])
            return [value.handle for value in made]

        results = self.program.operation(
            "stablehlo.reduce",
            [type_text(out) for out in outs],
            [value.handle for value in (*operands, *initial)],
            {"dimensions": i64s(dims)},
            [([type_text(type) for type in scalars * 2], region)],
        )
        return [HloValue(result, out) for result, out in zip(results, outs, strict=True)]

    # ------------------------------------------------------------------ sorting

    def sort(self, values: Sequence[HloValue], dim: int, descending: bool) -> list[HloValue]:
        """Emit a stable sort of tensors by the first one; NaN is larger than every number."""

        def before(x: HloValue, y: HloValue, *_: HloValue) -> HloValue:
            return self._precedes(x, y, descending)

        return self._sort(values, dim, before)

    def top_k(self, x: HloValue, k: int, dim: int) -> list[HloValue]:
        """Emit the largest elements in order and their int32 indices; of equal ones the first.

        The first elements of a sort: `chlo.top_k` does not say which of equal ones it finds.
        """
        index = self.iota(x.type.with_dtype(dtypes.int32), dim)
        limit = (*x.type.shape[:dim], k, *x.type.shape[dim + 1 :])
        start, step = [0] * x.type.rank, [1] * x.type.rank
        return [
            self.slice(value.type.with_shape(limit), value, start, limit, step)
            for value in self.sort([x, index], dim, descending=True)
        ]

    def _precedes(self, x: HloValue, y: HloValue, descending: bool) -> HloValue:
        """Emit whether a key comes before another one, and is not equal."""
        flag = TensorType((), dtypes.bool)
        better = self.compare("greater" if descending else "less", flag, x, y)
        if not x.type.dtype.is_floating:
            return better
        largest, other = (x, y) if descending else (y, x)
        is_number = self.compare("equal", flag, other, other)
        is_nan = self.compare("not_equal", flag, largest, largest)
        return self.elementwise("logical_or", flag, better, self._and(is_nan, is_number))

    def _sort(
        self, values: Sequence[HloValue], dim: int, before: Callable[..., HloValue]
    ) -> list[HloValue]:
        """Emit a sort; `before` gets two elements of each tensor in turn."""
        scalars = [value.type.with_shape(()) for value in values for _ in range(2)]

        def region(handles: Sequence[Handle]) -> list[Handle]:
            pairs = zip(handles, scalars, strict=True)
            return [before(*[HloValue(handle, type) for handle, type in pairs]).handle]

        results = self.program.operation(
            "stablehlo.sort",
            [type_text(value.type) for value in values],
            [value.handle for value in values],
            {"dimension": f"{dim} : i64", "is_stable": "true"},
            [([type_text(type) for type in scalars], region)],
        )
        return [HloValue(result, value.type) for result, value in zip(results, values, strict=True)]

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

    # ------------------------------------------------------------------ contractions and windows

    def dot_general(
        self, out: TensorType, lhs: HloValue, rhs: HloValue, batch: DimPairs, contracting: DimPairs
    ) -> HloValue:
        """Emit a contraction; the pairs hold the left and the right operand's dimensions."""
        numbers = (
            f"lhs_batching_dimensions = {list(batch[0])}, "
            f"rhs_batching_dimensions = {list(batch[1])}, "
            f"lhs_contracting_dimensions = {list(contracting[0])}, "
            f"rhs_contracting_dimensions = {list(contracting[1])}"
        )
        attribute = f"#stablehlo.dot<{numbers}>"
        return self.emit("stablehlo.dot_general", out, lhs, rhs, dot_dimension_numbers=attribute)

    def convolution(
        self, out: TensorType, input: HloValue, kernel: HloValue, attributes: Convolution
    ) -> HloValue:
        """Emit a convolution."""
        if not is_static(amount for pair in attributes.padding for amount in pair):
            input, attributes = padded(self, input, attributes), unpadded(attributes)
        return self.emit(
            "stablehlo.convolution",
            out,
            input,
            kernel,
            window_strides=i64s(attributes.stride),
            padding=pairs(attributes.padding),
            lhs_dilation=i64s(attributes.input_dilation),
            rhs_dilation=i64s(attributes.dilation),
            dimension_numbers=convolution_dims(len(attributes.stride), attributes.layout),
            feature_group_count=f"{attributes.groups} : i64",
            batch_group_count="1 : i64",
        )

    def batch_norm_inference(
        self, out: TensorType, *values: HloValue, eps: float, feature_dim: int
    ) -> HloValue:
        """Emit a normalisation of input by scale, offset, mean and variance, in this order."""
        *others, variance = values
        if out.dtype is dtypes.float64:  # the attribute holds 32 bits
            exact = self.full(variance.type, eps)
            variance, eps = self.elementwise("add", variance.type, variance, exact), 0.0
        return self.emit(
            "stablehlo.batch_norm_inference",
            out,
            *others,
            variance,
            epsilon=f"{eps:.9e} : f32",
            feature_index=f"{feature_dim} : i64",
        )

    def reduce_window(self, out: TensorType, x: HloValue, attributes: Pool) -> HloValue:
        """Emit a reduction over windows that slide along the dimensions."""
        attributes = with_numbers(attributes)
        element = x.type.with_shape(())
        initial = self.full(element, lowest(element.dtype) if attributes.kind == "max" else 0)

        def combine(pair: Sequence[Handle]) -> list[Handle]:
            return self.program.operation(REDUCERS[attributes.kind], [type_text(element)], pair)

        results = self.program.operation(
            "stablehlo.reduce_window",
            [type_text(out)],
            [x.handle, initial.handle],
            {
                "window_dimensions": i64s(attributes.window),
                "window_strides": i64s(attributes.stride),
                "window_dilations": i64s(attributes.dilation),
                "padding": pairs(attributes.padding),
            },
            [([type_text(element)] * 2, combine)],
        )
        return HloValue(results[0], out)


def _is_signed(kind: dtype) -> bool:
    return kind.is_integer and not kind.is_unsigned


__all__ = ["Builder", "HloValue", "element_text", "i64s", "identity", "lowest", "type_text"]
