"""Channels-last layout: (N, *S, C) activations and (*K, I, O) kernels in regions of convolutions.

The pass walks through the graph once. A value exists as the user wrote it, with its channels last,
or in both forms; it is converted only where the other form is needed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar, cast

import numpy as np

from farrier_compiler.graph import Graph, Node, Op, Value
from farrier_compiler.ops.convolution import Convolution
from farrier_compiler.ops.elementwise import Cast, Elementwise, Where
from farrier_compiler.ops.normalization import BatchNormInference
from farrier_compiler.ops.pooling import Pool
from farrier_compiler.ops.quantization import Dequantize, Quantize
from farrier_compiler.ops.reduction import ArgReduction, Reduction
from farrier_compiler.ops.shape import Concatenate, Pad, Reshape, Reverse, Slice, Transpose
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter, constant_data, made_by

AnyOp = TypeVar("AnyOp", bound=Op)
Permutation = tuple[int, ...]


@dataclass(frozen=True)
class ChannelsLast(Pass):
    """Give convolutions, and the ops between them, the layout in which back ends are fast.

    Elementwise ops, pooling, batch norm, pads, slices, concatenations and reductions adopt it from
    their operands; all other ops and the outputs get their values in the user's layout.
    """

    name: ClassVar[str] = "channels_last"

    def __call__(self, graph: Graph) -> Graph:
        if not any(_is_channels_first(node.op) for node in graph.nodes):
            return graph
        return Walk(graph).walk()


def _is_channels_first(op: Op) -> bool:
    return isinstance(op, Convolution) and op.layout == "channels_first"


def to_last(rank: int) -> Permutation:
    """Return the permutation from (N, C, *S) to (N, *S, C)."""
    return (0, *range(2, rank), 1)


def to_first(rank: int) -> Permutation:
    """Return the permutation from (N, *S, C) to (N, C, *S)."""
    return (0, rank - 1, *range(1, rank - 1))


class Walk(Rewriter):
    """The state of the pass.

    Attributes:
        last: channels-last forms of the graph's values.
        first: forms in the user's layout.
        born_last: the values that are computed channels-last.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.last: dict[Value, Value] = {}
        self.first: dict[Value, Value] = {}
        self.born_last: set[Value] = set()

    def walk(self) -> Graph:
        """Return the graph in the new layout."""
        for node in self.graph.nodes:
            self.location = node.location
            if not self._stay_last(node):
                self.keep(node)
        self.location = None
        return self.finish(self.first_form(value) for value in self.graph.outputs)

    def _stay_last(self, node: Node) -> bool:
        """Rewrite a node that begins or continues a region; return whether it does."""
        inside = [value for value in node.operands if value in self.born_last]
        if not inside and not _is_channels_first(node.op):
            return False
        handler = next((HANDLERS[base] for base in type(node.op).__mro__ if base in HANDLERS), None)
        return handler is not None and handler(self, node.op, node)

    # ------------------------------------------------------------------ results

    def keep(self, node: Node) -> None:
        """Rebuild a node on operands in the user's layout."""
        operands = [self.first_form(value) for value in node.operands]
        unchanged = all(map(operator.is_, operands, node.operands))
        rebuilt = node if unchanged else Node(node.op, operands, node.location)
        self.first.update(zip(node.results, rebuilt.results, strict=True))

    def give_last(self, node: Node, op: Op, *operands: Value) -> bool:
        """Rewrite a node to an op whose result has its channels last."""
        self.last[node.result] = self.emit(op, *operands)
        self.born_last.add(node.result)
        return True

    def give_first(self, node: Node, value: Value) -> bool:
        """Rewrite a node to a value in the user's layout."""
        self.first[node.result] = value
        return True

    # ------------------------------------------------------------------ forms of operands

    def first_form(self, value: Value) -> Value:
        """Return a value in the user's layout."""
        if value in self.born_last and value not in self.first:
            self.first[value] = self.transposed(self.last[value], to_first(value.type.rank))
        return self.first.get(value, value)

    def last_form(self, value: Value) -> Value:
        """Return a value with its channels last."""
        if value not in self.last:
            self.last[value] = self.transposed(self.first_form(value), to_last(value.type.rank))
        return self.last[value]

    def beside(self, value: Value, rank: int) -> Value:
        """Return an operand that broadcasts against channels-last values of a rank."""
        if value.type.rank == rank and constant_data(value) is None:
            return self.last_form(value)
        if value.type.rank == 0:
            return self.first_form(value)
        shape = (1,) * (rank - value.type.rank) + value.type.shape
        aligned = self.transposed(self.reshaped(self.first_form(value), shape), to_last(rank))
        sizes = aligned.type.shape
        ones = next((dim for dim, size in enumerate(sizes) if size != 1), rank - 1)
        return self.reshaped(aligned, sizes[ones:])

    def kernel(self, value: Value) -> Value:
        """Return a kernel (O, I, *K) as (*K, I, O)."""
        rank = value.type.rank
        return self.transposed(self.first_form(value), (*range(2, rank), 1, 0))

    # ------------------------------------------------------------------ moving elements

    def transposed(self, x: Value, permutation: Permutation) -> Value:
        """Return a transposed value; fold constants, and merge transposes of transposes."""
        if inner := made_by(x, Transpose):
            permutation = tuple(inner[0].permutation[dim] for dim in permutation)
            x = inner[1].operands[0]
        longer = [dim for dim in permutation if x.type.shape[dim] != 1]
        if longer == sorted(longer):
            return self.reshaped(x, tuple(x.type.shape[dim] for dim in permutation))
        if (data := constant_data(x)) is not None:
            folded = self.constant(np.transpose(data, permutation), x.type.dtype, x)
            if (own := x.type.quantization) is not None:
                folded.type = replace(folded.type, quantization=own.transposed(permutation))
            return folded
        return self.emit(Transpose(permutation), x)

    def reshaped(self, x: Value, shape: tuple[int, ...]) -> Value:
        """Return a reshaped value; fold constants, and merge reshapes of reshapes."""
        if inner := made_by(x, Reshape):
            x = inner[1].operands[0]
        if x.type.shape == shape:
            return x
        if (data := constant_data(x)) is not None:
            return self.constant(data.reshape(shape), x.type.dtype, x)
        return self.emit(Reshape(shape), x)


# ---------------------------------------------------------------------- one handler per family

Handler = Callable[[Walk, AnyOp, Node], bool]
HANDLERS: dict[type[Op], Handler[Any]] = {}


def handles(*ops: type[AnyOp]) -> Callable[[Handler[AnyOp]], Handler[AnyOp]]:
    """Register the handler for some ops; it returns False to leave a node as it is."""

    def register(handler: Handler[AnyOp]) -> Handler[AnyOp]:
        HANDLERS.update(dict.fromkeys(ops, handler))
        return handler

    return register


@handles(Convolution)
def _convolution(walk: Walk, op: Convolution, node: Node) -> bool:
    if not _is_channels_first(op):
        return False
    image, kernel = node.operands
    op = replace(op, layout="channels_last")
    return walk.give_last(node, op, walk.last_form(image), walk.kernel(kernel))


@handles(Elementwise, Where)
def _elementwise(walk: Walk, op: Op, node: Node) -> bool:
    rank = node.result.type.rank
    if any(v in walk.born_last and v.type.rank != rank for v in node.operands):
        return False
    return walk.give_last(node, op, *[walk.beside(value, rank) for value in node.operands])


@handles(Cast)
def _cast(walk: Walk, op: Cast, node: Node) -> bool:
    return walk.give_last(node, op, walk.last_form(node.operands[0]))


@handles(Quantize, Dequantize)
def _quantization(walk: Walk, op: Quantize | Dequantize, node: Node) -> bool:
    x, *parameters = node.operands
    if op.dim is not None:
        op = replace(op, dim=to_last(x.type.rank).index(op.dim))
    elif parameters[0].type.rank:  # scales of blocks
        return False
    return walk.give_last(node, op, walk.last_form(x), *map(walk.first_form, parameters))


@handles(BatchNormInference)
def _batch_norm(walk: Walk, op: BatchNormInference, node: Node) -> bool:
    x, *statistics = node.operands
    op = replace(op, feature_dim=to_last(x.type.rank).index(op.feature_dim))
    return walk.give_last(node, op, walk.last_form(x), *map(walk.first_form, statistics))


@handles(Pool)
def _pool(walk: Walk, op: Pool, node: Node) -> bool:
    return _per_dim(walk, op, node, ("window", "stride", "padding", "dilation"))


@handles(Slice)
def _slice(walk: Walk, op: Slice, node: Node) -> bool:
    return _per_dim(walk, op, node, ("start", "limit", "step"))


@handles(Pad)
def _pad(walk: Walk, op: Pad, node: Node) -> bool:
    return _per_dim(walk, op, node, ("low", "high", "interior"))


def _per_dim(walk: Walk, op: Op, node: Node, fields: Sequence[str]) -> bool:
    """Permute the fields that have an entry for each dimension."""
    x, *others = node.operands
    order = to_last(x.type.rank)
    changed = {name: tuple(getattr(op, name)[dim] for dim in order) for name in fields}
    moved: Op = replace(cast(Any, op), **changed)
    return walk.give_last(node, moved, walk.last_form(x), *map(walk.first_form, others))


@handles(Reverse)
def _reverse(walk: Walk, op: Reverse, node: Node) -> bool:
    order = to_last(node.result.type.rank)
    op = Reverse(tuple(sorted(order.index(dim) for dim in op.dims)))
    return walk.give_last(node, op, walk.last_form(node.operands[0]))


@handles(Concatenate)
def _concatenate(walk: Walk, op: Concatenate, node: Node) -> bool:
    op = Concatenate(to_last(node.result.type.rank).index(op.dim))
    return walk.give_last(node, op, *map(walk.last_form, node.operands))


@handles(Transpose)
def _transpose(walk: Walk, op: Transpose, node: Node) -> bool:
    order = to_first(node.result.type.rank)
    permutation = tuple(order[dim] for dim in op.permutation)
    return walk.give_first(node, walk.transposed(walk.last[node.operands[0]], permutation))


@handles(Reduction, ArgReduction)
def _reduction(walk: Walk, op: Reduction | ArgReduction, node: Node) -> bool:
    (x,) = node.operands
    order = to_last(x.type.rank)
    dims = (op.dim,) if isinstance(op, ArgReduction) else op.dim
    dims = [dim % x.type.rank for dim in dims]
    moved = sorted(order.index(dim) for dim in dims)
    changed = (
        replace(op, dim=moved[0]) if isinstance(op, ArgReduction) else replace(op, dim=tuple(moved))
    )
    if op.keepdim:
        return walk.give_last(node, changed, walk.last_form(x))
    kept = [dim for dim in order if dim not in dims]  # the order of the result's dims
    permutation = tuple(kept.index(dim) for dim in sorted(kept))
    return walk.give_first(
        node, walk.transposed(walk.emit(changed, walk.last_form(x)), permutation)
    )
