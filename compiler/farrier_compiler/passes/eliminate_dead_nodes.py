"""Dead code elimination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from farrier_compiler.graph import Graph
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter


@dataclass(frozen=True)
class EliminateDeadNodes(Pass):
    """Remove the nodes and constants that no output needs; inputs stay in the signature."""

    name: ClassVar[str] = "eliminate_dead_nodes"

    def __call__(self, graph: Graph) -> Graph:
        return Rewriter(graph).finish(graph.outputs)
