"""Convolution and pooling over dynamic dimensions, which IREE 3.13 cannot compile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farrier_compiler.for_iree.loops import IreeLoops
from farrier_compiler.mlir.module import Handle
from farrier_compiler.mlir.text import mlir_dtype
from farrier_compiler.sizes import is_static, terms_of
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_compiler.stablehlo.windows import padded
from farrier_compiler.types.numbers import lowest
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime.dtypes import dtype

if TYPE_CHECKING:
    from farrier_compiler.types.geometry import ConvolutionForm, PoolForm


class Windows(IreeLoops):
    """Emits convolutions and pooling with dynamic sizes as loops of linalg."""

    def convolution(
        self, out: TensorType, input: HloValue, kernel: HloValue, attributes: ConvolutionForm
    ) -> HloValue:
        """IREE supports dynamic batches, and dynamic sums of static results, but without groups."""
        if _is_supported(out, input.type, kernel.type, attributes):
            return super().convolution(out, input, kernel, attributes)
        left, right = (self.convert(x.type.with_dtype(out.dtype), x) for x in (input, kernel))
        left, split = padded(self, left, attributes), out
        if attributes.groups > 1:
            left, right, split = self._grouped(left, right, out, attributes)
        sums = self.generic(
            split,
            [left, right],
            self.filled(split, 0),
            _convolution_maps(attributes),
            self.multiply_add(out.dtype),
            len(attributes.stride) + 1,
        )
        return self.reshape(out, self._unfused(sums))

    def _unfused(self, x: HloValue) -> HloValue:
        """CUDA fuses consumers of sizes such as 2 * n wrongly: `restricted to workgroup`."""
        return self.barrier(x) if any(map(_has_multiple, x.type.shape)) else x

    def _grouped(
        self, x: HloValue, kernel: HloValue, out: TensorType, attributes: ConvolutionForm
    ) -> tuple[HloValue, HloValue, TensorType]:
        """Split the channels of input, kernel and result into groups and channels per group."""
        last = attributes.layout == "channels_last"
        dims = (x.type.rank - 1, kernel.type.rank - 1) if last else (1, 0)
        left = self._with_groups(x, dims[0], attributes.groups)
        right = self._with_groups(kernel, dims[1], attributes.groups)
        return left, right, out.with_shape(_grouped_shape(out.shape, dims[0], attributes.groups))

    def _with_groups(self, x: HloValue, dim: int, groups: int) -> HloValue:
        return self.reshape(x.type.with_shape(_grouped_shape(x.type.shape, dim, groups)), x)

    def reduce_window(self, out: TensorType, x: HloValue, attributes: PoolForm) -> HloValue:
        """IREE supports only static sizes that are not 0; emit loops for the others."""
        start = lowest(x.type.dtype) if attributes.kind == "max" else 0
        if x.type.size == 0:
            return self.full(out, start)
        if out.is_static and x.type.is_static:
            return super().reduce_window(out, x, attributes)
        low, high = [pair[0] for pair in attributes.padding], [p[1] for p in attributes.padding]
        if any(amount != 0 for amount in (*low, *high)):
            shape = tuple(
                size + sum(pair)
                for size, pair in zip(x.type.shape, attributes.padding, strict=True)
            )
            fill = self.full(x.type.with_shape(()), start)
            x = self.pad(x.type.with_shape(shape), x, fill, low, high, (0,) * x.type.rank)
        carrier = self.signless(x)
        dtype = carrier.type.dtype
        taps = [f"d{dim + out.rank}" for dim in range(out.rank)]
        source = [
            f"d{dim} * {step} + d{dim + out.rank} * {gap}"
            for dim, (step, gap) in enumerate(
                zip(attributes.stride, attributes.dilation, strict=True)
            )
        ]
        result = [f"d{dim}" for dim in range(out.rank)]
        maps = [", ".join(texts) for texts in (source, taps, result)]
        combine = _combiner(attributes.kind, out.dtype)
        initial = self.filled_as(out.with_dtype(dtype), out.dtype, start)

        def body(values: Sequence[Handle]) -> list[Handle]:
            return [self.arith(combine, values[2], values[0], mlir_dtype(dtype))]

        window = self.empty(TensorType(attributes.window, dtype))
        pooled = self.generic(initial.type, [carrier, window], initial, maps, body, out.rank)
        return self.bitcast(out.dtype, self._unfused(pooled))


def _is_supported(
    out: TensorType, input: TensorType, kernel: TensorType, attributes: ConvolutionForm
) -> bool:
    if attributes.groups > 1:
        return out.is_static and input.is_static and kernel.is_static
    return out.is_static or is_static((*attributes.channels_first(input.shape)[1:], *kernel.shape))


def _has_multiple(size: int) -> bool:
    """Return whether a symbolic size contains a multiple, as `3 * n - 4` does."""
    return any(monomial and factor > 1 for monomial, factor in terms_of(size))


def _grouped_shape(shape: Shape, dim: int, groups: int) -> Shape:
    return (*shape[:dim], groups, shape[dim] // groups, *shape[dim + 1 :])


def _convolution_maps(attributes: ConvolutionForm) -> list[str]:
    """Return the indexing maps of input, kernel and result."""
    rank, grouped = len(attributes.stride), attributes.groups > 1
    last = attributes.layout == "channels_last"
    names = ["n", *(["g"] if grouped else []), "o", *(f"s{d}" for d in range(rank))]
    if last:
        names = ["n", *(f"s{d}" for d in range(rank)), *(["g"] if grouped else []), "o"]
    loops = {name: f"d{i}" for i, name in enumerate([*names, "c", *(f"k{d}" for d in range(rank))])}
    group = [loops["g"]] if grouped else []
    image = [
        f"{loops[f's{d}']} * {attributes.stride[d]} + {loops[f'k{d}']} * {attributes.dilation[d]}"
        for d in range(rank)
    ]
    window = [loops[f"k{d}"] for d in range(rank)]
    if last:
        left = [loops["n"], *image, *group, loops["c"]]
        right = [*window, loops["c"], *group, loops["o"]]
    else:
        left = [loops["n"], *group, loops["c"], *image]
        right = [*group, loops["o"], loops["c"], *window]
    return [", ".join(texts) for texts in (left, right, [loops[name] for name in names])]


def _combiner(kind: str, element: dtype) -> str:
    if kind == "sum":
        return "addf" if element.is_floating else "addi"
    if element.is_floating:
        return "maximumf"
    return "maxui" if element.is_unsigned else "maxsi"
