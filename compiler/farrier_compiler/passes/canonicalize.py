"""Canonical forms: what is written in several ways is written in one, what does nothing goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from farrier_compiler.graph import Graph, Node, Op, Value
from farrier_compiler.passes import (  # they register themselves
    arithmetic_rules as arithmetic_rules,
    shape_rules as shape_rules,
)
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter
from farrier_compiler.passes.rules import RULES, Emit


@dataclass(frozen=True)
class Canonicalize(Pass):
    """Apply all rules until none applies; all are exact, NaN and -0.0 included."""

    name: ClassVar[str] = "canonicalize"

    def __call__(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)

        def emit(op: Op, *operands: Value) -> Value:
            node = Node(op, operands, rewriter.location)
            return simplify(node, emit) or node.result

        def rule(node: Node) -> tuple[Value] | None:
            simpler = simplify(node, emit)
            return None if simpler is None else (simpler,)

        return rewriter.run(rule)


def simplify(node: Node, emit: Emit) -> Value | None:
    """Return a simpler value for a node whose operands are simple; None if there is none."""
    for cls in type(node.op).__mro__:
        for rule in RULES.get(cls, ()):
            simpler = rule(node.op, node, emit)
            # Equal sizes may be other expressions, which users of the value were not made for.
            if simpler is not None and simpler.type == node.result.type:
                return simpler
    return None
