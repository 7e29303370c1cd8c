"""Graphs specialised to given sizes, against a static trace of the same function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.graph import verify
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.graph.specialize import specialize
from farrier_runtime.errors import ShapeError
from support.dynamic import dynamic_rows, eager, sample, traced
from support.graphs import run
from support.messages import message
from support.records import Record

N = fr.NamedDimension("n", 1, 4, 8)
M = fr.NamedDimension("m", 0, 3, 9)


def static_and_dynamic(function: Callable[..., Any], n: int, m: int) -> tuple[str, str]:
    """Return the text of a static trace, and of a dynamic one that is made static."""
    dynamic = trace(function, [fr.InputInfo((N, M), fr.float32)], name="f").graph
    static = trace(function, [fr.InputInfo((n, m), fr.float32)], name="f").graph
    specialized = verify(specialize(dynamic, {"n": n, "m": m}))
    return print_graph(static, locations=False), print_graph(specialized, locations=False)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: fr.relu(x) * 2.0 + x,
        lambda x: fr.sum(x, 1) / 2.0,
        lambda x: fr.softmax(x, 0),
        lambda x: fr.permute(x, (1, 0)) @ x,
        lambda x: fr.concatenate([x, x], 1),
        lambda x: fr.reshape(x, (x.shape[1], x.shape[0])),
        lambda x: fr.pad(x, [(1, x.shape[0]), (0, 0)]),
        lambda x: x[1:, ::2],
        lambda x: fr.zeros((x.shape[0] * 2, x.shape[1] + 1)),
    ],
)
@pytest.mark.parametrize(("n", "m"), [(4, 3), (8, 9), (2, 1)])
def test_specialized_graphs_equal_the_static_trace(
    function: Callable[..., Any], n: int, m: int
) -> None:
    static, specialized = static_and_dynamic(function, n, m)
    assert specialized == static


@pytest.mark.parametrize("row", dynamic_rows(fr.float32), ids=lambda row: row.name)
def test_rows_mean_the_same(row: Record) -> None:
    graph = traced(row, fr.float32).graph
    for change in (0, 2):
        arrays = sample(row, fr.float32, change)
        sizes = {d.name: d.opt + change for d in graph.dimensions()}
        try:
            expected = eager(row, fr.float32, change)
        except fr.FarrierError:
            with pytest.raises(fr.FarrierError):
                specialize(graph, sizes)
            continue
        specialized = verify(specialize(graph, sizes))
        assert not specialized.dimensions()
        for result, wanted in zip(run(specialized, arrays), expected, strict=True):
            np.testing.assert_allclose(result, wanted, rtol=1e-4, atol=1e-4)


HEAD = "graph @f[n in (1, 4, 8), m in (0, 3, 9)]"


def test_some_dimensions_stay() -> None:
    text = (
        HEAD + "(%x: f32[n,m], %k: i32[] = m) -> f32[m,2*n] {\n"
        "  %0: f32[2*n,m] = concatenate(%x, %x) {dim = 0}\n"
        "  %1: f32[m,2*n] = transpose(%0) {permutation = (1, 0)}\n"
        "  return %1\n}"
    )
    graph = parse_graph(text)
    assert print_graph(specialize(graph, {"n": 3})) == (
        "graph @f[m in (0, 3, 9)](%x: f32[3,m], %k: i32[] = m) -> f32[m,6] {\n"
        "  %0: f32[6,m] = concatenate(%x, %x) {dim = 0}\n"
        "  %1: f32[m,6] = transpose(%0) {permutation = (1, 0)}\n"
        "  return %1\n}"
    )
    assert print_graph(specialize(graph, {"n": 3, "m": 2})) == (
        "graph @f(%x: f32[3,2], %k: i32[]) -> f32[2,6] {\n"
        "  %0: f32[6,2] = concatenate(%x, %x) {dim = 0}\n"
        "  %1: f32[2,6] = transpose(%0) {permutation = (1, 0)}\n"
        "  return %1\n}"
    )
    assert print_graph(graph) == text


def test_constants_keep_their_names() -> None:
    text = (
        HEAD + "(%x: f32[n,2]) -> (sum: f32[n,2], weight: f32[2]) {\n"
        "  constant @w: f32[2] = [1.0, 2.0]\n"
        "  %0: f32[n,2] = add(%x, @w)\n"
        "  return %0, @w\n}"
    )
    assert print_graph(specialize(parse_graph(text), {"n": 3})) == (
        "graph @f(%x: f32[3,2]) -> (sum: f32[3,2], weight: f32[2]) {\n"
        "  constant @w: f32[2] = [1.0, 2.0]\n"
        "  %0: f32[3,2] = add(%x, @w)\n"
        "  return %0, @w\n}"
    )


def test_sizes_that_ops_do_not_take() -> None:
    graph = trace(lambda x: x[5], [fr.InputInfo((N, 2), fr.float32)]).graph
    assert specialize(graph, {"n": 6}).outputs[0].type.shape == (2,)
    with pytest.raises(ShapeError) as caught:
        specialize(graph, {"n": 5})
    assert message(caught.value) == (
        "slice got start (5, 0), limit (6, 2) and step (1, 1) for float32 (5, 2). Each dimension "
        "needs 0 <= start <= limit <= size and step >= 1."
    )
