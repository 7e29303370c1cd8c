"""Legalization: functions that IREE lacks or computes badly, as formulas of other ops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from farrier_compiler.for_iree.functions import FUNCTIONS, wants_float32
from farrier_compiler.graph import REGISTRY, Graph, Node, Op, Value, constant
from farrier_compiler.graph.node import run_reference
from farrier_compiler.ops.comparison import Comparison
from farrier_compiler.ops.elementwise import Bitcast, Cast, Elementwise, Where
from farrier_compiler.ops.shape import Broadcast, Reshape
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter
from farrier_compiler.stablehlo.term import Term
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime.dtypes import dtype, float32


@dataclass(frozen=True)
class LegalizeForIree(Pass):
    """Replace elementwise functions by formulas, and compute those of small floats in float32."""

    name: ClassVar[str] = "legalize_for_iree"

    def __call__(self, graph: Graph) -> Graph:
        if not any(map(is_replaced, graph.nodes)):
            return graph
        rewriter = Rewriter(graph)
        operations = _GraphOperations(rewriter)

        def rule(node: Node) -> tuple[Value] | None:
            return (operations.instead_of(node),) if is_replaced(node) else None

        return rewriter.run(rule)


def is_replaced(node: Node) -> bool:
    """Return whether the pass replaces a node."""
    if not isinstance(node.op, Elementwise) or isinstance(node.op, Comparison):
        return False
    name, dtype = node.op.name, node.operands[0].type.dtype
    return wants_float32(name, dtype) or name in FUNCTIONS.get(dtype, ())


class _GraphOperations:
    """Makes nodes of a graph, and folds those of scalar constants at once."""

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter

    def instead_of(self, node: Node) -> Value:
        """Return the value that replaces a node's result."""
        out = node.result.type
        operands = [self._broadcast(value, out.shape) for value in node.operands]
        return self.elementwise(node.op.name, out, *operands)

    def elementwise(self, name: str, out: TensorType, *operands: Value) -> Value:
        dtype = operands[0].type.dtype
        if wants_float32(name, dtype):
            wide = [self.convert(x.type.with_dtype(float32), x) for x in operands]
            result = self.elementwise(name, out.with_dtype(float32), *wide)
            return self.convert(out, result) if result.type.dtype is float32 else result
        formula = FUNCTIONS.get(dtype, {}).get(name)
        if formula is None:
            return self.portable(name, out, *operands)
        return formula(*[Term(self, operand) for operand in operands]).value

    def portable(self, name: str, out: TensorType, *operands: Value) -> Value:
        return self._node(REGISTRY[name](), *operands)

    def compare(self, name: str, out: TensorType, x: Value, y: Value) -> Value:
        return self._node(REGISTRY[name](), x, y)

    def select(self, out: TensorType, condition: Value, x: Value, y: Value) -> Value:
        return self._node(Where(), condition, x, y)

    def bitcast(self, dtype: dtype, x: Value) -> Value:
        return x if x.type.dtype is dtype else self._node(Bitcast(dtype), x)

    def convert(self, out: TensorType, x: Value) -> Value:
        return x if x.type.dtype is out.dtype else self._node(Cast(out.dtype), x)

    def reshape(self, out: TensorType, x: Value) -> Value:
        return self._node(Reshape(out.shape), x)

    def full(self, type: TensorType, value: float) -> Value:
        return constant(np.asarray(value).astype(type.dtype.numpy), type.dtype)

    def _broadcast(self, x: Value, shape: Shape) -> Value:
        """Return an operand in the result's shape, so that formulas keep the result's sizes."""
        rank = x.type.rank
        if rank == 0 or x.type.shape == shape:
            return x
        return self._node(Broadcast(shape, tuple(range(len(shape) - rank, len(shape)))), x)

    def _node(self, op: Op, *operands: Value) -> Value:
        result = self._rewriter.emit(op, *operands)
        numbers = [x.data for x in operands if x.data is not None and x.type.rank == 0]
        if len(numbers) < len(operands) or result.type.rank:
            return result
        return constant(run_reference(op, result.type, numbers)[0], result.type.dtype)
