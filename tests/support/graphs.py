"""Graphs by hand, by chance, and an interpreter that leaves them as they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from farrier_compiler.graph import Array, Graph, Node, TensorType, Value, constant, verify
from farrier_compiler.ops.base import REGISTRY, Op, evaluate
from farrier_compiler.ops.convolution import Convolution
from farrier_compiler.ops.elementwise import Cast, Where
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.normalization import BatchNormInference
from farrier_compiler.ops.pooling import MaxPool, SumPool
from farrier_compiler.ops.reduction import Argmax, Max, Sum
from farrier_compiler.ops.shape import (
    Broadcast,
    Concatenate,
    Pad,
    Reshape,
    Reverse,
    Slice,
    Transpose,
)
from farrier_runtime import dtypes
from farrier_runtime.dtypes import BY_NUMPY, dtype
from hypothesis import strategies as st


def node(op: Op, *operands: Value) -> Value:
    """Return the only result of an op."""
    return Node(op, operands).result


def named(name: str, *operands: Value) -> Value:
    """Return the result of an op that has no attributes."""
    return node(REGISTRY[name](), *operands)


def weight(array: Any, name: str | None = None) -> Value:
    """Return a constant."""
    data = np.asarray(array)
    return constant(data, BY_NUMPY[data.dtype], name)


def argument(shape: Sequence[int], name: str = "x", kind: dtype = dtypes.float32) -> Value:
    """Return an input."""
    return Value(TensorType(tuple(shape), kind), name=name)


def graph_of(*outputs: Value, name: str = "main") -> Graph:
    """Return the verified graph of some values; its inputs are the values without elements."""
    reached = Graph(name, (), outputs).with_outputs(outputs, {})
    inputs = [value for value in reached.leaves() if value.data is None]
    return verify(Graph.reaching(name, inputs, outputs))


def run(graph: Graph, arrays: Sequence[Array]) -> list[Array]:
    """Return a graph's outputs by the ops' references, and change nothing."""
    found = dict(zip(graph.inputs, arrays, strict=True))

    def elements(value: Value) -> Array:
        if value in found:
            return found[value]
        assert value.data is not None
        return value.data

    for one in graph.nodes:
        types = tuple(value.type for value in one.results)
        results = evaluate(one.op, types, [elements(value) for value in one.operands])
        found.update(zip(one.results, results, strict=True))
    return [elements(value) for value in graph.outputs]


def operations(graph: Graph) -> list[str]:
    """Return the names of a graph's ops, in order."""
    return [one.op.name for one in graph.nodes]


# ---------------------------------------------------------------------- random graphs

Draw = Callable[..., Any]
LARGEST = 2.0**20


class Sketch:
    """A random graph in the making; the elements of every value are whole numbers, or special.

    Whole numbers of moderate size make all arithmetic exact, whatever its order: results before
    and after a pass can be compared bit by bit.
    """

    def __init__(self, draw: Draw, special: bool) -> None:
        self.draw = draw
        self.special = special
        self.generator = np.random.default_rng(draw(st.integers(0, 2**16)))
        self.arrays: dict[Value, Array] = {}
        self.inputs: list[Value] = []
        for index in range(draw(st.integers(1, 2))):
            shape = draw(st.sampled_from(SHAPES))
            value = argument(shape, f"x{index}", dtypes.float64)
            self.arrays[value] = self.elements(shape)
            self.inputs.append(value)

    def elements(self, shape: Sequence[int]) -> Array:
        """Return whole numbers; with special ones, zeros of both signs, infinities and NaN too."""
        whole = self.generator.integers(-3, 4, tuple(shape)).astype(np.float64)
        if not self.special:
            return whole
        odd = self.generator.choice([0.0, -0.0, 1.0, math.inf, -math.inf, math.nan], tuple(shape))
        return np.where(self.generator.random(tuple(shape)) < 0.5, odd, whole)

    def constant(self, *shape: int) -> Value:
        """Add a constant; half of the small ones hold 0, -0.0, 1 or 2 everywhere."""
        data = self.elements(shape)
        if self.draw(st.booleans()):
            data = np.full(shape, self.draw(st.sampled_from([0.0, -0.0, 1.0, 2.0])))
        value = weight(data, self.draw(st.sampled_from([None, "w", "layer.weight", "a b"])))
        self.arrays[value] = data
        return value

    def pick(self, suits: Callable[[Value], bool] = lambda value: True) -> Value | None:
        """Choose a float64 value."""
        found = [v for v in self.arrays if v.type.dtype is dtypes.float64 and suits(v)]
        return self.draw(st.sampled_from(found[-6:])) if found else None

    def add(self, op: Op, *operands: Value) -> Value | None:
        """Add a node, unless its numbers would grow too large to be exact."""
        result = node(op, *operands)
        with np.errstate(all="ignore"):
            data = evaluate(op, result.type, [self.arrays[value] for value in operands])[0]
            large = not self.special and np.abs(data.astype(np.float64)).max(initial=0) > LARGEST
        if large or data.size > 4096:
            return None
        self.arrays[result] = data
        return result


SHAPES = [(1, 2, 3, 4), (2, 4, 4, 3), (2, 3), (1, 1, 4, 4), (1, 2, 5), (2, 2, 3, 2, 3), (1, 4, 1, 1), ()]


def _rank(least: int) -> Callable[[Value], bool]:
    return lambda value: value.type.rank >= least and value.type.size > 0


def _convolution(sketch: Sketch) -> None:
    x = sketch.pick(_rank(3))
    if x is None:
        return
    draw, (_, channels, *sizes) = sketch.draw, x.type.shape
    groups = draw(st.sampled_from([n for n in (1, 2, channels) if channels % n == 0]))
    outputs = groups * draw(st.integers(1, 2))
    window = tuple(draw(st.integers(1, min(size, 2))) for size in sizes)
    if draw(st.booleans()):
        window = (1,) * len(sizes)
    kernel = sketch.constant(outputs, channels // groups, *window)
    stride = (draw(st.integers(1, 2)),) * len(sizes)
    padding = ((draw(st.integers(0, 1)), 0),) * len(sizes)
    result = sketch.add(Convolution(stride, padding, (1,) * len(sizes), groups), x, kernel)
    _bias_and_norm(sketch, result)


def _product(sketch: Sketch) -> None:
    x = sketch.pick(_rank(1))
    if x is None:
        return
    terms, rank = x.type.shape[-1], x.type.rank
    if sketch.draw(st.booleans()):
        result = sketch.add(DotGeneral((), (), (rank - 1,), (0,)), x, sketch.constant(terms, 2))
    else:
        result = sketch.add(DotGeneral((), (), (1,), (rank - 1,)), sketch.constant(2, terms), x)
    _bias_and_norm(sketch, result)


def _bias_and_norm(sketch: Sketch, x: Value | None) -> None:
    if x is None or x.type.rank < 2:
        return
    dim = sketch.draw(st.sampled_from([0, 1, 1, 1, x.type.rank - 1]))
    features, behind = x.type.shape[dim], (1,) * (x.type.rank - dim - 1)
    if sketch.draw(st.booleans()):
        bias = sketch.constant(features)
        reshaped = sketch.add(Reshape((features, *behind)), bias)
        assert reshaped is not None
        x = sketch.add(REGISTRY["add"](), x, reshaped) or x
    if sketch.draw(st.booleans()):
        scale, offset, mean = (sketch.constant(features) for _ in range(3))
        variance = weight(np.full(features, sketch.draw(st.sampled_from([0.25, 1.0]))), "var")
        sketch.arrays[variance] = np.asarray(variance.data)
        sketch.add(BatchNormInference(0.0, dim), x, scale, offset, mean, variance)


def _pool(sketch: Sketch) -> None:
    x = sketch.pick(_rank(1))
    if x is not None:
        window = tuple(sketch.draw(st.integers(1, min(size, 2))) for size in x.type.shape)
        kind = sketch.draw(st.sampled_from([MaxPool, SumPool]))
        sketch.add(kind(window, window, ((0, 0),) * x.type.rank, (1,) * x.type.rank), x)


UNARY = ["negative", "abs", "sign", "floor", "round"]
BINARY = ["add", "subtract", "multiply", "maximum", "minimum"]


def _unary(sketch: Sketch) -> None:
    x = sketch.pick()
    assert x is not None
    sketch.add(REGISTRY[sketch.draw(st.sampled_from(UNARY))](), x)


def _binary(sketch: Sketch) -> None:
    x = sketch.pick()
    assert x is not None
    op = REGISTRY[sketch.draw(st.sampled_from(BINARY))]()
    operands = [x, _partner(sketch, x)]
    sketch.add(op, *operands if sketch.draw(st.booleans()) else operands[::-1])


def _partner(sketch: Sketch, x: Value) -> Value:
    """Return something that broadcasts against a value: alike, a scalar, or a part of its dims."""
    alike = sketch.pick(lambda value: value.type.shape == x.type.shape)
    if alike is not None and sketch.draw(st.booleans()):
        return alike
    kept = [sketch.draw(st.booleans()) for _ in x.type.shape]
    shape = [size if keep else 1 for size, keep in zip(x.type.shape, kept, strict=True)]
    return sketch.constant(*shape[sketch.draw(st.integers(0, len(shape))) :])


def _choice(sketch: Sketch) -> None:
    x = sketch.pick()
    assert x is not None
    y = _partner(sketch, x)
    condition = sketch.add(REGISTRY["less"](), x, y)
    if condition is not None:
        sketch.add(Where(), condition, *sketch.draw(st.permutations([x, y])))


def _cast(sketch: Sketch) -> None:
    x = sketch.pick()
    assert x is not None
    kind = sketch.draw(st.sampled_from([dtypes.float32, dtypes.int32, dtypes.float64]))
    between = sketch.add(Cast(kind), x)
    if between is not None:
        sketch.add(Cast(dtypes.float64), between)


def _reduction(sketch: Sketch) -> None:
    x = sketch.pick(_rank(1))
    if x is None:
        return
    dims = tuple(d for d in range(x.type.rank) if sketch.draw(st.booleans()))
    keepdim = sketch.draw(st.booleans())
    sketch.add(sketch.draw(st.sampled_from([Sum, Max]))(dims, keepdim), x)
    if dims and sketch.draw(st.booleans()):
        sketch.add(Argmax(dims[0], keepdim), x)


def _transpose(sketch: Sketch) -> None:
    x = sketch.pick()
    assert x is not None
    sketch.add(Transpose(tuple(sketch.draw(st.permutations(range(x.type.rank))))), x)


def _reshape(sketch: Sketch) -> None:
    x = sketch.pick()
    assert x is not None
    at = sketch.draw(st.integers(0, x.type.rank))
    before, behind = x.type.shape[:at], x.type.shape[at:]
    flat = (math.prod(before), math.prod(behind))
    sketch.add(Reshape(sketch.draw(st.sampled_from([flat, (*before, 1, *behind)]))), x)


def _part(sketch: Sketch) -> None:
    x = sketch.pick()
    assert x is not None
    draw, shape = sketch.draw, x.type.shape
    start = tuple(draw(st.integers(0, min(size, 1))) for size in shape)
    limit = tuple(draw(st.integers(a, size)) for a, size in zip(start, shape, strict=True))
    sketch.add(Slice(start, limit, tuple(draw(st.integers(1, 2)) for _ in shape)), x)


def _reverse(sketch: Sketch) -> None:
    x = sketch.pick()
    assert x is not None
    sketch.add(Reverse(tuple(d for d in range(x.type.rank) if sketch.draw(st.booleans()))), x)


def _pad(sketch: Sketch) -> None:
    x = sketch.pick()
    assert x is not None
    amounts = [sketch.draw(st.integers(0, 1)) for _ in x.type.shape]
    zeros = (0,) * x.type.rank
    sketch.add(Pad(tuple(amounts), zeros, zeros), x, sketch.constant())


def _concatenate(sketch: Sketch) -> None:
    x = sketch.pick(lambda value: value.type.rank > 0)
    if x is None:
        return
    dim = sketch.draw(st.integers(0, x.type.rank - 1))
    others = [sketch.pick(lambda value: value.type.shape == x.type.shape) for _ in range(2)]
    count = sketch.draw(st.integers(0, 2))
    sketch.add(Concatenate(dim), x, *[other for other in others[:count] if other is not None])


def _broadcast(sketch: Sketch) -> None:
    x = sketch.pick(lambda value: value.type.rank < 4)
    if x is not None:
        shape = (2, *(size if size != 1 else 2 for size in x.type.shape))
        dims = tuple(range(1, len(shape)))
        sketch.add(Broadcast(shape if sketch.draw(st.booleans()) else (1, *x.type.shape), dims), x)


STEPS = [_unary, _binary, _binary, _choice, _cast, _reduction, _transpose, _reshape, _part, _reverse]
STEPS += [_pad, _concatenate, _broadcast]
NETWORK = [_convolution, _convolution, _convolution, _product, _pool, _pad, _concatenate]


@st.composite
def graphs(draw: Draw, special: bool = False) -> tuple[Graph, list[Array]]:
    """Draw a graph and elements for its inputs.

    Args:
        draw: hypothesis's.
        special: with NaN, infinities and -0.0, but without sums of products.
    """
    sketch = Sketch(draw, special)
    for _ in range(draw(st.integers(4, 10))):
        draw(st.sampled_from(STEPS if special else STEPS + NETWORK + NETWORK))(sketch)
    made = [value for value in sketch.arrays if value.producer is not None] or sketch.inputs
    outputs = [made[-1], *draw(st.lists(st.sampled_from(made), max_size=2))]
    names = [f"y{index}" for index in range(len(outputs))]
    graph = Graph.reaching("net", sketch.inputs, outputs, output_names=names)
    return verify(graph), [sketch.arrays[value] for value in sketch.inputs]
