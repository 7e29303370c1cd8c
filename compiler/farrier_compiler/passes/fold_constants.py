"""Constant folding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from farrier_compiler.graph import Graph, Node, Value
from farrier_compiler.graph.node import is_symbolic, run_reference
from farrier_compiler.ops.elementwise import Cast
from farrier_compiler.ops.quantization import Dequantize
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter, constant_data
from farrier_compiler.types.tensor_type import TensorType

# Above this size, a result of scalars is cheaper to recompute than to store.
GENERATED_BYTES = 1024


@dataclass(frozen=True)
class FoldConstants(Pass):
    """Evaluate nodes whose operands are all constants, by the ops' `reference`.

    Nodes that widen a quantised weight are left to run time.

    Attributes:
        limit: how many bytes a result may be larger than its operands together.
    """

    limit: int = 1 << 20
    name: ClassVar[str] = "fold_constants"

    def __call__(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)

        def rule(node: Node) -> list[Value] | None:
            return fold(rewriter, node) if self._is_worth_it(node) else None

        return rewriter.run(rule)

    def _is_worth_it(self, node: Node) -> bool:
        if not all(value.type.is_static for value in (*node.operands, *node.results)):
            return False
        if isinstance(node.op, Dequantize) or _is_unpacking(node):
            return False
        before = sum(_bytes(value.type) for value in node.operands)
        after = sum(_bytes(value.type) for value in node.results)
        if all(value.type.rank == 0 for value in node.operands):
            return after <= GENERATED_BYTES
        return after <= before + self.limit


def _is_unpacking(node: Node) -> bool:
    """Return whether a node widens int4, or converts many 8-bit integers to floats."""
    if not isinstance(node.op, Cast):
        return False
    source = node.operands[0].type
    many = source.size * source.dtype.itemsize > GENERATED_BYTES
    to_floats = source.dtype.is_integer and node.op.dtype.is_floating
    return source.dtype.bits < 8 or (source.dtype.bits == 8 and to_floats and many)


def fold(rewriter: Rewriter, node: Node) -> list[Value] | None:
    """Return the results of a node as constants, or None where an operand is not constant.

    They take the name of the first operand that has one, so a transposed weight keeps its name.
    """
    arrays = [constant_data(value) for value in node.operands]
    if any(array is None for array in arrays) or is_symbolic(node.op):
        return None
    types = tuple(value.type for value in node.results)
    named = next((value for value in node.operands if value in rewriter.names), None)
    folded = run_reference(node.op, types, [array for array in arrays if array is not None])
    results = [
        rewriter.constant(data, type.dtype, named) for data, type in zip(folded, types, strict=True)
    ]
    for value, type in zip(results, types, strict=True):
        value.type = type  # with its quantisation
    return results


def _bytes(type: TensorType) -> int:
    return math.ceil(type.size * type.dtype.itemsize)
