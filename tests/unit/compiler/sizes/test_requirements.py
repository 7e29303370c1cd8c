"""Constraints on dynamic sizes: proved, refused, or recorded for the call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from farrier_compiler.for_iree.builder import IreeBuilder
from farrier_compiler.graph import Op, TensorType, Value
from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.ops.elementwise import Add
from farrier_compiler.ops.shape import Reshape
from farrier_compiler.sizes import broadcast, minimum, symbol
from farrier_compiler.sizes.requirements import (
    Requirement,
    at_most,
    broadcast_size,
    defined,
    equal,
    equal_shapes,
    requirements,
)
from farrier_compiler.stablehlo.lower import lower
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import float32

n, m = symbol(Dimension("n", 1, 4, 8)), symbol(Dimension("m", 0, 3, 9))
large = symbol(Dimension("large", 10, 20, 30))


def recorded(question: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Return an answer, and what it requires."""
    with requirements() as required:
        answer = question()
    return answer, [str(requirement) for requirement in required]


def test_equal() -> None:
    assert recorded(lambda: equal(3, 3)) == (True, [])
    assert recorded(lambda: equal(3, 4)) == (False, [])
    assert recorded(lambda: equal(n, n)) == (True, [])
    assert recorded(lambda: equal(n, n + 1)) == (False, [])
    assert recorded(lambda: equal(n, large)) == (False, [])
    assert recorded(lambda: equal(n, 9)) == (False, [])
    assert recorded(lambda: equal(n, 3)) == (True, ["n must be equal to 3"])
    assert recorded(lambda: equal(n * 2, m)) == (True, ["2*n must be equal to m"])


def test_equal_shapes() -> None:
    assert recorded(lambda: equal_shapes((n, 3), (n, 3))) == (True, [])
    assert recorded(lambda: equal_shapes((n, 3), (n,))) == (False, [])
    assert recorded(lambda: equal_shapes((n, 3), (n, 4))) == (False, [])
    assert recorded(lambda: equal_shapes((n, m), (m, 3))) == (
        True,
        ["n must be equal to m", "m must be equal to 3"],
    )


@pytest.mark.parametrize(
    ("op", "shapes"),
    [(Add(), [(n,), (3,)]), (Reshape((n, 2)), [(6,)])],
    ids=["operand", "attribute"],
)
def test_inferring_again_requires_the_same(op: Op, shapes: list[tuple[int, ...]]) -> None:
    operands = [Value(TensorType(shape, float32)) for shape in shapes]
    required = [recorded(lambda: op.result_types(operands))[1] for _ in range(3)]
    assert set(required[0]) == set(required[1]) == set(required[2]) != set()


def test_at_most() -> None:
    assert recorded(lambda: at_most(3, 3)) == (True, [])
    assert recorded(lambda: at_most(4, 3)) == (False, [])
    assert recorded(lambda: at_most(n, 8)) == (True, [])
    assert recorded(lambda: at_most(n, large)) == (True, [])
    assert recorded(lambda: at_most(minimum(n, m), n)) == (True, [])
    assert recorded(lambda: at_most(9, n)) == (False, [])
    assert recorded(lambda: at_most(large, n + 1)) == (False, [])
    assert recorded(lambda: at_most(5, n)) == (True, ["5 must be at most n"])
    assert recorded(lambda: at_most(0, n - 3)) == (True, ["0 must be at most n - 3"])


def test_broadcast_size() -> None:
    assert recorded(lambda: broadcast_size(3, 3)) == (3, [])
    assert recorded(lambda: broadcast_size(1, 3)) == (3, [])
    assert recorded(lambda: broadcast_size(3, 4)) == (None, [])
    assert recorded(lambda: broadcast_size(n, 1)) == (n, [])
    assert recorded(lambda: broadcast_size(1, n)) == (n, [])
    assert recorded(lambda: broadcast_size(n, n)) == (n, [])
    assert recorded(lambda: broadcast_size(large, large + 1)) == (None, [])
    assert recorded(lambda: broadcast_size(large, 12)) == (12, ["large must be equal to 12"])
    text = "12 and n must be equal, or one of them 1"
    assert recorded(lambda: broadcast_size(n, 12)) == (12, [text])
    assert recorded(lambda: broadcast_size(12, n)) == (12, [text])
    text = "m and n must be equal, or one of them 1"
    assert recorded(lambda: broadcast_size(n, m)) == (broadcast(n, m), [text])
    # Constraints that the result's type already implies were recorded when it was inferred.
    assert recorded(lambda: broadcast_size(n, broadcast(n, m))) == (broadcast(n, m), [])


def test_what_functions_of_sizes_take_for_granted() -> None:
    assert recorded(lambda: defined(n + 3)) == (None, [])
    assert recorded(lambda: defined(n // 3)) == (None, [])
    assert recorded(lambda: defined(m // n)) == (None, [])
    assert recorded(lambda: defined(8 // m + 1)) == (None, ["1 must be at most m"])
    three = broadcast(n, broadcast(m, large))
    assert recorded(lambda: defined(minimum(three, 4))) == (
        None,
        [
            "large and m must be equal, or one of them 1",
            "large and n must be equal, or one of them 1",
            "m and n must be equal, or one of them 1",
        ],
    )


def test_nothing_is_recorded_outside() -> None:
    with requirements() as outer:
        equal(n, 3)
        with requirements() as inner:
            equal(n, 4)
        equal(n, 5)
    assert equal(n, 6)
    assert [*outer] == [Requirement("equal", n, 3), Requirement("equal", n, 5)]
    assert [*inner] == [Requirement("equal", n, 4)]


# ---------------------------------------------------------------------- of graphs


VECTORS = "%x: f32[n], %y: f32[m]"


def asserted(body: str, result: str, inputs: str = VECTORS) -> list[str]:
    """Return the texts of a program's assertions but those of bounds."""
    lines = "\n".join(f"  {line}" for line in body.splitlines())
    head = f"graph @f[n in (0, 4, 8), m in (0, 4, 9)]({inputs}) -> {result}"
    graph = parse_graph(f"{head} {{\n{lines}\n}}")
    text = lower([graph], IreeBuilder).text()
    messages = [line.split('"')[1] for line in text.splitlines() if "cf.assert" in line]
    return [line for line in messages if not line.startswith("the size")]


def test_each_requirement_is_asserted_once() -> None:
    size = "f32[broadcast(m, n)]"
    body = f"%0: {size} = add(%x, %y)\n%1: {size} = multiply(%y, %x)\n%2: {size} = add(%0, %1)"
    assert asserted(f"{body}\nreturn %2", size) == ["add: m and n must be equal, or one of them 1"]


def test_the_same_shapes_are_required_in_every_graph() -> None:
    size = "f32[broadcast(m, n)]"
    for _ in range(2):
        messages = asserted(f"%0: {size} = add(%x, %y)\nreturn %0", size)
        assert messages == ["add: m and n must be equal, or one of them 1"]


@pytest.mark.parametrize(
    ("body", "result", "texts"),
    [
        (
            "%0: f32[broadcast(m, n)] = full() {shape = (broadcast(m, n),), value = 0.0, "
            "dtype = f32}",
            "f32[broadcast(m, n)]",
            ["full: m and n must be equal, or one of them 1"],
        ),
        (
            "%0: i32[] = size_of() {size = 8//n}",
            "i32[]",
            ["size_of: 1 must be at most n"],
        ),
        (
            "%0: f32[m] = broadcast(%x) {shape = (m,), dims = (0,)}",
            "f32[m]",
            [
                "broadcast: m and n must be equal, or one of them 1",
                "broadcast: broadcast(m, n) must be equal to m",
            ],
        ),
        (
            "%0: f32[n - 3] = broadcast(1.0: f32) {shape = (n - 3,), dims = ()}",
            "f32[n - 3]",
            ["broadcast: 0 must be at most n - 3"],
        ),
        ("%0: f32[] = max(%x) {dim = (0,)}", "f32[]", ["max: 1 must be at most n"]),
        ("%0: i32[] = argmin(%x) {dim = 0}", "i32[]", ["argmin: 1 must be at most n"]),
        ("%0: f32[] = sum(%x) {dim = (0,)}", "f32[]", []),
        (
            "%0: f32[2,3] = reshape(%x) {shape = (2, 3)}",
            "f32[2,3]",
            ["reshape: 6 must be equal to n"],
        ),
        (
            "%0: f32[2] = slice(%x) {start = (1,), limit = (3,), step = (1,)}",
            "f32[2]",
            ["slice: 3 must be at most n"],
        ),
        (
            "%0: f32[n - 3] = pad(%x, 0.0: f32) {low = (-1,), high = (-2,), interior = (0,)}",
            "f32[n - 3]",
            ["pad: 0 must be at most n - 3"],
        ),
        (
            "%0: f32[max(0, n - 1)] = max_pool(%x) {window = (2,), stride = (1,), "
            "padding = ((0, 0),), dilation = (1,)}",
            "f32[max(0, n - 1)]",
            ["max_pool: 2 must be at most n"],
        ),
        (
            "%0: f32[n] = sum_pool(%x) {window = (1,), stride = (1,), padding = ((0, 0),), "
            "dilation = (1,)}",
            "f32[n]",
            [],
        ),
        (
            "%0: f32[] = dot_general(%x, %y) {lhs_batch = (), rhs_batch = (), "
            "lhs_contracting = (0,), rhs_contracting = (0,)}",
            "f32[]",
            ["dot_general: n must be equal to m"],
        ),
    ],
)
def test_what_ops_require(body: str, result: str, texts: list[str]) -> None:
    assert asserted(f"{body}\nreturn %0", result) == texts


def test_selecting_from_empty_tensors() -> None:
    index = "%x: f32[n], %i: i32[m]"
    body = "%0: f32[m] = gather(%x, %i) {dim = 0}\nreturn %0"
    assert asserted(body, "f32[m]", index) == ["gather: min(1, m) must be at most n"]
