"""Barriers between loops that IREE 3.13 would fuse to more than it can compile or run.

A kernel takes 32 arrays, results included, and 64 words, two for each size and place that only the
call decides. Beyond that, IREE's runtime refuses to load it; its compiler does not check.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from farrier_compiler.graph import Graph, Node, Op, Value
from farrier_compiler.ops.contraction import Contraction
from farrier_compiler.ops.creation import Full, Iota, SizeOf
from farrier_compiler.ops.elementwise import Bitcast, Cast, Elementwise, Where
from farrier_compiler.ops.reduction import Reduction
from farrier_compiler.ops.shape import (
    Broadcast,
    Concatenate,
    OptimizationBarrier,
    Reshape,
    Slice,
    Transpose,
)
from farrier_compiler.ops.sorting import Sort, TopK
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter
from farrier_compiler.sizes import SymbolicSize
from farrier_compiler.types.tensor_type import Shape

Arrays = frozenset[Value]

_POINTWISE = (Elementwise, Where, Cast, Bitcast)
# Words for arrays and sizes, two each; the rest is for what lowering adds.
_WORDS = 56
# An operand of a contraction that reads more than a few arrays is taken for an array of its own,
# and one that reads many is made one by a barrier.
_FEW, _MANY = 6, 14


@dataclass(frozen=True)
class SeparateLoops(Pass):
    """Put barriers before ops whose kernels would read too many arrays, or none to loop over."""

    name: ClassVar[str] = "separate_loops"

    def __call__(self, graph: Graph) -> Graph:
        return _Separator(graph).run()


# As in softmax. For longer chains of dynamic sizes, IREE says `'vector.maskedstore' op write
# affecting operations on global resources are restricted`.
_CHAIN = 2


class _Separator:
    """Tracks which arrays the kernel of each value may read and write, if all loops are fused."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._rewriter = Rewriter(graph)
        self._originals = iter(graph.nodes)
        self._written = _written(graph)
        self._arrays: dict[Value, Arrays] = {}
        self._spans: dict[Value, frozenset[int]] = {}
        self._depths: dict[Value, int] = {}
        self._barriers: dict[Value, Value] = {}

    def run(self) -> Graph:
        separated = self._rewriter.run(self._rule)
        return separated if self._barriers else self._graph

    def _rule(self, node: Node) -> Sequence[Value]:
        original = next(self._originals)
        operands = [self._barriers.get(value, value) for value in node.operands]
        if isinstance(node.op, Concatenate) and not node.result.type.is_static:
            operands = self._joined(node.op, operands)
        elif isinstance(node.op, Contraction):
            operands = [self._as_operand(value) for value in operands]
        elif operands and self._is_apart(node.op, operands[0]):
            operands = [self._separate(value) for value in operands]
        if not _is_copied(node):
            operands = self._within_limits(operands, node.results)
        if operands != list(node.operands):
            node = Node(node.op, operands, node.location)
        for old, new in zip(original.results, node.results, strict=True):
            self._record(new, node, old in self._written)
        return node.results

    def _record(self, value: Value, node: Node, is_written: bool) -> None:
        self._spans[value] = self._spanned(node)
        self._depths[value] = self._depth(node)
        if isinstance(node.op, Full | Iota | SizeOf):
            self._arrays[value] = frozenset()
        elif isinstance(node.op, OptimizationBarrier) or _is_copied(node):
            self._arrays[value] = frozenset({value})
        else:
            own = {value} if is_written or isinstance(node.op, Slice) else set[Value]()
            self._arrays[value] = self._union(node.operands) | own

    # ------------------------------------------------------------------ arrays and sizes

    def _read(self, value: Value) -> Arrays:
        if value in self._arrays:
            return self._arrays[value]
        is_inlined = value.data is not None and value.data.size == 1
        return frozenset() if is_inlined else frozenset({value})

    def _union(self, values: Iterable[Value]) -> Arrays:
        return frozenset[Value]().union(*map(self._read, values))

    def _within_limits(self, operands: list[Value], results: Sequence[Value]) -> list[Value]:
        """Separate the operands that read the most arrays, until a kernel can take all."""
        while _words([*self._union(operands), *results]) > _WORDS:
            largest = max(operands, key=lambda value: len(self._read(value)))
            if len(self._read(largest)) < 2:
                break
            operands = [self._separate(v) if v is largest else v for v in operands]
        return operands

    def _as_operand(self, value: Value) -> Value:
        """Return an operand of a contraction, which is hardly ever fused with what computes it."""
        count = len(self._read(value))
        if count > _MANY:
            return self._separate(value)
        if count > _FEW:
            self._arrays[value] = frozenset({value})
        return value

    def _separate(self, value: Value) -> Value:
        if value not in self._barriers:
            barrier = self._rewriter.emit(OptimizationBarrier(), value)
            self._barriers |= {value: barrier, barrier: barrier}
            self._arrays[barrier] = frozenset({barrier})
        return self._barriers[value]

    # ------------------------------------------------------------------ ops of their own kind

    def _joined(self, op: Concatenate, operands: list[Value]) -> list[Value]:
        """Join a few operands at a time: IREE joins all operands of dynamic sizes in one kernel."""
        groups: list[list[Value]] = [[]]
        for value in operands:
            group = [*groups[-1], value]
            if groups[-1] and _words([*self._union(group), *group, *group]) > _WORDS:
                groups.append([value])
            else:
                groups[-1] = group
        if len(groups) == 1 or len(groups) == len(operands):
            return operands
        return self._joined(op, [self._part(op, group) for group in groups])

    def _part(self, op: Concatenate, group: list[Value]) -> Value:
        return self._separate(group[0] if len(group) == 1 else self._rewriter.emit(op, *group))

    def _spanned(self, node: Node) -> frozenset[int]:
        """Return the dims along which some array is read; along others, elements are computed."""
        rank = node.results[0].type.rank
        match node.op:
            case Full() | Iota() | SizeOf():
                return frozenset()
            case Broadcast(dims=dims):
                spans = self._span(node.operands[0])
                return frozenset(new for dim, new in enumerate(dims) if dim in spans)
            case Elementwise() | Where() | Cast() | Bitcast():
                return frozenset(
                    dim + rank - value.type.rank
                    for value in node.operands
                    for dim in self._span(value)
                )
            case Transpose(permutation=permutation):
                spans = self._span(node.operands[0])
                return frozenset(new for new, dim in enumerate(permutation) if dim in spans)
            case Reshape():
                return self._spanned_when_reshaped(node)
            case _:
                return frozenset(range(rank))

    def _spanned_when_reshaped(self, node: Node) -> frozenset[int]:
        before, after = (_longer(v.type.shape) for v in (node.operands[0], node.result))
        spans = self._span(node.operands[0])
        if len(before) != len(after):  # not only dims of size 1 are added or removed
            return frozenset(after) if spans else frozenset()
        return frozenset(new for dim, new in zip(before, after, strict=True) if dim in spans)

    def _span(self, value: Value) -> frozenset[int]:
        if value in self._spans:
            return self._spans[value]
        return frozenset(dim for dim, size in enumerate(value.type.shape) if size != 1)

    def _is_apart(self, op: Op, x: Value) -> bool:
        """Return whether an op along dynamic sizes has to read its operand from memory."""
        if x.type.is_static:
            return False
        depth = self._depths.get(x, 0)
        if isinstance(op, Sort | TopK):
            return depth > 0
        return isinstance(op, Reduction) and (depth >= _CHAIN or self._is_spread(op, x))

    def _depth(self, node: Node) -> int:
        """Return the length of the longest chain of reductions that a node's kernel may hold."""
        if isinstance(node.op, OptimizationBarrier | Contraction):
            return 0
        depth = max((self._depths.get(value, 0) for value in node.operands), default=0)
        return depth + isinstance(node.op, Reduction)

    def _is_spread(self, op: Reduction, x: Value) -> bool:
        """Return whether a reduction is along a dynamic dim of which no array is read.

        Two such in one kernel, as in softmax, need memory of their own: `'memref.alloca' op
        expected no unbounded stack allocations`.
        """
        dynamic = {
            dim % x.type.rank for dim in op.dim if isinstance(x.type.shape[dim], SymbolicSize)
        }
        return not dynamic <= self._span(x)


def _written(graph: Graph) -> set[Value]:
    """Return the values that are results, or operands of ops that are not elementwise."""
    readers = (node for node in graph.nodes if not isinstance(node.op, _POINTWISE))
    return {*graph.outputs, *(value for node in readers for value in node.operands)}


def _longer(shape: Shape) -> list[int]:
    """Return the dims that are not known to have size 1."""
    return [dim for dim, size in enumerate(shape) if size != 1]


def _is_copied(node: Node) -> bool:
    return isinstance(node.op, Concatenate) and node.result.type.is_static


def _words(values: Sequence[Value]) -> int:
    """Return how many words a kernel takes for arrays and for the sizes that calls decide."""
    sizes = {
        (value if _is_input(value) else None, size)  # IREE reads the sizes of each input anew
        for value in values
        for size in value.type.shape
        if isinstance(size, SymbolicSize)
    }
    return 2 * (len(values) + len(sizes))


def _is_input(value: Value) -> bool:
    return value.producer is None and value.data is None
