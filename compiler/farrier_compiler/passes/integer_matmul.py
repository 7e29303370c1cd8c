"""Contractions of quantised tensors as integer sums that are scaled once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from farrier_compiler.graph import Graph, Node, Op, Value
from farrier_compiler.ops.contraction import Contraction
from farrier_compiler.ops.convolution import Convolution
from farrier_compiler.ops.elementwise import Add, Cast, Multiply, Subtract
from farrier_compiler.ops.integer_matmul import Side, integer_product, summed_sizes
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.quantization import Dequantize, Quantize
from farrier_compiler.ops.reduction import Sum
from farrier_compiler.ops.shape import Pad, Reshape, Transpose
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter, constant_data, is_filled, made_by
from farrier_runtime.dtypes import dtype, float32, int4, int8, int16, int32, uint8


@dataclass(frozen=True)
class IntegerMatmul(Pass):
    """Turn `dot(dequantize(a), dequantize(b))` into `dequantize(dot(a, b))`; likewise convolutions.

    With scales s and zero points z: `sum((a - za) sa * (b - zb) sb)
    = sa sb (sum(a b) - za sum(b) - zb sum(a) + n za zb)`, in int32. Sums of a constant weight are
    constants. A convolution is padded with the zero point. Consumers such as a bias, an activation
    and the next `quantize` stay after `dequantize`, where back ends fuse them. Products that cannot
    be rewritten stay as they are; a note in the graph's text says why.

    Source: Jacob et al., Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference, 2018, section 2.3.
    """

    name: ClassVar[str] = "integer_matmul"

    def __call__(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)

        def rule(node: Node) -> tuple[Value] | None:
            sides = integer_product(node)
            if not isinstance(sides, tuple) or not isinstance(node.op, Contraction):
                return None
            return (_Product(rewriter, node, node.op).of(*sides),)

        return rewriter.run(rule)


@dataclass
class _Product:
    """A contraction that becomes one of integers."""

    rewriter: Rewriter
    node: Node
    op: Contraction

    def of(self, left: Side, right: Side) -> Value:
        """Return the product as floats, from sums of integers."""
        left, right = self._padded(self._signed(left)), self._signed(right)
        sums = self._emit(self.op.with_dtype(int32), left.quantized, right.quantized)
        return self._scaled(self._corrected(sums, left, right), left, right)

    # ------------------------------------------------------------------ integers of 8 bits

    def _signed(self, side: Side) -> Side:
        """Return an operand as int8: 128 is subtracted from uint8 and its zero points."""
        if side.storage is int8:
            return side
        if side.storage is not uint8:
            wide = None if side.zero_point is None else self._emit(Cast(int8), side.zero_point)
            return replace(side, quantized=self._emit(Cast(int8), side.quantized), zero_point=wide)
        zero_point = side.zero_point or self.rewriter.constant(np.zeros((), np.uint8), uint8)
        shifted = self._shifted(zero_point)
        if quantize := made_by(side.quantized, Quantize):
            op, node = quantize
            quantized = self._emit(replace(op, dtype=int8), *node.operands[:2], shifted)
        else:
            quantized = self._shifted(side.quantized)
        rest = None if is_filled(shifted, 0) else shifted
        return replace(side, quantized=quantized, zero_point=rest)

    def _shifted(self, x: Value) -> Value:
        """Return uint8 minus 128, as int8."""
        if (data := constant_data(x)) is not None:
            shifted = (data.astype(np.int16) - 128).astype(np.int8)
            return self.rewriter.constant(shifted, int8, x)
        offset = self.rewriter.constant(np.asarray(128, np.int16), int16)
        return self._emit(Cast(int8), self._emit(Subtract(), self._emit(Cast(int16), x), offset))

    # ------------------------------------------------------------------ sums

    def _padded(self, side: Side) -> Side:
        """Return a convolution's input padded with its zero point; the op then pads no more."""
        if not isinstance(self.op, Convolution) or side.zero_point is None:
            return side
        low, high, gaps = self.op.pads()
        if not any((*low, *high, *gaps)):
            return side
        self.op = self.op.unpadded()
        return replace(
            side, quantized=self._emit(Pad(low, high, gaps), side.quantized, side.zero_point)
        )

    def _corrected(self, sums: Value, left: Side, right: Side) -> Value:
        """Return the sums without the contributions of zero points."""
        terms: list[Value] = []
        for index, (side, other) in enumerate(((left, right), (right, left))):
            if side.zero_point is not None:
                total = self._total(1 - index, other)
                terms.append(self._emit(Multiply(), total, self._integers(side)))
        for term in terms:
            sums = self._emit(Subtract(), sums, term)
        if len(terms) == 2:
            both = self._emit(Multiply(), self._integers(left), self._integers(right))
            count = self.rewriter.constant(
                np.asarray(math.prod(summed_sizes(self.node)), np.int32), int32
            )
            sums = self._emit(Add(), sums, self._emit(Multiply(), both, count))
        return sums

    def _integers(self, side: Side) -> Value:
        """Return zero points as int32 that broadcast against the product."""
        assert side.zero_point is not None
        return self._aligned(self._emit(Cast(int32), side.zero_point), side.dim)

    def _total(self, index: int, side: Side) -> Value:
        """Return an operand's sums over contracted dimensions, broadcastable to the product."""
        op, x = self.op, side.quantized
        if isinstance(op, Convolution):
            return self._total_of_windows(op, x) if index == 0 else self._total_of_kernel(op, x)
        assert isinstance(op, DotGeneral)
        total = self._sum(x, (op.lhs_contracting, op.rhs_contracting)[index])
        origins = [pair[index] for pair in op.origins(*(v.type.rank for v in self.node.operands))]
        kept = [dim for dim in origins if dim is not None]
        if kept != sorted(kept):
            total = self._emit(Transpose(tuple(map(sorted(kept).index, kept))), total)
        shape = tuple(1 if dim is None else x.type.shape[dim] for dim in origins)
        return self._emit(Reshape(shape), total)

    def _total_of_windows(self, op: Convolution, x: Value) -> Value:
        """Return the sums over a convolution's windows, as one channel."""
        shape = list(self.node.operands[1].type.shape)
        shape[0 if op.layout == "channels_first" else -1] = 1
        ones = self.rewriter.constant(np.ones(shape, np.int8), int8)
        return self._emit(replace(op, dtype=int32), x, ones)

    def _total_of_kernel(self, op: Convolution, x: Value) -> Value:
        """Return the sums over a kernel for each channel of the result."""
        first = op.layout == "channels_first"
        total = self._sum(x, range(first, x.type.rank - (not first)))
        return self._aligned(total, 1 if first else self.node.result.type.rank - 1)

    def _sum(self, x: Value, dims: Sequence[int]) -> Value:
        """Return sums in int32; those of constants are folded."""
        if (data := constant_data(_packed(x))) is not None:
            total = np.sum(data.astype(np.int32), tuple(dims), np.int32)
            return self.rewriter.constant(np.asarray(total), int32)
        return self._emit(Sum(tuple(dims)), self._emit(Cast(int32), x))

    # ------------------------------------------------------------------ floats

    def _scaled(self, sums: Value, left: Side, right: Side) -> Value:
        """Return the sums as floats, in the data type of the product."""
        narrow = self.node.result.type.dtype
        wide = narrow if narrow.bits >= 32 else float32
        scales = [self._cast(side.scale, wide) for side in (left, right)]
        dim = left.dim if left.dim is not None else right.dim
        result = self._emit(Dequantize(wide, dim), sums, self._emit(Multiply(), *scales))
        return self._cast(result, narrow)

    def _cast(self, x: Value, dtype: dtype) -> Value:
        return x if x.type.dtype is dtype else self._emit(Cast(dtype), x)

    def _aligned(self, x: Value, dim: int | None) -> Value:
        """Return a vector in a shape that varies along one dimension of the product."""
        if dim is None or not x.type.rank:
            return x
        after = self.node.result.type.rank - dim - 1
        return self._emit(Reshape((*x.type.shape, *[1] * after)), x)

    def _emit(self, op: Op, *operands: Value) -> Value:
        return self.rewriter.emit(op, *operands)


def _packed(x: Value) -> Value:
    """Return the int4 that a value is cast from, or the value."""
    cast = made_by(x, Cast)
    return cast[1].operands[0] if cast and cast[1].operands[0].type.dtype is int4 else x
