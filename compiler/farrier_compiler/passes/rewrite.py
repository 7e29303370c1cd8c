"""How passes rewrite: they rebuild the graph, because user Tensors own the values traced."""

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

Kind = TypeVar("Kind", bound=Op)
Replace = Callable[[Node], Sequence[Value] | None]


class Rewriter:
    """Rebuilds a graph node by node: what a rule does not replace stays.

    Args:
        graph: what to rewrite.

    Attributes:
        names: names of constants, the graph's and those that rules make.
        location: the user's line that nodes are given.
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
            rule: gets each node, in order, with operands already rewritten; it returns the values
                that take the place of the results, or None to keep the node.
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
        """Return what stands for a value of the old graph."""
        found = self._new.get(value)
        if found is None:
            found = self._new[value] = self.leaf(value)
        return found

    def leaf(self, value: Value) -> Value:
        """Return what stands for an input or constant: by default itself."""
        return value

    def has_one_use(self, value: Value) -> bool:
        """Return whether a value of the new graph is read in one place only."""
        return self._uses.get(value, 1) == 1

    def emit(self, op: Op, *operands: Value, at: Node | None = None) -> Value:
        """Add a node that has one result, with the location of `at` or of the node in turn."""
        return Node(op, operands, self.location if at is None else at.location).result

    def constant(self, data: Array, dtype: dtype, like: Value | None = None) -> Value:
        """Add a constant, which takes over the name of `like`."""
        value = constant(contiguous(data), dtype, location=like.location if like else None)
        if like is not None and like in self.names:
            self.names[value] = self.names[like]
        return value

    def _rebuild(self, node: Node) -> Node:
        """Return a node on what stands for its operands; itself where nothing changed."""
        operands = [self.new(value) for value in node.operands]
        if all(new is old for new, old in zip(operands, node.operands, strict=True)):
            return node
        return Node(node.op, operands, node.location)

    def _record(self, node: Node, results: Sequence[Value]) -> None:
        """Say what stands for the results of a node of the old graph."""
        for old, new in zip(node.results, results, strict=True):
            self._new[old] = new
            self._uses[new] += self._old_uses[old]


def contiguous(data: Array) -> Array:
    """Return an array in row-major order (numpy's function gives scalars a dimension)."""
    return np.ascontiguousarray(data).reshape(data.shape)


def made_by(value: Value, kind: type[Kind]) -> tuple[Kind, Node] | None:
    """Return the op and the node that make a value, if the op is of this kind."""
    node = value.producer
    if node is None or not isinstance(node.op, kind):
        return None
    return node.op, node


def matrix_product(node: Node) -> DotGeneral | None:
    """Return the op of a node that sums over the last dimension of a tensor and one of a matrix."""
    op = node.op
    if not isinstance(op, DotGeneral) or op.lhs_batch or node.operands[1].type.rank != 2:
        return None
    return op if op.lhs_contracting == (node.operands[0].type.rank - 1,) else None


def as_columns(op: DotGeneral, matrix: Array) -> Array:
    """Return the matrix of a product (m, k) x (k, n) as (n, k)."""
    return matrix if op.rhs_contracting == (1,) else matrix.T


def constant_data(value: Value) -> Array | None:
    """Return the elements of a constant; None for inputs and computed values."""
    return value.data if value.producer is None else None


def folded_data(value: Value) -> Array | None:
    """Return the elements of a constant, also of one that is only reshaped, repeated or filled."""
    data, node = constant_data(value), value.producer
    if node is None or not isinstance(node.op, Reshape | Broadcast | Full):
        return data
    operands = [folded_data(operand) for operand in node.operands]
    arrays = [array for array in operands if array is not None]
    if len(arrays) < len(operands):
        return None
    return run_reference(node.op, value.type, arrays)[0]


def is_filled(value: Value, number: float) -> bool:
    """Return whether a value is a constant all of whose elements are exactly this number."""
    data = constant_data(value)
    if data is None or data.size == 0:
        return False
    with np.errstate(all="ignore"):
        wanted = np.asarray(number).astype(data.dtype)
    first = data.reshape(-1)[:1]
    if wanted.tobytes() != first.tobytes() or wanted.astype(np.float64) != number:
        return False
    return bool((_bits(data) == _bits(wanted)).all())


def _bits(data: Array) -> Array:
    return data.view(f"u{data.dtype.itemsize}")
