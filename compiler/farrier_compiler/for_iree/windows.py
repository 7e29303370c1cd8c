"""Windows over dimensions whose sizes only calls decide: IREE 3.13 has no way for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farrier_compiler.for_iree.loops import IreeLoops
from farrier_compiler.mlir.module import Handle
from farrier_compiler.mlir.text import mlir_dtype
from farrier_compiler.sizes import SymbolicSize, terms_of
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_compiler.stablehlo.windows import padded
from farrier_compiler.types.numbers import lowest
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime.dtypes import dtype

if TYPE_CHECKING:
    from farrier_compiler.types.geometry import ConvolutionForm, PoolForm


class Windows(IreeLoops):
    """Emits convolutions and pooling as linalg's loops, where sizes are symbolic."""

    def convolution(
        self, out: TensorType, input: HloValue, kernel: HloValue, attributes: ConvolutionForm
    ) -> HloValue:
        """IREE takes a symbolic batch alone, without groups: the rest is spelt out as sums."""
        spatial = attributes.channels_first(input.type.shape)[1:]
        static = all(not isinstance(size, SymbolicSize) for size in (*spatial, *kernel.type.shape))
        if out.is_static or (static and attributes.groups == 1):
            return super().convolution(out, input, kernel, attributes)
        left, right = (self.convert(x.type.with_dtype(out.dtype), x) for x in (input, kernel))
        left = padded(self, left, attributes)
        maps, groups = _convolution_maps(attributes), attributes.groups
        if groups > 1:
            left, right, split = self._grouped(left, right, out, attributes)
        else:
            split = out
        zero = self.filled(split, 0)
        made = self.generic(
            split,
            [left, right],
            zero,
            maps,
            self.multiply_add(out.dtype),
            len(attributes.stride) + 1,
        )
        return self.reshape(out, self._unfused(made))

    def _unfused(self, x: HloValue) -> HloValue:
        """CUDA fuses what follows wrongly if a size holds 2 * n: `restricted to workgroup`."""
        return self.barrier(x) if any(map(_has_multiple, x.type.shape)) else x

    def _grouped(
        self, x: HloValue, kernel: HloValue, out: TensorType, attributes: ConvolutionForm
    ) -> tuple[HloValue, HloValue, TensorType]:
        """Split the channels of all three into groups and channels of a group."""
        last = attributes.layout == "channels_last"
        dims = (x.type.rank - 1, kernel.type.rank - 1) if last else (1, 0)
        left = self._with_groups(x, dims[0], attributes.groups)
        right = self._with_groups(kernel, dims[1], attributes.groups)
        return left, right, out.with_shape(_grouped_shape(out.shape, dims[0], attributes.groups))

    def _with_groups(self, x: HloValue, dim: int, groups: int) -> HloValue:
        return self.reshape(x.type.with_shape(_grouped_shape(x.type.shape, dim, groups)), x)

    def reduce_window(self, out: TensorType, x: HloValue, attributes: PoolForm) -> HloValue:
        """IREE takes numbers only: the rest is spelt out."""
        if out.is_static and x.type.is_static:
            return super().reduce_window(out, x, attributes)
        carrier = self.signless(x)
        kind = carrier.type.dtype
        start = lowest(x.type.dtype) if attributes.kind == "max" else 0
        low, high = [pair[0] for pair in attributes.padding], [p[1] for p in attributes.padding]
        if any(amount != 0 for amount in (*low, *high)):
            shape = tuple(
                size + sum(pair)
                for size, pair in zip(x.type.shape, attributes.padding, strict=True)
            )
            fill = self.full(x.type.with_shape(()), start)
            x = self.pad(x.type.with_shape(shape), x, fill, low, high, (0,) * x.type.rank)
            carrier = self.signless(x)
        window = TensorType(attributes.window, kind)
        taps = [f"d{dim + out.rank}" for dim in range(out.rank)]
        places = [
            f"d{dim} * {step} + d{dim + out.rank} * {gap}"
            for dim, (step, gap) in enumerate(
                zip(attributes.stride, attributes.dilation, strict=True)
            )
        ]
        result = [f"d{dim}" for dim in range(out.rank)]
        maps = [", ".join(texts) for texts in (places, taps, result)]
        combine = _combiner(attributes.kind, out.dtype)
        whole = out.with_dtype(kind)
        initial = self.filled_as(whole, out.dtype, start)

        def body(values: Sequence[Handle]) -> list[Handle]:
            return [self.arith(combine, values[2], values[0], mlir_dtype(kind))]

        empty = self.empty(window)
        made = self.generic(whole, [carrier, empty], initial, maps, body, out.rank)
        return self.bitcast(out.dtype, self._unfused(made))


def _has_multiple(size: int) -> bool:
    """Return whether a size that only calls decide holds a multiple, as `3 * n - 4` does."""
    return any(monomial and factor > 1 for monomial, factor in terms_of(size))


def _grouped_shape(shape: Shape, dim: int, groups: int) -> Shape:
    return (*shape[:dim], groups, shape[dim] // groups, *shape[dim + 1 :])


def _convolution_maps(attributes: ConvolutionForm) -> list[str]:
    """Return the places of input, kernel and result for each step of the loops."""
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
