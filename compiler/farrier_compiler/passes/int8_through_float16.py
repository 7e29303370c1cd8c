"""Products of int8 through float16, whose sums tensor cores compute exactly."""

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

    float32 holds every sum of up to 1024 such products, which are 2^14 at most; longer sums are
    split. IREE 3.13 has no int8 code for NVIDIA's tensor cores, and would multiply one by one. The
    barriers keep it from undoing the casts.

    Attributes:
        terms: how many products are summed in float32.
        parts: into how many parts longer sums are split, at most.
    """

    terms: int = 1024
    parts: int = 16
    name: ClassVar[str] = "int8_through_float16"

    def __call__(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)

        def rule(node: Node) -> tuple[Value] | None:
            if not isinstance(node.op, Contraction) or not _is_of_bytes(node):
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


def _is_of_bytes(node: Node) -> bool:
    kinds = [value.type.dtype for value in (*node.operands, *node.results)]
    return kinds == [int8, int8, int32] and is_static(summed_sizes(node))


def _product(rewriter: Rewriter, op: Contraction, left: Value, right: Value) -> Value:
    emit = rewriter.emit
    halves = [emit(OptimizationBarrier(), emit(Cast(float16), x)) for x in (left, right)]
    return emit(Cast(int32), emit(op.with_dtype(float32), *halves))


def _part(rewriter: Rewriter, x: Value, dim: int, start: int, end: int) -> Value:
    shape = x.type.shape
    starts = tuple(start if place == dim else 0 for place in range(len(shape)))
    limits = tuple(end if place == dim else size for place, size in enumerate(shape))
    return rewriter.emit(Slice(starts, limits, (1,) * len(shape)), x)
