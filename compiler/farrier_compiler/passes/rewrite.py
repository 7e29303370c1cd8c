"""Rewriter for passes: it rebuilds graphs, because the user's Tensors own the traced values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from farrier_compiler.graph import Graph, Node, Op, Value, constant
from farrier_compiler.graph.node import run_reference
from farrier_compiler.ops.creation import Full
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.shape import Broadcast, Reshape
from farrier_compiler.types.elements import Array
from farrier_runtime.dtypes import dtype

if TYPE_CHECKING:
    from farrier_compiler.diagnostics import Location

AnyOp = TypeVar("AnyOp", bound=Op)
Replace = Callable[[Node], Sequence[Value] | None]


class Rewriter:
    """Rebuilds a graph node by node; nodes that a rule does not replace stay.

    Args:
        graph: the graph to rewrite.

    Attributes:
        names: the names of constants, both the graph's and those that rules make.
        location: the location of new nodes.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names = {value: name for name, value in graph.constants.items()}
        self.location: Location | None = None
        self._new: dict[Value, Value] = {}
        self._old_uses = Counter(value for node in graph.nodes for value in node.operands)
        self._old_uses.update(graph.outputs)
        self._uses: Counter[Value] = Counter()

    def run(self, rule: Replace) -> Graph:
        """Return the graph in which `rule` has replaced results of nodes.

        Args:
            rule: called with each node, in order, with its operands already rewritten; it returns
                the values that replace the results, or None to keep the node.
        """
        for node in self.graph.nodes:
            self.location = node.location
            rebuilt = self._rebuild(node)
            self._record(node, rule(rebuilt) or rebuilt.results)
        return self.finish(self.new(value) for value in self.graph.outputs)

    def finish(self, outputs: Iterable[Value]) -> Graph:
        """Return the graph's signature with other outputs."""
        return self.graph.with_outputs(tuple(outputs), self.names)

    def new(self, value: Value) -> Value:
        """Return the replacement of a value of the old graph."""
        if value not in self._new:
            self._new[value] = self.leaf(value)
        return self._new[value]

    def leaf(self, value: Value) -> Value:
        """Return the replacement of an input or constant, by default itself."""
        return value

    def has_one_use(self, value: Value) -> bool:
        """Return whether a value of the new graph is used only once."""
        return self._uses.get(value, 1) == 1

    def emit(self, op: Op, *operands: Value, at: Node | None = None) -> Value:
        """Add a node with one result, at the location of `at` or of the current node."""
        return Node(op, operands, self.location if at is None else at.location).result

    def constant(self, data: Array, dtype: dtype, like: Value | None = None) -> Value:
        """Add a constant with the name and location of `like`."""
        value = constant(contiguous(data), dtype, location=like.location if like else None)
        if like is not None and like in self.names:
            self.names[value] = self.names[like]
        return value

    def _rebuild(self, node: Node) -> Node:
        """Return a node on the replacements of its operands; itself where nothing changed."""
        operands = [self.new(value) for value in node.operands]
        if all(new is old for new, old in zip(operands, node.operands, strict=True)):
            return node
        return Node(node.op, operands, node.location)

    def _record(self, node: Node, results: Sequence[Value]) -> None:
        """Record the replacements of the results of a node of the old graph."""
        for old, new in zip(node.results, results, strict=True):
            self._new[old] = new
            self._uses[new] += self._old_uses[old]


def contiguous(data: Array) -> Array:
    """Return an array in row-major order (numpy's function would give scalars a dimension)."""
    return np.ascontiguousarray(data).reshape(data.shape)


def made_by(value: Value, op: type[AnyOp]) -> tuple[AnyOp, Node] | None:
    """Return the op and the node that compute a value, if the op is of this class."""
    node = value.producer
    if node is None or not isinstance(node.op, op):
        return None
    return node.op, node


def matrix_product(node: Node) -> DotGeneral | None:
    """Return the op of a matmul of a tensor, along its last dimension, and a matrix."""
    op = node.op
    if not isinstance(op, DotGeneral) or op.lhs_batch or node.operands[1].type.rank != 2:
        return None
    return op if op.lhs_contracting == (node.operands[0].type.rank - 1,) else None


def as_columns(op: DotGeneral, matrix: Array) -> Array:
    """Return the matrix of a matmul (m, k) x (k, n) as (n, k)."""
    return matrix if op.rhs_contracting == (1,) else matrix.T


def constant_data(value: Value) -> Array | None:
    """Return the elements of a constant; None for inputs and computed values."""
    return value.data if value.producer is None else None


def folded_data(value: Value) -> Array | None:
    """Return the elements of a constant, or of one that is reshaped, broadcast or filled."""
    data, node = constant_data(value), value.producer
    if node is None or not isinstance(node.op, Reshape | Broadcast | Full):
        return data
    if not value.type.is_static:
        return None
    operands = [folded_data(operand) for operand in node.operands]
    arrays = [array for array in operands if array is not None]
    if len(arrays) < len(operands):
        return None
    return run_reference(node.op, value.type, arrays)[0]


def is_filled(value: Value, number: float) -> bool:
    """Return whether a value is a constant with exactly this number in all its elements."""
    data = constant_data(value)
    if data is None or data.size == 0:
        return False
    with np.errstate(all="ignore"):
        scalar = np.asarray(number).astype(data.dtype)
    first = data.reshape(-1)[:1]
    if scalar.tobytes() != first.tobytes() or scalar.astype(np.float64) != number:
        return False
    return bool((_bits(data) == _bits(scalar)).all())


def _bits(data: Array) -> Array:
    return data.view(f"u{data.dtype.itemsize}")
