"""Canonical forms of ops that move, repeat and select elements."""

from __future__ import annotations

from dataclasses import replace

from farrier_compiler.graph import Node, Op, Value
from farrier_compiler.ops.creation import Full
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.reduction import Reduction, Sum
from farrier_compiler.ops.shape import (
    Broadcast,
    Concatenate,
    Pad,
    Reshape,
    Reverse,
    Slice,
    Transpose,
)
from farrier_compiler.passes.rewrite import constant_data, made_by
from farrier_compiler.passes.rules import Emit, rule
from farrier_compiler.sizes import minimum
from farrier_compiler.sizes.requirements import requirements
from farrier_compiler.types.geometry import free_dims


@rule(Transpose)
def transpose_of_nothing(op: Transpose, node: Node, emit: Emit) -> Value | None:
    """A transpose that keeps the order of all dims longer than 1 is a reshape."""
    (x,) = node.operands
    longer = [dim for dim in op.permutation if x.type.shape[dim] != 1]
    return emit(Reshape(node.result.type.shape), x) if longer == sorted(longer) else None


@rule(Transpose)
def transpose_of_transpose(op: Transpose, node: Node, emit: Emit) -> Value | None:
    """Two transposes are one."""
    inner = made_by(node.operands[0], Transpose)
    if inner is None:
        return None
    permutation = tuple(inner[0].permutation[dim] for dim in op.permutation)
    return emit(Transpose(permutation), inner[1].operands[0])


@rule(Reshape)
def reshape_to_same(op: Reshape, node: Node, emit: Emit) -> Value | None:
    """A reshape to the shape that it has already does nothing, but for what it asserts."""
    same = node.operands[0].type.shape == op.shape and op.divisor == 1
    return node.operands[0] if same else None


@rule(Reshape)
def reshape_of_reshape(op: Reshape, node: Node, emit: Emit) -> Value | None:
    """The last of two reshapes is enough, where the first one asserts nothing else."""
    inner = made_by(node.operands[0], Reshape)
    return emit(op, inner[1].operands[0]) if inner and inner[0].divisor == 1 else None


@rule(Broadcast)
def broadcast_to_same(op: Broadcast, node: Node, emit: Emit) -> Value | None:
    """A broadcast that adds only dims of size 1 is a reshape."""
    (x,) = node.operands
    return emit(Reshape(op.shape), x) if x.type.size == node.result.type.size else None


@rule(Broadcast)
def broadcast_of_broadcast(op: Broadcast, node: Node, emit: Emit) -> Value | None:
    """Two broadcasts are one."""
    inner = made_by(node.operands[0], Broadcast)
    if inner is None:
        return None
    dims = tuple(op.dims[dim] for dim in inner[0].dims)
    return emit(Broadcast(op.shape, dims), inner[1].operands[0])


@rule(Transpose, Reshape, Broadcast, Slice, Reverse)
def part_of_full(op: Op, node: Node, emit: Emit) -> Value | None:
    """Wherever elements go that are all the same, they stay so."""
    full = made_by(node.operands[0], Full)
    if full is None or _asserts(node):
        return None
    return emit(replace(full[0], shape=node.result.type.shape))


@rule(DotGeneral)
def contraction_of_transposed_weight(op: DotGeneral, node: Node, emit: Emit) -> Value | None:
    """A contraction names dims in any order: a transposed weight need not be copied."""
    operands, dims = list(node.operands), [_sides(op, 0), _sides(op, 1)]
    for side, operand in enumerate(node.operands):
        inner = made_by(operand, Transpose)
        if inner is None or constant_data(inner[1].operands[0]) is None:
            continue
        source, order = inner[1].operands[0], inner[0].permutation
        free = [order[dim] for dim in free_dims(operand.type.rank, *dims[side])]
        if free == sorted(free):
            operands[side] = source
            batch, sums = (tuple(order[dim] for dim in group) for group in dims[side])
            dims[side] = batch, sums
    if operands == list(node.operands):
        return None
    (left, left_sums), (right, right_sums) = dims
    return emit(DotGeneral(left, right, left_sums, right_sums, op.dtype), *operands)


def _sides(op: DotGeneral, side: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the batch and the contracting dims of one operand."""
    if side == 0:
        return op.lhs_batch, op.lhs_contracting
    return op.rhs_batch, op.rhs_contracting


# ---------------------------------------------------------------------- parts


@rule(Slice)
def slice_of_all(op: Slice, node: Node, emit: Emit) -> Value | None:
    """A slice that takes every element does nothing."""
    return node.operands[0] if node.operands[0].type == node.result.type else None


@rule(Slice)
def slice_of_slice(op: Slice, node: Node, emit: Emit) -> Value | None:
    """Two slices are one."""
    inner = made_by(node.operands[0], Slice)
    if inner is None or _asserts(node):
        return None
    start, limit, step = zip(*map(_compose, _bounds(inner[0]), _bounds(op)), strict=True)
    return emit(Slice(start, limit, step), inner[1].operands[0])


def _asserts(node: Node) -> bool:
    """Return whether an op is defined for some sizes only, which a call must check."""
    if isinstance(node.op, Reshape) and node.op.divisor != 1:
        return True
    with requirements() as recorded:
        node.op.infer(*[value.type for value in node.operands])
    return bool(recorded)


def _bounds(op: Slice) -> list[tuple[int, int, int]]:
    return list(zip(op.start, op.limit, op.step, strict=True))


def _compose(inner: tuple[int, int, int], outer: tuple[int, int, int]) -> tuple[int, int, int]:
    first, last, step = inner
    limit = minimum(first + outer[1] * step, last)
    return minimum(first + outer[0] * step, limit), limit, step * outer[2]


@rule(Pad)
def pad_by_nothing(op: Pad, node: Node, emit: Emit) -> Value | None:
    """A pad that adds and crops nothing does nothing."""
    moved = [amount for amount in op.low + op.high + op.interior if amount != 0]
    return None if moved else node.operands[0]


@rule(Reverse)
def reverse_nothing(op: Reverse, node: Node, emit: Emit) -> Value | None:
    """Only dims longer than 1 can be reversed."""
    (x,) = node.operands
    dims = tuple(dim for dim in sorted(op.dims) if x.type.shape[dim] not in (0, 1))
    if not dims:
        return x
    return None if dims == op.dims else emit(Reverse(dims), x)


@rule(Reverse)
def reverse_of_reverse(op: Reverse, node: Node, emit: Emit) -> Value | None:
    """A dim that is reversed twice is as it was."""
    inner = made_by(node.operands[0], Reverse)
    if inner is None:
        return None
    return emit(Reverse(tuple(set(op.dims) ^ set(inner[0].dims))), inner[1].operands[0])


@rule(Concatenate)
def concatenate_nothing(op: Concatenate, node: Node, emit: Emit) -> Value | None:
    """Operands without elements add nothing, and one alone is not joined."""
    filled = [value for value in node.operands if value.type.shape[op.dim] != 0]
    filled = filled or [node.operands[0]]
    if len(filled) == 1:
        return filled[0]
    return emit(op, *filled) if len(filled) < len(node.operands) else None


@rule(Reduction)
def reduce_no_dims(op: Reduction, node: Node, emit: Emit) -> Value | None:
    """A reduction over no dims does nothing, but a sum makes 0.0 of -0.0."""
    (x,) = node.operands
    exact = not (isinstance(op, Sum) and x.type.dtype.is_floating)
    return x if exact and not op.dim else None
