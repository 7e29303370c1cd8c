"""Builder of portable StableHLO, strictly by its specification (v1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from farrier_compiler.mlir.module import Handle
from farrier_compiler.mlir.text import type_text
from farrier_compiler.sizes import is_static
from farrier_compiler.stablehlo import quantization
from farrier_compiler.stablehlo.core import CoreBuilder
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_compiler.stablehlo.names import (
    REDUCERS,
    convolution_dims,
    i64s,
    pairs,
)
from farrier_compiler.stablehlo.windows import padded, with_numbers
from farrier_compiler.types.numbers import identity_element, lowest
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime import dtypes

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.affine import AffineParameters
    from farrier_compiler.types.geometry import ConvolutionForm, PoolForm

DimPairs = tuple[Sequence[int], Sequence[int]]


class Builder(CoreBuilder):
    """Emits portable StableHLO into a program."""

    def quantize(self, out: TensorType, x: HloValue, by: AffineParameters) -> HloValue:
        """Emit floats as integers or small floats, saturated."""
        if (type := out.quantization) and not type.block and not any(type.zero_point):
            return self.emit("stablehlo.uniform_quantize", out, x)
        return self.as_quantized(quantization.quantize(self, out.plain, x, by), out)

    def dequantize(self, out: TensorType, x: HloValue, by: AffineParameters) -> HloValue:
        """Emit the floats that integers or small floats represent."""
        if (type := x.type.quantization) and not type.block:
            return self.emit("stablehlo.uniform_dequantize", out, x)
        return quantization.dequantize(self, out, self.plain(x), by)

    # ------------------------------------------------------------------ reductions

    def reduce(self, kind: str, x: HloValue, dims: Sequence[int]) -> HloValue:
        """Emit a reduction, a row of `REDUCERS`, that removes dimensions.

        Sums and products of floats of at most 16 bits are computed in float32.
        """
        narrow = x.type.dtype
        if kind in ("sum", "prod") and narrow.is_floating and narrow.bits <= 16:
            wide = self.convert(x.type.with_dtype(dtypes.float32), x)
            reduced = self.reduce(kind, wide, dims)
            return self.convert(reduced.type.with_dtype(narrow), reduced)
        scalar = x.type.with_shape(())
        body = self._reducer(kind, scalar)
        results = self._reduce([x], [self.full(scalar, identity_element(kind, narrow))], dims, body)
        return results[0]

    def _reducer(self, kind: str, scalar: TensorType) -> Callable[..., list[HloValue]]:
        def body(x: HloValue, y: HloValue) -> list[HloValue]:
            return [self.emit(REDUCERS[kind], scalar, x, y)]

        return body

    def arg_reduce(self, kind: str, x: HloValue, dim: int) -> HloValue:
        """Emit the int32 index of the largest ("argmax") or smallest element along a dimension."""
        index = self.iota(x.type.with_dtype(dtypes.int32), dim)
        start = identity_element(kind.removeprefix("arg"), x.type.dtype)
        initial = [
            self.full(x.type.with_shape(()), start),
            self.full(index.type.with_shape(()), 0),
        ]
        relation = "greater" if kind == "argmax" else "less"

        def body(x: HloValue, i: HloValue, y: HloValue, j: HloValue) -> list[HloValue]:
            first = self._is_first(relation, x, i, y, j)
            return [self.select(x.type, first, x, y), self.select(i.type, first, i, j)]

        return self._reduce([x, index], initial, [dim], body)[1]

    def _is_first(
        self, relation: str, x: HloValue, i: HloValue, y: HloValue, j: HloValue
    ) -> HloValue:
        """Emit whether `x` at `i` wins over `y` at `j`: NaN wins, and the first of equals."""
        flag = TensorType((), dtypes.bool)
        better = self.compare(relation, flag, x, y)
        equal = self.compare("equal", flag, x, y)
        if x.type.dtype.is_floating:
            nan = [self.compare("not_equal", flag, value, value) for value in (x, y)]
            only_x = self._and(nan[0], self.elementwise("bitwise_not", flag, nan[1]))
            better = self.elementwise("bitwise_or", flag, better, only_x)
            equal = self.elementwise("bitwise_or", flag, equal, self._and(*nan))
        earlier = self._and(equal, self.compare("less", flag, i, j))
        return self.elementwise("bitwise_or", flag, better, earlier)

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
            reduced = body(*[HloValue(handle, type) for handle, type in pairs])
            return [value.handle for value in reduced]

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
        """Emit the largest elements in order and their int32 indices; the first of equals.

        It sorts, because `chlo.top_k` leaves open which of equals it returns.
        """
        index = self.iota(x.type.with_dtype(dtypes.int32), dim)
        limit = (*x.type.shape[:dim], k, *x.type.shape[dim + 1 :])
        start, step = [0] * x.type.rank, [1] * x.type.rank
        return [
            self.slice(value.type.with_shape(limit), value, start, limit, step)
            for value in self.sort([x, index], dim, descending=True)
        ]

    def _precedes(self, x: HloValue, y: HloValue, descending: bool) -> HloValue:
        """Emit whether a key comes strictly before another one."""
        flag = TensorType((), dtypes.bool)
        better = self.compare("greater" if descending else "less", flag, x, y)
        if not x.type.dtype.is_floating:
            return better
        largest, other = (x, y) if descending else (y, x)
        is_number = self.compare("equal", flag, other, other)
        is_nan = self.compare("not_equal", flag, largest, largest)
        return self.elementwise("bitwise_or", flag, better, self._and(is_nan, is_number))

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
        self, out: TensorType, input: HloValue, kernel: HloValue, attributes: ConvolutionForm
    ) -> HloValue:
        """Emit a convolution."""
        if not is_static(amount for pair in attributes.padding for amount in pair):
            input, attributes = padded(self, input, attributes), attributes.unpadded()
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
        """Emit a normalisation; the values are input, scale, offset, mean and variance."""
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

    def reduce_window(self, out: TensorType, x: HloValue, attributes: PoolForm) -> HloValue:
        """Emit a reduction over sliding windows."""
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
