"""Small graphs to compile, and ops that the compiler must refuse."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from farrier_compiler.diagnostics import Location, scope
from farrier_compiler.graph import (
    REGISTRY,
    Array,
    Graph,
    Node,
    Op,
    TensorType,
    Value,
    constant,
    verify,
)
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_runtime.dtypes import BY_NUMPY, dtype, float32

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue


@dataclass(frozen=True)
class Cholesky(Op, abstract=True):
    """An op of StableHLO that IREE 3.13 does not know how to lower."""

    name = "cholesky"

    def infer(self, x: TensorType) -> TensorType:
        return x

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        return hlo.emit("stablehlo.cholesky", out, x, lower="true")


@dataclass(frozen=True)
class WrongType(Op, abstract=True):
    """An op whose lowering breaks the rules of StableHLO."""

    name = "wrong_type"

    def infer(self, x: TensorType) -> TensorType:
        return x

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        return hlo.emit("stablehlo.tanh", out.with_shape((7,)), x)


@dataclass(frozen=True)
class EmptyDot(Op, abstract=True):
    """A contraction over no elements, which StableHLO allows and which crashes IREE 3.13."""

    name = "empty_dot"

    def infer(self, x: TensorType) -> TensorType:
        return TensorType((x.shape[0], x.shape[0]), x.dtype)

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        numbers = "lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1]"
        return hlo.emit(
            "stablehlo.dot_general", out, x, x, dot_dimension_numbers=f"#stablehlo.dot<{numbers}>"
        )


@dataclass(frozen=True)
class Unfinished(Op, abstract=True):
    """An op without a lowering."""

    name = "unfinished"

    def infer(self, x: TensorType) -> TensorType:
        return x


def argument(*shape: int, name: str = "x", dtype: dtype = float32) -> Value:
    """Return an input."""
    return Value(TensorType(shape, dtype), name=name)


def weight(array: Any, name: str) -> Value:
    """Return a constant."""
    data = np.asarray(array)
    return constant(data, BY_NUMPY[data.dtype], name)


def apply(op: Op | str, *operands: Value) -> Value:
    """Return the result of an op, located at the caller's line."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    place = Location(frame.f_code, frame.f_lasti, scope.get())
    return Node(REGISTRY[op]() if isinstance(op, str) else op, operands, place).result


def function(name: str, *outputs: Value) -> Graph:
    """Return the graph of some values; its inputs are the values without elements, by name."""
    inputs: dict[Value, None] = {}
    for node in Graph(name, (), outputs).with_outputs(outputs, {}).nodes:
        inputs |= {v: None for v in node.operands if v.data is None and v.producer is None}
    return verify(Graph.reaching(name, sorted(inputs, key=lambda v: v.name or ""), outputs))


def random(*shape: int, seed: int = 0) -> Array:
    """Return normally distributed float32 elements."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def product(x: Value, y: Value) -> Value:
    """Return the matrix product."""
    return apply(DotGeneral((), (), (1,), (0,)), x, y)


def affine(name: str = "affine", size: int = 32, seed: int = 0) -> Graph:
    """Return `tanh(x @ w + b)` with random weights `layer.weight` and `layer.bias`."""
    w = weight(random(size, size, seed=seed), "layer.weight")
    b = weight(random(1, size, seed=seed + 1), "layer.bias")
    return function(name, apply("tanh", apply("add", product(argument(4, size), w), b)))


def expected_affine(x: Array, size: int = 32, seed: int = 0) -> Array:
    """Compute what `affine` does, in float64."""
    w, b = random(size, size, seed=seed), random(1, size, seed=seed + 1)
    return np.tanh(x.astype(np.float64) @ w.astype(np.float64) + b.astype(np.float64))
