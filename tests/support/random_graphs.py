"""Graphs made by chance, whose arithmetic is exact in any order."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from farrier_compiler.graph import Array, Graph, Value, verify
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
from support.graphs import argument, named, node, weight

Item = TypeVar("Item")
LARGEST = 2.0**20
SHAPES = [
    (1, 2, 3, 4),
    (2, 4, 4, 3),
    (2, 3),
    (1, 1, 4, 4),
    (1, 2, 5),
    (2, 2, 3, 2, 3),
    (1, 4, 1, 1),
    (),
]
FILLINGS = [0.0, -0.0, 1.0, 2.0, math.inf, -math.inf]
UNARY = ["negative", "abs", "sign", "floor"]
BINARY = ["add", "subtract", "multiply", "maximum", "minimum"]


class Sketch:
    """A random graph in the making, with the elements of every value.

    They are whole numbers of moderate size, so that sums come out the same in any order, and
    results before and after a pass can be compared bit by bit.

    Args:
        seed: decides everything.
        special: also NaN, infinities and -0.0; then nothing may be summed.
    """

    def __init__(self, seed: int, special: bool) -> None:
        self.random = random.Random(seed)
        self.special = special
        self.arrays: dict[Value, Array] = {}
        self.inputs = [self._input(f"x{index}") for index in range(self.whole(1, 2))]

    def whole(self, low: int, high: int) -> int:
        """Choose a whole number, both bounds included."""
        return self.random.randint(low, high)

    def one(self, items: Sequence[Item]) -> Item:
        """Choose an item."""
        return self.random.choice(items)

    def coin(self) -> bool:
        """Choose yes or no."""
        return self.random.random() < 0.5

    def dims(self, x: Value) -> tuple[int, ...]:
        """Choose some dims of a value."""
        return tuple(dim for dim in range(x.type.rank) if self.coin())

    def elements(self, shape: Sequence[int]) -> Array:
        """Return random elements."""
        numbers = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]
        if self.special:
            numbers += [-0.0, -0.0, math.inf, -math.inf, math.nan]
        return np.reshape(self.random.choices(numbers, k=math.prod(shape)), tuple(shape))

    def constant(self, *shape: int) -> Value:
        """Add a constant; half of them hold one number everywhere."""
        data = self.elements(shape)
        if self.coin():
            data = np.full(shape, self.one(FILLINGS if self.special else FILLINGS[:4]))
        value = weight(data, self.one([None, "w", "layer.weight", "a b"]))
        self.arrays[value] = data
        return value

    def pick(self, suits: Callable[[Value], bool] = lambda value: True) -> Value | None:
        """Choose a float64 value, most likely one of the last."""
        found = [v for v in self.arrays if v.type.dtype is dtypes.float64 and suits(v)]
        found = [v for v in found if v.producer is not None] or found
        return self.one(found[-3:] if self.coin() else found) if found else None

    def add(self, op: Op, *operands: Value) -> Value | None:
        """Add a node, unless its numbers would grow too large to be exact."""
        result = node(op, *operands)
        arrays = [self.arrays[value] for value in operands]
        data = evaluate(op, result.type, arrays)[0]
        with np.errstate(all="ignore"):
            large = np.abs(data.astype(np.float64)).max(initial=0) > LARGEST
        if (large and not self.special) or data.size > 2048:
            return None
        self.arrays[result] = data
        return result

    def _input(self, name: str) -> Value:
        value = argument(self.one(SHAPES), name, dtypes.float64)
        self.arrays[value] = self.elements(value.type.shape)
        return value


# ---------------------------------------------------------------------- networks


def _ranked(least: int, most: int = 9) -> Callable[[Value], bool]:
    return lambda value: least <= value.type.rank <= most and value.type.size > 0


def _convolution(sketch: Sketch) -> None:
    x = sketch.pick(_ranked(3))
    if x is None:
        return
    _, channels, *sizes = x.type.shape
    groups = sketch.one([n for n in (1, 1, 2, channels) if channels % n == 0])
    window = [sketch.whole(1, min(size, 2)) for size in sizes]
    if sketch.coin():
        window = [1] * len(sizes)
    kernel = sketch.constant(groups * sketch.whole(1, 2), channels // groups, *window)
    stride = tuple(sketch.whole(1, 2) for _ in sizes)
    padding = tuple((sketch.whole(0, 2) // 2, sketch.whole(0, 2) // 2) for _ in sizes)
    op = Convolution(stride, padding, (1,) * len(sizes), groups)
    _bias_and_norm(sketch, sketch.add(op, x, kernel))


def _product(sketch: Sketch) -> None:
    x = sketch.pick(_ranked(1))
    if x is None:
        return
    terms, last = x.type.shape[-1], x.type.rank - 1
    if sketch.coin():
        result = sketch.add(DotGeneral((), (), (last,), (0,)), x, sketch.constant(terms, 2))
    else:
        result = sketch.add(DotGeneral((), (), (1,), (last,)), sketch.constant(2, terms), x)
    _bias_and_norm(sketch, result)


def _bias_and_norm(sketch: Sketch, x: Value | None) -> None:
    if x is None or x.type.rank < 2:
        return
    dim = sketch.one([0, 1, 1, 1, x.type.rank - 1])
    features, behind = x.type.shape[dim], (1,) * (x.type.rank - dim - 1)
    if sketch.coin():
        bias = sketch.add(Reshape((features, *behind)), sketch.constant(features))
        x = (bias and sketch.add(REGISTRY["add"](), x, bias)) or x
    if sketch.coin():
        scale, offset, mean = (sketch.constant(features) for _ in range(3))
        variance = weight(np.full(features, sketch.one([0.25, 1.0])), "var")
        sketch.arrays[variance] = np.asarray(variance.data)
        sketch.add(BatchNormInference(0.0, dim), x, scale, offset, mean, variance)


def _pool(sketch: Sketch) -> None:
    x = sketch.pick(_ranked(1))
    if x is not None:
        window = tuple(sketch.whole(1, min(size, 2)) for size in x.type.shape)
        ones = (1,) * x.type.rank
        stride = sketch.one([window, ones])
        sketch.add(sketch.one([MaxPool, SumPool])(window, stride, ((0, 0),) * len(ones), ones), x)


# ---------------------------------------------------------------------- elementwise


def _unary(sketch: Sketch, x: Value) -> None:
    sketch.add(REGISTRY[sketch.one(UNARY)](), x)


def _binary(sketch: Sketch, x: Value) -> None:
    operands = [x, _partner(sketch, x)]
    sketch.random.shuffle(operands)
    sketch.add(REGISTRY[sketch.one(BINARY)](), *operands)


def _partner(sketch: Sketch, x: Value) -> Value:
    """Return something that broadcasts against a value: alike, a scalar, or a part of its dims."""
    alike = sketch.pick(lambda value: value.type.shape == x.type.shape)
    if alike is not None and sketch.coin():
        return alike
    shape = [size if sketch.coin() else 1 for size in x.type.shape]
    if sketch.coin():
        shape = [sketch.one([2, 3]) if size == 1 else size for size in x.type.shape]
    return sketch.constant(*shape[sketch.whole(0, len(shape)) :])


def _choice(sketch: Sketch, x: Value) -> None:
    y = _partner(sketch, x)
    condition = sketch.one([named("less", x, y), weight(np.asarray(sketch.coin()))])
    if condition.producer is None:
        sketch.arrays[condition] = np.asarray(condition.data)
    else:
        sketch.arrays[condition] = np.less(sketch.arrays[x], sketch.arrays[y])
    operands = [x, y]
    sketch.random.shuffle(operands)
    sketch.add(Where(), condition, *operands)


def _cast(sketch: Sketch, x: Value) -> None:
    kinds = [dtypes.float32, dtypes.int32, dtypes.bool, dtypes.float64, dtypes.int8]
    for kind in (sketch.one(kinds), sketch.one(kinds), dtypes.float64):
        made = sketch.add(Cast(kind), x)
        if made is None:
            return
        x = made


# ---------------------------------------------------------------------- shapes


def _reduction(sketch: Sketch, x: Value) -> None:
    keepdim = sketch.coin()
    dims = sketch.dims(x) if x.type.size else ()
    sketch.add((Max if sketch.special else sketch.one([Sum, Max]))(dims, keepdim), x)
    if dims and sketch.coin():
        sketch.add(Argmax(dims[0], keepdim), x)


def _transpose(sketch: Sketch, x: Value) -> None:
    permutation = list(range(x.type.rank))
    sketch.random.shuffle(permutation)
    sketch.add(Transpose(tuple(permutation)), x)


def _reshape(sketch: Sketch, x: Value) -> None:
    at = sketch.whole(0, x.type.rank)
    before, behind = x.type.shape[:at], x.type.shape[at:]
    flat = (math.prod(before), math.prod(behind))
    sketch.add(Reshape(sketch.one([flat, (*before, 1, *behind)])), x)


def _part(sketch: Sketch, x: Value) -> None:
    shape = x.type.shape
    start = tuple(sketch.whole(0, min(size, 1)) for size in shape)
    limit = tuple(
        sketch.whole(min(a + 2, size), size) for a, size in zip(start, shape, strict=True)
    )
    sketch.add(Slice(start, limit, tuple(sketch.whole(1, 2) for _ in shape)), x)


def _reverse(sketch: Sketch, x: Value) -> None:
    sketch.add(Reverse(sketch.dims(x)), x)


def _pad(sketch: Sketch, x: Value) -> None:
    low, high, interior = ([sketch.whole(0, 3) // 3 for _ in x.type.shape] for _ in range(3))
    sketch.add(Pad(tuple(low), tuple(high), tuple(interior)), x, sketch.constant())


def _concatenate(sketch: Sketch, x: Value) -> None:
    if x.type.rank:
        alike = [sketch.pick(lambda value: value.type.shape == x.type.shape) for _ in range(2)]
        others = [value for value in alike[: sketch.whole(0, 2)] if value is not None]
        sketch.add(Concatenate(sketch.whole(0, x.type.rank - 1)), x, *others)


def _broadcast(sketch: Sketch, x: Value) -> None:
    larger = tuple(2 if size == 1 and sketch.coin() else size for size in x.type.shape)
    shape = (sketch.whole(1, 2), *larger)
    found = sketch.add(Broadcast(shape, tuple(range(1, len(shape)))), x)
    if found is not None and sketch.coin():
        sketch.add(REGISTRY["add"](), found, sketch.constant(*sketch.one([shape, larger])))


REARRANGE = [_transpose, _reshape, _part, _part, _reverse, _concatenate, _broadcast]
STEPS = [_unary, _binary, _binary, _binary, _choice, _cast, _reduction, _pad, *REARRANGE]
NETWORK = [_convolution, _convolution, _product, _pool]


def _step(sketch: Sketch) -> None:
    if not sketch.special and sketch.random.random() < 0.4:
        sketch.one(NETWORK)(sketch)
    elif x := sketch.pick(_ranked(0, 5)):
        change = sketch.one(STEPS)
        change(sketch, x)
        if sketch.random.random() < 0.2 and (again := sketch.pick(_ranked(0, 5))):
            change(sketch, again)  # chains of one op are what many rules are about


def sketched(seed: int, steps: int, special: bool) -> tuple[Graph, list[Array]]:
    """Return a graph and elements for its inputs."""
    sketch = Sketch(seed, special)
    for _ in range(steps):
        _step(sketch)
    made = [value for value in sketch.arrays if value.producer is not None] or sketch.inputs
    outputs = [made[-1], *(sketch.one(made) for _ in range(sketch.whole(0, 2)))]
    names = [f"y{index}" for index in range(len(outputs))]
    graph = Graph.reaching("net", sketch.inputs, outputs, output_names=names)
    return verify(graph), [sketch.arrays[value] for value in sketch.inputs]


def graphs(special: bool = False) -> st.SearchStrategy[tuple[Graph, list[Array]]]:
    """Return hypothesis's strategy for graphs, with elements for their inputs.

    Args:
        special: with NaN, infinities and -0.0, but without sums of products.
    """
    seeds, steps = st.integers(0, 2**32 - 1), st.integers(2, 12)
    return st.builds(sketched, seeds, steps, st.just(special))
