"""Random graphs whose arithmetic is exact in any order."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from farrier_compiler.graph import REGISTRY, Array, Graph, Node, Op, Value, verify
from farrier_compiler.graph.node import run_reference
from farrier_compiler.ops.convolution import Convolution
from farrier_compiler.ops.elementwise import Cast, Where
from farrier_compiler.ops.indexing import Gather
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.normalization import BatchNormInference
from farrier_compiler.ops.pooling import MaxPool, SumPool
from farrier_compiler.ops.reduction import All, Any, Argmax, Argmin, Cumsum, Max, Min, Prod, Sum
from farrier_compiler.ops.shape import (
    Broadcast,
    Concatenate,
    OptimizationBarrier,
    Pad,
    Reshape,
    Reverse,
    Slice,
    Transpose,
)
from farrier_compiler.ops.sorting import Sort
from farrier_compiler.types.geometry import dilated
from farrier_runtime import dtypes
from support.graphs import argument, named, weight

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
UNARY = ["negative", "abs", "sign", "floor", "ceil", "round"]
BINARY = ["add", "subtract", "multiply", "maximum", "minimum"]


class Sketch:
    """A random graph under construction, with the elements of every value.

    The elements are whole numbers of moderate size, so that sums are the same in any order, and
    results before and after a pass can be compared bit by bit.

    Args:
        seed: seeds every choice.
        special: include NaN, infinities and -0.0; then nothing may be summed.
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
        """Add a constant; half of them are filled with one number."""
        data = self.elements(shape)
        if self.coin():
            data = np.full(shape, self.one(FILLINGS if self.special else FILLINGS[:4]))
        return self.constant_of(data, self.one([None, "w", "layer.weight", "a b"]))

    def constant_of(self, data: Array, name: str | None = None) -> Value:
        """Add a constant that holds these elements."""
        value = weight(data, name)
        self.arrays[value] = data
        return value

    def pick(self, suits: Callable[[Value], bool] = lambda value: True) -> Value | None:
        """Choose a float64 value, most likely a recent one."""
        candidates = [v for v in self.arrays if v.type.dtype is dtypes.float64 and suits(v)]
        candidates = [v for v in candidates if v.producer is not None] or candidates
        return self.one(candidates[-3:] if self.coin() else candidates) if candidates else None

    def add(self, op: Op, *operands: Value) -> Value | None:
        """Add a node and return its first result, unless numbers grow too large to be exact."""
        results = Node(op, operands).results
        types = tuple(value.type for value in results)
        arrays = run_reference(op, types, [self.arrays[value] for value in operands])
        with np.errstate(all="ignore"):
            largest = max(np.abs(data.astype(np.float64)).max(initial=0) for data in arrays)
        if (largest > LARGEST and not self.special) or arrays[0].size > 2048:
            return None
        self.arrays |= dict(zip(results, arrays, strict=True))
        return results[0]

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
    stride, gaps, spaces = (tuple(sketch.whole(1, 2) for _ in sizes) for _ in range(3))
    padding = tuple((sketch.whole(0, 2) // 2, sketch.whole(0, 2) // 2) for _ in sizes)
    extents = zip(sizes, window, padding, gaps, spaces, strict=True)
    fits = all(dilated(k, gap) <= dilated(n, space) + sum(p) for n, k, p, gap, space in extents)
    plain = sketch.coin() or not fits
    ones = (1,) * len(sizes)
    gaps, spaces = (ones, ones) if plain else (gaps, spaces)
    op = Convolution(stride, padding, gaps, groups, spaces)
    _bias_and_norm(sketch, sketch.add(op, x, kernel))


def _product(sketch: Sketch) -> None:
    x = sketch.pick(_ranked(1))
    if x is None:
        return
    terms, last = x.type.shape[-1], x.type.rank - 1
    if last > 1 and sketch.coin():
        right = sketch.constant(x.type.shape[0], 2, terms)
        result = sketch.add(DotGeneral((0,), (0,), (last,), (2,)), x, right)
    elif sketch.coin():
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
        variance = sketch.constant_of(np.full(features, sketch.one([0.25, 1.0])), "var")
        sketch.add(BatchNormInference(0.0, dim), x, scale, offset, mean, variance)


def _pool(sketch: Sketch) -> None:
    x = sketch.pick(_ranked(1))
    if x is None:
        return
    sizes, ones = x.type.shape, (1,) * x.type.rank
    window = tuple(sketch.whole(1, min(size, 2)) for size in sizes)
    gaps = tuple(sketch.whole(1, 2) if size > 2 else 1 for size in sizes)
    # As layers do: where a window is one element, IREE refuses some programs that pad.
    most = [3 if length > 1 else 0 for length in window]
    padding = tuple((sketch.whole(0, n) // 3, sketch.whole(0, n) // 3) for n in most)
    op_class = MaxPool if sketch.special else sketch.one([MaxPool, SumPool])
    sketch.add(op_class(window, sketch.one([window, ones]), padding, gaps), x)


def _cumsum(sketch: Sketch) -> None:
    x = sketch.pick(_ranked(1))
    if x is not None:
        sketch.add(Cumsum(sketch.whole(-1, x.type.rank - 1)), x)


# ---------------------------------------------------------------------- elementwise


def _unary(sketch: Sketch, x: Value) -> None:
    sketch.add(REGISTRY[sketch.one(UNARY)](), x)


def _binary(sketch: Sketch, x: Value) -> None:
    operands = [x, _partner(sketch, x)]
    sketch.random.shuffle(operands)
    sketch.add(REGISTRY[sketch.one(BINARY)](), *operands)


def _partner(sketch: Sketch, x: Value) -> Value:
    """Return a value that broadcasts against x: of its shape, a scalar, or of some of its dims."""
    alike = sketch.pick(lambda value: value.type.shape == x.type.shape)
    if alike is not None and sketch.coin():
        return alike
    shape = [size if sketch.coin() else 1 for size in x.type.shape]
    if sketch.coin():
        shape = [sketch.one([2, 3]) if size == 1 else size for size in x.type.shape]
    return sketch.constant(*shape[sketch.whole(0, len(shape)) :])


def _choice(sketch: Sketch, x: Value) -> None:
    y = _partner(sketch, x)
    decided = sketch.constant_of(np.asarray(sketch.coin()))
    condition = sketch.one([_less(sketch, x, y), decided])
    operands = [x, y]
    sketch.random.shuffle(operands)
    sketch.add(Where(), condition, *operands)


def _less(sketch: Sketch, x: Value, y: Value) -> Value:
    mask = named("less", x, y)
    sketch.arrays[mask] = np.less(sketch.arrays[x], sketch.arrays[y])
    return mask


def _truth(sketch: Sketch, x: Value) -> None:
    mask = _less(sketch, x, _partner(sketch, x))
    dims = tuple(dim for dim in range(mask.type.rank) if sketch.coin())
    truth = sketch.add(sketch.one([All, Any])(dims, sketch.coin()), mask)
    if truth is not None:
        sketch.add(Cast(dtypes.float64), truth)


def _cast(sketch: Sketch, x: Value) -> None:
    choices = [dtypes.float32, dtypes.int32, dtypes.bool, dtypes.float64, dtypes.int8]
    for dtype in (sketch.one(choices), sketch.one(choices), dtypes.float64):
        cast = sketch.add(Cast(dtype), x)
        if cast is None:
            return
        x = cast


# ---------------------------------------------------------------------- shapes


def _reduction(sketch: Sketch, x: Value) -> None:
    keepdim = sketch.coin()
    dims = sketch.dims(x) if x.type.size else ()
    op_classes = [Max, Min] if sketch.special else [Sum, Sum, Prod, Max, Min]
    sketch.add(sketch.one(op_classes)(dims, keepdim), x)
    if dims and sketch.coin():
        index = sketch.add(sketch.one([Argmax, Argmin])(dims[0], keepdim), x)
        if index is not None and sketch.coin():
            sketch.add(Cast(dtypes.float64), index)


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
    interior = tuple(sketch.whole(0, 4) // 3 for _ in x.type.shape)
    extents = [dilated(size, gap + 1) for size, gap in zip(x.type.shape, interior, strict=True)]
    low = tuple(max(sketch.whole(-4, 4) // 3, -extent) for extent in extents)
    rests = zip(extents, low, strict=True)
    high = tuple(max(sketch.whole(-4, 4) // 3, -extent - before) for extent, before in rests)
    sketch.add(Pad(low, high, interior), x, sketch.constant())


def _sort(sketch: Sketch, x: Value) -> None:
    if x.type.rank:
        places = np.arange(x.type.size, dtype=np.int32).reshape(x.type.shape)
        alike = sketch.pick(lambda value: value.type.shape == x.type.shape)
        others = [sketch.constant_of(places), alike][: sketch.whole(0, 2)]
        op = Sort(sketch.whole(-1, x.type.rank - 1), sketch.coin())
        sketch.add(op, x, *[value for value in others if value is not None])


def _gather(sketch: Sketch, x: Value) -> None:
    if x.type.rank and x.type.size:
        positions = sketch.random.choices(range(-4, 5), k=6)
        shape = sketch.one([(), (1,), (3,), (2, 2)])
        dtype = sketch.one([np.int32, np.int64])
        index = sketch.constant_of(np.resize(positions, shape).astype(dtype))
        indices = [v for v in sketch.arrays if v.type.dtype is dtypes.int32]
        dim = sketch.whole(0, x.type.rank - 1)
        sketch.add(Gather(dim), x, sketch.one([*indices, index]) if sketch.coin() else index)


def _barrier(sketch: Sketch, x: Value) -> None:
    sketch.add(OptimizationBarrier(), x)


def _concatenate(sketch: Sketch, x: Value) -> None:
    if x.type.rank:
        alike = [sketch.pick(lambda value: value.type.shape == x.type.shape) for _ in range(2)]
        others = [value for value in alike[: sketch.whole(0, 2)] if value is not None]
        sketch.add(Concatenate(sketch.whole(0, x.type.rank - 1)), x, *others)


def _broadcast(sketch: Sketch, x: Value) -> None:
    larger = tuple(2 if size == 1 and sketch.coin() else size for size in x.type.shape)
    shape = (sketch.whole(1, 2), *larger)
    repeated = sketch.add(Broadcast(shape, tuple(range(1, len(shape)))), x)
    if repeated is not None and sketch.coin():
        sketch.add(REGISTRY["add"](), repeated, sketch.constant(*sketch.one([shape, larger])))


REARRANGE = [_transpose, _reshape, _part, _part, _reverse, _concatenate, _broadcast, _barrier]
SELECT = [_pad, _sort, _gather]
STEPS = [
    *(_unary, _binary, _binary, _binary, _choice, _truth, _cast, _reduction),
    *REARRANGE,
    *SELECT,
]
NETWORK = [_convolution, _convolution, _product, _pool, _cumsum]


def _step(sketch: Sketch) -> None:
    if sketch.random.random() < (0.1 if sketch.special else 0.4):
        sketch.one([_pool] if sketch.special else NETWORK)(sketch)
    elif x := sketch.pick(_ranked(0, 5)):
        change = sketch.one(STEPS)
        change(sketch, x)
        if sketch.random.random() < 0.2 and (again := sketch.pick(_ranked(0, 5))):
            change(sketch, again)  # many rules match chains of one op


def sketched(seed: int, steps: int, special: bool) -> tuple[Graph, list[Array]]:
    """Return a graph and elements for its inputs."""
    sketch = Sketch(seed, special)
    for _ in range(steps):
        _step(sketch)
    values = [value for value in sketch.arrays if value.producer is not None] or sketch.inputs
    outputs = [values[-1], *(sketch.one(values) for _ in range(sketch.whole(0, 2)))]
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
