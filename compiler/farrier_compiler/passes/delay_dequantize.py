"""Dequantisation after ops that move elements, which are smaller or constant before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from farrier_compiler.graph import Graph, Node, Op, Value
from farrier_compiler.ops.quantization import Dequantize
from farrier_compiler.ops.shape import Reshape, Reverse, Transpose
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter, made_by
from farrier_compiler.types.uniform import kept_dim


@dataclass(frozen=True)
class DelayDequantize(Pass):
    """Move `dequantize` after a `transpose`, `reshape` or `reverse`.

    A weight that a layout pass transposes is then constant again, and the back end finds the
    `dequantize` next to the matmul, where it looks for it. Scales for blocks stay where they are.
    """

    name: ClassVar[str] = "delay_dequantize"

    def __call__(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)

        def rule(node: Node) -> tuple[Value] | None:
            dequantize = made_by(node.operands[0], Dequantize) if node.operands else None
            if dequantize is None:
                return None
            op, inner = dequantize
            x, *parameters = inner.operands
            if op.dim is None and any(value.type.rank for value in parameters):
                return None
            dim = None if op.dim is None else moved_dim(node.op, x.type.shape, op.dim)
            if op.dim is not None and dim is None:
                return None
            if not isinstance(node.op, Transpose | Reshape | Reverse):
                return None
            moved = rewriter.emit(node.op, x)
            return (rewriter.emit(replace(op, dim=dim), moved, *parameters, at=inner),)

        return rewriter.run(rule)


def moved_dim(op: Op, shape: tuple[int, ...], dim: int) -> int | None:
    """Return the dimension of the result that holds `dim` unchanged, if there is one."""
    match op:
        case Transpose():
            return op.permutation.index(dim)
        case Reverse():
            return None if dim in op.dims else dim
        case Reshape():
            return kept_dim(shape, op.shape, dim)
        case _:
            return None
