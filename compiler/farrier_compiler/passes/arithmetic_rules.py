"""Canonical forms of arithmetic, choices, conversions and quantisation."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, cast

import ml_dtypes
import numpy as np

from farrier_compiler.graph import Node, Op, Value, constant
from farrier_compiler.graph.node import run_reference
from farrier_compiler.ops.checks import broadcast_shapes
from farrier_compiler.ops.creation import Full
from farrier_compiler.ops.elementwise import (
    Add,
    BitwiseAnd,
    BitwiseNot,
    BitwiseOr,
    BitwiseXor,
    Cast,
    Divide,
    Elementwise,
    FloorDivide,
    Maximum,
    Minimum,
    Multiply,
    Negative,
    Subtract,
    Where,
)
from farrier_compiler.ops.powers import Power
from farrier_compiler.ops.quantization import Dequantize, Quantize
from farrier_compiler.ops.shape import (
    Broadcast,
)
from farrier_compiler.passes.rewrite import constant_data, is_filled, made_by
from farrier_compiler.passes.rules import Emit, rule
from farrier_compiler.types.numbers import limits
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype


@rule(Add, Multiply, BitwiseAnd, BitwiseOr, BitwiseXor)
def constant_on_the_right(op: Op, node: Node, emit: Emit) -> Value | None:
    """`c + x` is `x + c`."""
    left, right = node.operands
    if constant_data(left) is None or constant_data(right) is not None:
        return None
    return emit(op, right, left)


def _neutral(op: Op, dtype: dtype) -> float | None:
    """Return the right operand that changes nothing: `x + 0.0` would change -0.0, for example."""
    match op:
        case Add():
            return -0.0 if dtype.is_floating else 0
        case Subtract() | BitwiseOr() | BitwiseXor():
            return 0
        case Multiply() | Divide() | Power():
            return 1
        case FloorDivide():
            return None if dtype.is_floating else 1
        case BitwiseAnd():
            return 1 if dtype is dtypes.bool else limits(dtype)[1] if dtype.is_unsigned else -1
        case Maximum() | Minimum() if dtype.is_floating:
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


@rule(Negative, BitwiseNot)
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
        data = run_reference(replace(full[0], shape=()), value.type.with_shape(()), [])[0]
        return constant(data, value.type.dtype)
    broadcast = made_by(value, Broadcast)
    if broadcast is None:
        return None
    op, node = broadcast
    rank = len(op.shape)
    return node.operands[0] if op.dims == tuple(range(rank - len(op.dims), rank)) else None


@rule(Where)
def decided_choice(op: Where, node: Node, emit: Emit) -> Value | None:
    """A choice with a constant condition, or between equal values, is decided."""
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
    """Casting through a type that holds every element changes nothing."""
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


def _precision(dtype: dtype) -> tuple[int, int, int, bool]:
    """Return a float type's bits of fraction, exponents to both sides, and whether it has inf."""
    about = cast(Any, ml_dtypes.finfo(dtype.numpy))
    return about.nmant, about.maxexp, -about.minexp + about.nmant, dtype is not dtypes.float8


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
    data = constant_data(left), constant_data(right)
    return left is right or (
        data[0] is not None and data[1] is not None and np.array_equal(data[0], data[1])
    )


def _is_moderate(scale: Value) -> bool:
    """Return whether products with a scale neither overflow nor lose bits."""
    data = constant_data(scale)
    return data is not None and bool(((data > 1e-30) & (data < 1e30)).all())
