"""The builder of what IREE 3.13 needs in place of portable StableHLO, one override each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler.for_iree.dynamic import DynamicShapes
from farrier_compiler.for_iree.four_bits import FourBits
from farrier_compiler.for_iree.packed_weights import PackedWeights
from farrier_compiler.for_iree.sizes import signed
from farrier_compiler.for_iree.small_floats import (
    is_float8,
    is_narrowed,
    narrowed,
    rounded_to_odd,
    widened,
)
from farrier_compiler.for_iree.sorting import Sorting
from farrier_compiler.for_iree.term import IreeTerm
from farrier_compiler.for_iree.windows import Windows
from farrier_compiler.mlir.text import RESOURCE_BYTES
from farrier_compiler.sizes import SymbolicSize, upper_bound
from farrier_compiler.stablehlo.builder import DimPairs
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_compiler.stablehlo.formulas import FORMULAS
from farrier_compiler.types.geometry import Padding, dilated
from farrier_compiler.types.numbers import limits
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime import dtypes
from farrier_runtime.dtypes import DTYPES, dtype

if TYPE_CHECKING:
    from farrier_compiler.mlir.module import Handle
    from farrier_compiler.types.elements import Array
    from farrier_compiler.types.geometry import ConvolutionForm, PoolForm


class IreeBuilder(PackedWeights, FourBits, Windows, DynamicShapes, Sorting):
    """Emits StableHLO that IREE 3.13 compiles right and fast."""

    # ------------------------------------------------------------------ bits

    def argument(self, x: HloValue) -> HloValue:
        """Bools as bytes: see `_from_bytes`."""
        if x.type.dtype is not dtypes.bool or not x.type.shape:
            return x
        bits = x.type.with_dtype(dtypes.int8)
        return self._from_bytes(self.select(bits, x, self.full(bits, 1), self.full(bits, 0)))

    def _from_bytes(self, x: HloValue) -> HloValue:
        """Return bools from bytes, which are complete before an op is fused with the comparison.

        Fused with a matrix product that data tiling packs, bools from memory are refused:
        `'linalg.pack' op expected padding_value has 'i8' but got: 'i1'`.
        """
        flags = x.type.with_dtype(dtypes.bool)
        return self.compare("not_equal", flags, self.barrier(x), self.full(x.type, 0))

    def constant(self, array: Array, dtype: dtype, name: str = "constant") -> HloValue:
        """Large unsigned ones: `arith.constant failed to verify`; float8: no bytecode for them."""
        if dtype is dtypes.bool and any(array.strides):
            data = np.ascontiguousarray(array).view(np.int8)
            return self._from_bytes(super().constant(data, dtypes.int8, name))
        large = array.nbytes >= RESOURCE_BYTES and any(array.strides)
        if not large or not (dtype.is_unsigned or is_float8(dtype)):
            return super().constant(array, dtype, name)
        carrier = DTYPES[f"int{dtype.bits}"]
        data = np.ascontiguousarray(array).view(carrier.numpy)
        return self.bitcast(dtype, super().constant(data, carrier, name))

    # ------------------------------------------------------------------ elementwise

    def elementwise(self, name: str, out: TensorType, *operands: HloValue) -> HloValue:
        """Round as quantisation wants it; of graphs, `legalize_for_iree` has taken care."""
        if name == "round":
            return FORMULAS[name](IreeTerm(self, *operands)).value
        return super().elementwise(name, out, *operands)

    def compare(self, name: str, out: TensorType, x: HloValue, y: HloValue) -> HloValue:
        """IREE reads the NaN of float8 as a number: see `widened`.

        It folds a comparison of a dynamic tensor with itself to a constant that it then refuses.
        """
        if x.handle == y.handle and not x.type.is_static and not x.type.dtype.is_floating:
            return self.full(out, name in ("equal", "greater_equal", "less_equal"))
        pair = [widened(IreeTerm(self, z)) if is_float8(z.type.dtype) else z for z in (x, y)]
        return super().compare(name, out, *pair)

    def convert(self, out: TensorType, x: HloValue) -> HloValue:
        """IREE wraps floats around that are out of range, and fuses what widens into contractions.

        There it extends unsigned integers by their sign; with data tiling it refuses bools.
        """
        if out.dtype is not dtypes.int4:
            x = self.unpacked(x)
        source, target = x.type.dtype, out.dtype
        if target is not source and any(x is size for size in self._sizes.values()):
            x = self.barrier(x)  # its host code has neither `arith.sitofp` to f64 nor unsigned
        if is_float8(source) and target is not source:
            return self.convert(out, widened(IreeTerm(self, x)))
        if source is dtypes.bool and target is not source:
            return self.select(out, x, self.full(out, 1), self.full(out, 0))
        if is_narrowed(target) and source is not target:
            return narrowed(IreeTerm(self, self.convert(out.with_dtype(dtypes.float32), x)), target)
        if (source, target) == (dtypes.float64, dtypes.float16):
            x = rounded_to_odd(IreeTerm(self, x))
        if target.is_integer and source.is_floating:
            return self._saturate(out, x)
        if source.is_unsigned and target.bits > source.bits:
            return self._extend_by_zeros(out, x)
        return super().convert(out, x)

    def _extend_by_zeros(self, out: TensorType, x: HloValue) -> HloValue:
        """Convert as signed and mask: IREE fuses neither into a contraction."""
        bits = x.type.dtype.bits
        carrier = x.type.with_dtype(dtypes.int32 if bits < 32 else dtypes.int64)
        wide = super().convert(carrier, self.signless(x))
        mask = self.full(carrier, 2**bits - 1)
        return super().convert(out, self.emit("stablehlo.and", carrier, wide, mask))

    def _saturate(self, out: TensorType, x: HloValue) -> HloValue:
        """Clamp to what both data types hold, NaN to 0; what lies above becomes the highest."""
        if x.type.dtype.bits < 32:
            return self.convert(out, super().convert(x.type.with_dtype(dtypes.float32), x))
        low, high = _inner_limits(x.type.dtype, out.dtype)
        term = IreeTerm(self, x)
        inside = term.call("maximum", low).call("minimum", high)
        inside = inside.where(term.compare("equal", term), 0)
        integers = IreeTerm(self, super().convert(out, inside.value))
        highest = limits(out.dtype)[1]
        if highest != high:
            beyond = term.compare("greater", high)
            integers = IreeTerm(self, self.full(out, highest)).where(beyond, integers)
        return integers.value

    # ------------------------------------------------------------------ reductions

    def arg_reduce(self, kind: str, x: HloValue, dim: int) -> HloValue:
        """Reduce twice: IREE does not vectorise a reduction with two results.

        512 rows of 1024 float32 take 0.2 ms on a core of Zen 4, in place of 2.2 ms. Fused with the
        producer of a tensor of symbolic sizes, they `exceeded stack allocation limit`. For float8,
        IREE says `'vector.mask' op expects only one operation to mask`.
        """
        if is_float8(x.type.dtype):
            x = self.convert(x.type.with_dtype(dtypes.float32), x)
        x = x if x.type.is_static else self.barrier(x)
        extreme = self.reduce(kind.removeprefix("arg"), x, [dim])
        kept = [d for d in range(x.type.rank) if d != dim]
        wanted = IreeTerm(self, self.broadcast_in_dim(extreme, x.type.shape, kept))
        term = IreeTerm(self, x)
        is_extreme = term.compare("equal", wanted)
        if x.type.dtype.is_floating:
            is_extreme = is_extreme | term.compare("not_equal", term)  # NaN is the extreme, if any
        index = IreeTerm(self, self.iota(x.type.with_dtype(dtypes.int32), dim))
        return self.reduce("min", index.where(is_extreme, limits(dtypes.int32)[1]).value, [dim])

    # ------------------------------------------------------------------ shapes

    def iota(self, out: TensorType, dim: int) -> HloValue:
        """IREE converts to small floats wrongly: see `narrowed`."""
        if is_narrowed(out.dtype):
            return self.convert(out, self.iota(out.with_dtype(dtypes.int32), dim))
        return super().iota(out, dim)

    def reverse(self, out: TensorType, x: HloValue, dims: Sequence[int]) -> HloValue:
        """Unsigned: IREE says `failed to legalize operation 'linalg.generic'`.

        A selection is complete first: fused with one that leaves gaps, IREE has no code for it.
        """
        carrier = out.with_dtype(signed(out.dtype))
        x = self.barrier(x) if _is_selected(x.handle) else x
        return self.bitcast(out.dtype, super().reverse(carrier, self.signless(x), dims))

    # ------------------------------------------------------------------ contractions and windows

    def dot_general(
        self, out: TensorType, lhs: HloValue, rhs: HloValue, batch: DimPairs, contracting: DimPairs
    ) -> HloValue:
        """Contracting sizes of 0 end IREE's compiler with SIGFPE; the rest is `_contract`."""
        if any(lhs.type.shape[dim] == 0 for dim in contracting[0]):
            return self.full(out, 0)
        base = super().dot_general

        def emit(out: TensorType, left: HloValue, right: HloValue) -> HloValue:
            return base(out, left, right, batch, contracting)

        return self._contract(emit, out, lhs, rhs)

    def convolution(
        self, out: TensorType, input: HloValue, kernel: HloValue, attributes: ConvolutionForm
    ) -> HloValue:
        """Where an output size is 1, IREE wants the window to cover the padded input.

        Depthwise ones with a wider result fail in `tensor.collapse_shape`, or read other memory;
        float32 holds sums of few bytes exactly, and is faster than int32.
        """
        if 0 in (*input.type.shape, *kernel.type.shape):
            return self.full(out, 0)  # as for contractions
        base, exact = super().convolution, _cover(attributes, input.type, kernel.type)
        terms = math.prod(map(upper_bound, attributes.kernel_first(kernel.type.shape)[1:]))
        few = (input.type.dtype, out.dtype) == (dtypes.int8, dtypes.int32)
        few = few and terms <= _EXACT_TERMS
        sums = out.with_dtype(dtypes.float32) if few or _is_small_float(out.dtype) else out
        if attributes.groups > 1 and sums.dtype is not input.type.dtype:
            input = self.barrier(input) if few else input
            left, right = (self.convert(x.type.with_dtype(sums.dtype), x) for x in (input, kernel))
            result = base(sums, left, self.barrier(right), exact)
            return self.emit("stablehlo.convert", out, result) if few else self.convert(out, result)

        def emit(out: TensorType, left: HloValue, right: HloValue) -> HloValue:
            return base(out, left, right, exact)

        return self._contract(emit, out, input, kernel)

    def _contract(
        self, emit: Callable[..., HloValue], out: TensorType, left: HloValue, right: HloValue
    ) -> HloValue:
        """Sum 16-bit floats in float32; unsigned operands would be extended by their sign."""
        dtype = out.dtype
        if _is_small_float(dtype):
            return self.convert(out, emit(out.with_dtype(dtypes.float32), left, right))
        if left.type.dtype.is_unsigned and left.type.dtype is not dtype:
            left, right = (self.convert(x.type.with_dtype(dtype), x) for x in (left, right))
        carrier = out.with_dtype(signed(dtype))  # modulo 2^bits, sums are the same
        return self.bitcast(dtype, emit(carrier, self.signless(left), self.signless(right)))

    def batch_norm_inference(
        self, out: TensorType, *values: HloValue, eps: float, feature_dim: int
    ) -> HloValue:
        """IREE computes in the operands' type, and refuses an epsilon that float16 cannot hold.

        It would infer an input's sizes from the others' static ones, and refuse the input itself.
        """
        features = (out.shape[feature_dim],)
        values = (values[0], *(self.with_sizes(x, features) for x in values[1:]))
        if out.dtype.bits >= 32:
            return super().batch_norm_inference(out, *values, eps=eps, feature_dim=feature_dim)
        wide = [self.convert(x.type.with_dtype(dtypes.float32), x) for x in values]
        result = super().batch_norm_inference(
            out.with_dtype(dtypes.float32), *wide, eps=eps, feature_dim=feature_dim
        )
        return self.convert(out, result)

    def reduce_window(self, out: TensorType, x: HloValue, attributes: PoolForm) -> HloValue:
        """IREE sums in the operand's type: 16-bit floats would be rounded at every step.

        Unsigned: `failed to legalize operation 'linalg.generic'`; modulo 2^bits sums are the same.
        """
        attributes = _cover_once(attributes, x.type)
        if attributes.kind == "sum" and out.dtype.is_unsigned:
            carrier = out.with_dtype(signed(out.dtype))
            return self.bitcast(
                out.dtype, super().reduce_window(carrier, self.signless(x), attributes)
            )
        if attributes.kind != "sum" or not out.dtype.is_floating or out.dtype.bits >= 32:
            return super().reduce_window(out, x, attributes)
        wide = self.convert(x.type.with_dtype(dtypes.float32), x)
        total = super().reduce_window(out.with_dtype(dtypes.float32), wide, attributes)
        return self.convert(out, total)


_VIEWS = (
    "stablehlo.bitcast_convert",
    "stablehlo.reshape",
    "tensor.collapse_shape",
    "tensor.expand_shape",
)


def _is_selected(value: Handle) -> bool:
    """Return whether a value is a part of another, perhaps in another shape or as other bits."""
    made_by = getattr(value.owner, "name", "")
    if made_by in _VIEWS:
        return _is_selected(value.owner.operands[0])
    return made_by in ("stablehlo.slice", "stablehlo.gather", "tensor.extract_slice")


# So many products of int8 sum up to 2^24 at most, below which float32 holds every integer.
_EXACT_TERMS = 1 << 10


def _is_small_float(dtype: dtype) -> bool:
    return dtype.is_floating and dtype.bits < 32


def _inner_limits(source: dtype, target: dtype) -> tuple[float, float]:
    """Return the smallest and the largest integer of a type that a float type can represent."""
    low, high = limits(target)
    digits = np.finfo(source.numpy).nmant + 1
    unit = 1 << max(high.bit_length() - digits, 0)
    return float(low), float(high // unit * unit)


def _cover(attributes: ConvolutionForm, input: TensorType, kernel: TensorType) -> ConvolutionForm:
    """Crop the padded input to the window where there is only one."""
    sizes = attributes.channels_first(input.shape)[2:]
    window = attributes.kernel_first(kernel.shape)[2:]
    extents = [
        dilated(size, gap) for size, gap in zip(sizes, attributes.input_dilation, strict=True)
    ]
    return replace(attributes, padding=_cropped(extents, window, attributes))


def _cover_once(attributes: PoolForm, input: TensorType) -> PoolForm:
    """Crop likewise: `'linalg.generic' op inferred operand #1 has shape's dimension ...`."""
    return replace(attributes, padding=_cropped(input.shape, attributes.window, attributes))


def _cropped(
    sizes: Sequence[int], window: Sequence[int], attributes: ConvolutionForm | PoolForm
) -> Padding:
    padding: list[tuple[int, int]] = []
    for dim, (low, high) in enumerate(attributes.padding):
        rest = sizes[dim] + low + high - dilated(window[dim], attributes.dilation[dim])
        if isinstance(rest, SymbolicSize):
            padding.append((low, high))
            continue
        padding.append((low, high - rest) if rest < attributes.stride[dim] else (low, high))
    return tuple(padding)
