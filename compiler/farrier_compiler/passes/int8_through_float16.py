"""int8 matmuls in float16, which tensor cores sum exactly."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import ClassVar

from farrier_compiler.graph import Graph, Node, Value
from farrier_compiler.ops.contraction import Contraction
from farrier_compiler.ops.elementwise import Add, Cast
from farrier_compiler.ops.integer_matmul import summed_sizes
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.shape import OptimizationBarrier, Slice
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter
from farrier_compiler.sizes import is_static
from farrier_runtime.dtypes import float16, float32, int8, int32


@dataclass(frozen=True)
class Int8ThroughFloat16(Pass):
    """Turn `dot(a, b)` of int8 into `cast(dot(cast(a), cast(b)))` of float16, summed in float32.

    float32 represents the sum of up to 1024 products of at most 2^14 exactly; longer sums are
    split. IREE 3.13 does not use NVIDIA's tensor cores for int8. The barriers keep it from undoing
    the casts.

    Attributes:
        terms: the most products to sum in float32.
        parts: the most parts to split longer sums into.
    """

    terms: int = 1024
    parts: int = 16
    name: ClassVar[str] = "int8_through_float16"

    def __call__(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)

        def rule(node: Node) -> tuple[Value] | None:
            if not isinstance(node.op, Contraction) or not _is_int8(node):
                return None
            count = math.prod(summed_sizes(node))
            if count <= self.terms:
                return (_product(rewriter, node.op, *node.operands),)
            op = node.op
            if not isinstance(op, DotGeneral) or len(op.lhs_contracting) > 1:
                return None
            few = count <= self.terms * self.parts
            return (self._split(rewriter, node, op),) if few else None

        return rewriter.run(rule)

    def _split(self, rewriter: Rewriter, node: Node, op: DotGeneral) -> Value:
        dims = op.lhs_contracting[0], op.rhs_contracting[0]
        length = node.operands[0].type.shape[dims[0]]
        sums: list[Value] = []
        for start in range(0, length, self.terms):
            end = min(start + self.terms, length)
            parts = (
                _part(rewriter, x, dim, start, end)
                for x, dim in zip(node.operands, dims, strict=True)
            )
            sums.append(_product(rewriter, op, *parts))
        return functools.reduce(lambda left, right: rewriter.emit(Add(), left, right), sums)


def _is_int8(node: Node) -> bool:
    dtypes = [value.type.dtype for value in (*node.operands, *node.results)]
    return dtypes == [int8, int8, int32] and is_static(summed_sizes(node))


def _product(rewriter: Rewriter, op: Contraction, left: Value, right: Value) -> Value:
    emit = rewriter.emit
    halves = [emit(OptimizationBarrier(), emit(Cast(float16), x)) for x in (left, right)]
    return emit(Cast(int32), emit(op.with_dtype(float32), *halves))


def _part(rewriter: Rewriter, x: Value, dim: int, start: int, end: int) -> Value:
    shape = x.type.shape
    starts = tuple(start if index == dim else 0 for index in range(len(shape)))
    limits = tuple(end if index == dim else size for index, size in enumerate(shape))
    return rewriter.emit(Slice(starts, limits, (1,) * len(shape)), x)
