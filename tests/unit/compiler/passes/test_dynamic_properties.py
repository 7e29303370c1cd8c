"""Random graphs with dynamic sizes: exact text, and the same results after passes and compiling."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import farrier_runtime
from farrier_compiler.driver import Options, compile_graphs
from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import REGISTRY, Array, Graph, Node, Op, Value, verify
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.graph.specialize import specialize
from farrier_compiler.ops.linear_algebra import DotGeneral
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
from farrier_compiler.passes import PASSES, default_pipeline, run_passes
from farrier_compiler.sizes import is_static, lower_bound, maximum, minimum, symbol
from farrier_runtime import dtypes
from farrier_runtime.dimension import Dimension
from support.graphs import argument, node, run, weight

DIMENSIONS = [Dimension("a", 1, 2, 4), Dimension("b", 2, 3, 5), Dimension("c", 1, 4, 6)]
A, B, C = map(symbol, DIMENSIONS)
SHAPES = [(A, B), (B, C), (A, 3, B), (A, 2, B, C), (C,), (A, A, 2)]
SIZES = [{"a": 1, "b": 2, "c": 1}, {"a": 2, "b": 3, "c": 4}, {"a": 4, "b": 5, "c": 6}]
LARGEST = 400

quick = settings(derandomize=True, database=None, deadline=None, max_examples=150)


@dataclass
class Maker:
    """A graph in the making; its numbers are whole and small, so that sums are exact."""

    random: random.Random
    values: list[Value]

    def pick(self, least: int = 0) -> Value | None:
        """Choose one of the last float values of some rank."""
        candidates = [
            v for v in self.values if v.type.rank >= least and v.type.dtype is dtypes.float64
        ]
        return self.random.choice(candidates[-3:]) if candidates else None

    def add(self, op: Op, *operands: Value) -> None:
        """Add a node, unless its result would be large."""
        value = node(op, *operands)
        largest = specialize(Graph.reaching("f", inputs_of([value]), [value]), SIZES[-1])
        if largest.outputs[0].type.size <= LARGEST:
            self.values.append(value)


def inputs_of(outputs: Sequence[Value]) -> list[Value]:
    """Return the inputs that values depend on, by name."""
    reached = Graph("f", (), tuple(outputs)).with_outputs(outputs, {})
    inputs = [value for value in reached.leaves() if value.data is None]
    return sorted(inputs, key=lambda value: value.name or "")


def _unary(make: Maker, x: Value) -> None:
    make.add(REGISTRY[make.random.choice(["negative", "abs", "sign"])](), x)


def _binary(make: Maker, x: Value) -> None:
    alike = [v for v in make.values if v.type == x.type]
    other = make.random.choice([*alike, weight(np.asarray(2.0))])
    make.add(REGISTRY[make.random.choice(["add", "subtract", "maximum", "minimum"])](), x, other)


def _broadcasting(make: Maker, x: Value) -> None:
    """Keep some sizes, and make the others 1: they are the same for both operands."""
    if x.type.rank and _never_empty(x):
        dims = tuple(d for d in range(x.type.rank) if make.random.random() < 0.5)
        make.add(REGISTRY["maximum"](), x, node(Max(dims, True), x))


def _sum(make: Maker, x: Value) -> None:
    dims = tuple(d for d in range(x.type.rank) if make.random.random() < 0.4)
    op_class = make.random.choice([Sum, Max]) if _never_empty(x) else Sum
    make.add(op_class(dims, make.random.random() < 0.5), x)


def _never_empty(x: Value) -> bool:
    return all(lower_bound(size) >= 1 for size in x.type.shape)


def _argmax(make: Maker, x: Value) -> None:
    if x.type.rank and _never_empty(x):
        index = node(Argmax(make.random.randrange(x.type.rank)), x)
        make.add(REGISTRY["cast"](dtypes.float64), index)  # pyright: ignore[reportCallIssue]


def _transpose(make: Maker, x: Value) -> None:
    order = list(range(x.type.rank))
    make.random.shuffle(order)
    make.add(Transpose(tuple(order)), x)


def _reshape(make: Maker, x: Value) -> None:
    at = make.random.randint(0, x.type.rank)
    before, behind = x.type.with_shape(x.type.shape[:at]), x.type.with_shape(x.type.shape[at:])
    shapes = [(before.size, behind.size), (*before.shape, 1, *behind.shape), (x.type.size,)]
    make.add(Reshape(make.random.choice(shapes)), x)


def _slice(make: Maker, x: Value) -> None:
    shape = x.type.shape
    start = [minimum(make.random.randint(0, 2), size) for size in shape]
    limit = [
        maximum(low, size - make.random.randint(0, 1))
        for low, size in zip(start, shape, strict=True)
    ]
    steps = tuple(make.random.randint(1, 2) for _ in shape)
    make.add(Slice(tuple(start), tuple(limit), steps), x)


def _reverse(make: Maker, x: Value) -> None:
    make.add(Reverse(tuple(d for d in range(x.type.rank) if make.random.random() < 0.5)), x)


def _concatenate(make: Maker, x: Value) -> None:
    if x.type.rank:
        make.add(Concatenate(make.random.randrange(x.type.rank)), x, x)


def _pad(make: Maker, x: Value) -> None:
    low, high, gaps = ([make.random.randint(0, 3) // 2 for _ in x.type.shape] for _ in range(3))
    if make.random.random() < 0.3:
        low = [make.random.choice([A, 1]) for _ in x.type.shape]
    make.add(Pad(tuple(low), tuple(high), tuple(gaps)), x, weight(np.asarray(1.0)))


def _broadcast(make: Maker, x: Value) -> None:
    front = make.random.choice([A, B, 2])
    make.add(Broadcast((front, *x.type.shape), tuple(range(1, x.type.rank + 1))), x)


def _product(make: Maker, x: Value) -> None:
    if x.type.rank >= 1:
        last = x.type.rank - 1
        small = node(REGISTRY["sign"](), x)
        make.add(DotGeneral((), (), (last,), (last,)), small, small)


def _pool(make: Maker, x: Value) -> None:
    rank = x.type.rank
    window, ones = tuple(make.random.randint(1, 2) for _ in range(rank)), (1,) * rank
    pairs = tuple((size // 2, size // 2) for size in window)
    op_class = make.random.choice([MaxPool, SumPool])
    if op_class is MaxPool and not all(lower_bound(size) >= 2 for size in x.type.shape):
        return
    make.add(op_class(window, ones, pairs if op_class is SumPool else ((0, 0),) * rank, ones), x)


STEPS: list[Callable[[Maker, Value], None]] = [
    _unary,
    _binary,
    _binary,
    _broadcasting,
    _sum,
    _argmax,
    _transpose,
    _reshape,
    _slice,
    _reverse,
    _concatenate,
    _pad,
    _broadcast,
    _product,
    _pool,
]


def sketched(seed: int, steps: int) -> Graph:
    """Return a random graph with the three dimensions."""
    chance = random.Random(seed)
    shapes = [chance.choice(SHAPES) for _ in range(chance.randint(1, 2))]
    inputs = [argument(shape, f"x{i}", dtypes.float64) for i, shape in enumerate(shapes)]
    # An input brings every dimension, whatever the others have.
    inputs.append(argument((A, B, C), "z", dtypes.float64))
    make = Maker(chance, list(inputs))
    for _ in range(steps):
        chosen = make.pick()
        if chosen is not None:
            step = chance.choice(STEPS)
            if chosen.type.rank <= 4 or step in (_unary, _sum, _binary):
                step(make, chosen)
    computed = [value for value in make.values if value.producer is not None] or inputs
    outputs = [computed[-1], chance.choice(computed)]
    return verify(Graph.reaching("net", inputs, outputs, output_names=["y", "w"]))


def arrays_of(graph: Graph, sizes: dict[str, int]) -> list[Array]:
    """Return small whole numbers for a graph's inputs."""
    chance = np.random.default_rng(3)
    inputs = specialize(graph, sizes).inputs
    return [chance.integers(-3, 4, value.type.shape).astype(np.float64) for value in inputs]


GRAPHS = st.builds(sketched, st.integers(0, 2**32 - 1), st.integers(2, 9))


@quick
@given(GRAPHS)
def test_text_is_read_back_exactly(graph: Graph) -> None:
    text = print_graph(graph)
    parsed = verify(parse_graph(text))
    assert print_graph(parsed) == text
    for sizes in SIZES:
        arrays = arrays_of(graph, sizes)
        for result, wanted in zip(
            run(specialize(parsed, sizes), arrays),
            run(specialize(graph, sizes), arrays),
            strict=True,
        ):
            np.testing.assert_array_equal(result, wanted)


@quick
@given(GRAPHS)
def test_passes_keep_the_meaning_for_every_size(graph: Graph) -> None:
    expected = [run(specialize(graph, sizes), arrays_of(graph, sizes)) for sizes in SIZES]
    for pipeline in (*PASSES, default_pipeline()):
        rewritten = run_passes(graph, pipeline, verify=True)
        assert [v.type for v in rewritten.outputs] == [v.type for v in graph.outputs]
        for sizes, wanted in zip(SIZES, expected, strict=True):
            specialized = verify(specialize(rewritten, sizes))
            assert is_static([size for value in specialized.outputs for size in value.type.shape])
            for left, right in zip(run(specialized, arrays_of(graph, sizes)), wanted, strict=True):
                np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("first", [0, 10, 20])
def test_programs_compute_the_same_for_every_size(first: int) -> None:
    """Ten graphs make one module: compiling each alone takes longer."""
    graphs = [sketched(seed, 7) for seed in range(first, first + 10)]
    for index, graph in enumerate(graphs):
        graph.name = f"net{index}"
    compiled = compile_graphs(graphs, [Target.parse("cpu")], Options(cache=False))
    loaded = farrier_runtime.load(compiled.to_bytes(), threads=1)
    for graph in graphs:
        for sizes in SIZES:
            arrays = arrays_of(graph, sizes)
            result = loaded[graph.name](*arrays)
            for left, right in zip(result, run(specialize(graph, sizes), arrays), strict=True):
                np.testing.assert_array_equal(left, right)


def test_nodes_are_inferred_with_symbolic_sizes() -> None:
    node = Node(Reverse((0,)), [argument((A, B), "x")])
    assert node.result.type.shape == (A, B)
