"""Canonical forms: what is written in several ways is written in one, what does nothing goes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar, cast

import ml_dtypes
import numpy as np

from farrier_compiler.graph import Graph, Node, Op, Value, constant
from farrier_compiler.graph.node import run_reference as evaluate
from farrier_compiler.ops.checks import broadcast_shapes
from farrier_compiler.ops.creation import Full
from farrier_compiler.ops.elementwise import (
    Add,
    Cast,
    Divide,
    Elementwise,
    FloorDivide,
    LogicalAnd,
    LogicalNot,
    LogicalOr,
    LogicalXor,
    Maximum,
    Minimum,
    Multiply,
    Negative,
    Subtract,
    Where,
)
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.powers import Power
from farrier_compiler.ops.quantization import Dequantize, Quantize
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
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter, is_filled, known, made_by
from farrier_compiler.sizes import minimum
from farrier_compiler.types.geometry import free_dims
from farrier_compiler.types.numbers import limits
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

Emit = Callable[..., Value]
Kind = TypeVar("Kind", bound=Op)
RULES: dict[type[Op], list[Callable[[Any, Node, Emit], Value | None]]] = {}


@dataclass(frozen=True)
class Canonicalize(Pass):
    """Apply the rules below until none applies; all are exact, NaN and -0.0 included."""

    name: ClassVar[str] = "canonicalize"

    def __call__(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)

        def emit(op: Op, *operands: Value) -> Value:
            made = Node(op, operands, rewriter.location)
            return simplify(made, emit) or made.result

        def rule(node: Node) -> tuple[Value] | None:
            found = simplify(node, emit)
            return None if found is None else (found,)

        return rewriter.run(rule)


def simplify(node: Node, emit: Emit) -> Value | None:
    """Return a simpler value for a node whose operands are simple; None if there is none."""
    for kind in type(node.op).__mro__:
        for rule in RULES.get(kind, ()):
            found = rule(node.op, node, emit)
            # Equal sizes may be other expressions, which users of the value were not made for.
            if found is not None and found.type == node.result.type:
                return found
    return None


Rule = Callable[[Kind, Node, Emit], Value | None]


def rule(*kinds: type[Kind]) -> Callable[[Rule[Kind]], Rule[Kind]]:
    """Register a rule for ops of these kinds."""

    def register(function: Rule[Kind]) -> Rule[Kind]:
        for kind in kinds:
            RULES.setdefault(kind, []).append(function)
        return function

    return register


# ---------------------------------------------------------------------- arithmetic


@rule(Add, Multiply, LogicalAnd, LogicalOr, LogicalXor)
def constant_on_the_right(op: Op, node: Node, emit: Emit) -> Value | None:
    """`c + x` is `x + c`."""
    left, right = node.operands
    if known(left) is None or known(right) is not None:
        return None
    return emit(op, right, left)


def _neutral(op: Op, kind: dtype) -> float | None:
    """Return the right operand that changes nothing: `x + 0.0` would change -0.0, for example."""
    match op:
        case Add():
            return -0.0 if kind.is_floating else 0
        case Subtract() | LogicalOr() | LogicalXor():
            return 0
        case Multiply() | Divide() | Power():
            return 1
        case FloorDivide():
            return None if kind.is_floating else 1
        case LogicalAnd():
            return 1 if kind is dtypes.bool else limits(kind)[1] if kind.is_unsigned else -1
        case Maximum() | Minimum() if kind.is_floating:
            return -math.inf if isinstance(op, Maximum) else math.inf
        case _:
            return None


@rule(Elementwise)
def neutral_element(op: Elementwise, node: Node, emit: Emit) -> Value | None:
    """`x + 0`, `x * 1`, `x / 1` and their like are `x`."""
    if len(node.operands) != 2 or node.operands[0].type != node.result.type:
        return None
    left, right = node.operands
    number = _neutral(op, left.type.dtype)
    return left if number is not None and is_filled(right, number) else None


@rule(Negative, LogicalNot)
def inverse_of_itself(op: Op, node: Node, emit: Emit) -> Value | None:
    """`-(-x)` is `x`."""
    inner = made_by(node.operands[0], type(op))
    return inner[1].operands[0] if inner else None


@rule(Elementwise, Where)
def implicit_broadcast(op: Op, node: Node, emit: Emit) -> Value | None:
    """An operand that numpy's rule would broadcast needs no op for that."""
    for index, operand in enumerate(node.operands):
        smaller = _before_broadcast(operand)
        if smaller is None:
            continue
        operands = list(node.operands)
        operands[index] = smaller
        shapes = tuple(value.type.shape for value in operands)
        if broadcast_shapes(op.name, shapes) == node.result.type.shape:
            return emit(op, *operands)
    return None


def _before_broadcast(value: Value) -> Value | None:
    """Return what numpy's rule broadcasts to a value."""
    if (full := made_by(value, Full)) and value.type.rank:
        data = evaluate(replace(full[0], shape=()), value.type.with_shape(()), [])[0]
        return constant(data, value.type.dtype)
    found = made_by(value, Broadcast)
    if found is None:
        return None
    op, node = found
    rank = len(op.shape)
    return node.operands[0] if op.dims == tuple(range(rank - len(op.dims), rank)) else None


@rule(Where)
def decided_choice(op: Where, node: Node, emit: Emit) -> Value | None:
    """A choice whose condition is constant, or between one thing, is no choice."""
    condition, x, y = node.operands
    for chosen, holds in ((x, x is y or is_filled(condition, 1)), (y, is_filled(condition, 0))):
        if holds and chosen.type == node.result.type:
            return chosen
    return None


# ---------------------------------------------------------------------- conversion


@rule(Cast)
def cast_to_same(op: Cast, node: Node, emit: Emit) -> Value | None:
    """A cast to the type that it has already does nothing."""
    return node.operands[0] if node.operands[0].type.dtype is op.dtype else None


@rule(Cast)
def cast_after_lossless_cast(op: Cast, node: Node, emit: Emit) -> Value | None:
    """A detour over a type that holds every element is none."""
    inner = made_by(node.operands[0], Cast)
    if inner is None:
        return None
    start = inner[1].operands[0]
    source, between = start.type.dtype, inner[0].dtype
    same_kind = source.is_floating and op.dtype.is_floating
    same_kind |= source.is_integer and between.is_integer and op.dtype.is_integer
    if not _lossless(source, between) or not (same_kind or op.dtype is source):
        return None
    return emit(op, start)


def _lossless(source: dtype, target: dtype) -> bool:
    """Return whether every element of one type is an element of another."""
    if source is dtypes.bool or target is dtypes.bool:
        return source is dtypes.bool
    if source.is_integer and target.is_integer:
        (low, high), (lowest, highest) = limits(source), limits(target)
        return lowest <= low and high <= highest
    if source.is_integer:
        return source.bits - (not source.is_unsigned) <= _precision(target)[0]
    return target.is_floating and all(
        map(lambda a, b: a <= b, _precision(source), _precision(target))
    )


def _precision(kind: dtype) -> tuple[int, int, int, bool]:
    """Return a float type's bits of fraction, exponents to both sides, and whether it has inf."""
    about = cast(Any, ml_dtypes.finfo(kind.numpy))
    return about.nmant, about.maxexp, -about.minexp + about.nmant, kind is not dtypes.float8


# ---------------------------------------------------------------------- shapes


@rule(Quantize)
def quantize_of_dequantize(op: Quantize, node: Node, emit: Emit) -> Value | None:
    """Integers that become floats, and the same integers by the same scales again, stay so."""
    inner = made_by(node.operands[0], Dequantize)
    if inner is None or inner[0].dim != op.dim or not op.dtype.is_integer:
        return None
    source, *parameters = inner[1].operands
    if source.type.dtype is not op.dtype or inner[0].dtype.bits < 32:
        return None
    given = node.operands[1:]
    same = len(parameters) == len(given) and all(map(_is_same, parameters, given))
    return source if same and _is_moderate(parameters[0]) else None


def _is_same(left: Value, right: Value) -> bool:
    data = known(left), known(right)
    return left is right or (
        data[0] is not None and data[1] is not None and np.array_equal(data[0], data[1])
    )


def _is_moderate(scale: Value) -> bool:
    """Return whether products with a scale neither overflow nor lose bits."""
    data = known(scale)
    return data is not None and bool(((data > 1e-30) & (data < 1e30)).all())


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
    asserts = isinstance(op, Reshape) and op.divisor != 1
    return emit(replace(full[0], shape=node.result.type.shape)) if full and not asserts else None


@rule(DotGeneral)
def contraction_of_transposed_weight(op: DotGeneral, node: Node, emit: Emit) -> Value | None:
    """A contraction names dims in any order: a transposed weight need not be copied."""
    operands, dims = list(node.operands), [_sides(op, 0), _sides(op, 1)]
    for side, operand in enumerate(node.operands):
        inner = made_by(operand, Transpose)
        if inner is None or known(inner[1].operands[0]) is None:
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
    if inner is None:
        return None
    start, limit, step = zip(*map(_compose, _bounds(inner[0]), _bounds(op)), strict=True)
    return emit(Slice(start, limit, step), inner[1].operands[0])


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
