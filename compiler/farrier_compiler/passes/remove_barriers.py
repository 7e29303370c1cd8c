"""Removal of optimization barriers, which help only CPUs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from farrier_compiler.graph import Graph, Node, Value
from farrier_compiler.ops.shape import OptimizationBarrier
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter


@dataclass(frozen=True)
class RemoveBarriers(Pass):
    """Replace each optimization barrier by its operand."""

    name: ClassVar[str] = "remove_barriers"

    def __call__(self, graph: Graph) -> Graph:
        return Rewriter(graph).run(_operand)


def _operand(node: Node) -> Sequence[Value] | None:
    return node.operands if isinstance(node.op, OptimizationBarrier) else None
