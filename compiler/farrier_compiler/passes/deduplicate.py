"""Elimination of common subexpressions."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from farrier_compiler.graph import Graph, Node, Value
from farrier_compiler.graph.attributes import attributes_text
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter, constant_data, contiguous
from farrier_compiler.types.elements import Array


@dataclass(frozen=True)
class Deduplicate(Pass):
    """Merge nodes with the same op, attributes and operands, and constants with equal bytes.

    Args:
        weights: whether to merge constants other than scalars; not for external weights, which may
            be replaced by others that differ.
    """

    name: ClassVar[str] = "deduplicate"
    weights: bool = True

    def __call__(self, graph: Graph) -> Graph:
        return _Deduplication(graph, self.weights).run_once()


class _Deduplication(Rewriter):
    def __init__(self, graph: Graph, weights: bool) -> None:
        super().__init__(graph)
        self.weights = weights
        self.results: dict[Hashable, Sequence[Value]] = {}
        self.constants: dict[Hashable, list[Value]] = {}

    def run_once(self) -> Graph:
        return self.run(lambda node: self.results.setdefault(_key(node), node.results))

    def leaf(self, value: Value) -> Value:
        data = constant_data(value)
        if data is None or not (self.weights or value.is_scalar_constant):
            return value
        alike = self.constants.setdefault((value.type, _sample(data)), [])
        for other in alike:
            if _same_bytes(constant_data(other), data):
                return other
        alike.append(value)
        return value


def _key(node: Node) -> Hashable:
    return node.op.name, attributes_text(node.op), node.operands


def _sample(data: Array) -> bytes:
    """Return a few elements, by which most constants of one type differ already."""
    return data.reshape(-1)[:: max(data.size // 16, 1)].tobytes()


def _same_bytes(left: Array | None, right: Array) -> bool:
    if left is None or left is right:
        return left is right
    return bool(np.array_equal(_as_bytes(left), _as_bytes(right)))


def _as_bytes(data: Array) -> Array:
    return contiguous(data).reshape(-1).view(np.uint8)
