"""Deduplication, dead nodes and constant folding."""

from __future__ import annotations

import numpy as np
import pytest

from farrier_compiler.graph import Array, Graph
from farrier_compiler.ops.shape import Reshape, Transpose
from farrier_compiler.passes import run_passes
from support.graphs import (
    argument,
    body,
    graph_of,
    named,
    node,
    operations,
    random_arrays,
    run,
    weight,
    written,
)


def _passes(graph: Graph, pipeline: str) -> Graph:
    arrays = random_arrays(graph)
    after = run_passes(graph, pipeline, verify=True)
    for result, expected in zip(run(after, arrays), run(graph, arrays), strict=True):
        np.testing.assert_array_equal(result, expected)
    return after


# ---------------------------------------------------------------------- deduplicate


def test_equal_nodes_are_merged() -> None:
    x = argument((2, 3))
    first, second = (named("tanh", named("exp", x)) for _ in range(2))
    graph = _passes(graph_of(named("add", first, second)), "deduplicate")
    assert body(graph) == [
        "%0: f32[2,3] = exp(%x)",
        "%1: f32[2,3] = tanh(%0)",
        "%2: f32[2,3] = add(%1, %1)",
        "return %2",
    ]


def test_attributes_are_compared() -> None:
    graph = written(
        "%x: f32[2,2]",
        "sum(%x) {dim = (0,)} -> f32[2]",
        "sum(%x) {dim = (1,)} -> f32[2]",
        "add(%0, %1) -> f32[2]",
    )
    assert operations(_passes(graph, "deduplicate")) == ["sum", "sum", "add"]


def test_equal_constants_are_merged_under_the_first_name() -> None:
    data = np.arange(40, dtype=np.float32)
    x = argument((40,))
    total = named("add", named("multiply", x, weight(data, "a")), weight(data.copy(), "b"))
    graph = _passes(graph_of(total), "deduplicate")
    assert list(graph.constants) == ["a"]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (np.zeros(40, np.float32), np.full(40, -0.0, np.float32)),
        (np.zeros(40, np.float32), np.eye(1, 40, 1, np.float32)[0]),
        (np.zeros((40,), np.float32), np.zeros((1, 40), np.float32)),
    ],
    ids=["sign of zero", "one element", "shape"],
)
def test_other_constants_stay(left: Array, right: Array) -> None:
    total = named("add", named("add", argument((40,)), weight(left)), weight(right))
    assert len(run_passes(graph_of(total), "deduplicate").constants) == 2


def test_scalars_and_nan_are_merged() -> None:
    x = argument((2,))
    one, two = (named("add", x, weight(np.float32(np.nan))) for _ in range(2))
    assert operations(_passes(graph_of(one, two), "deduplicate")) == ["add"]


def test_constants_without_elements_stay_apart() -> None:
    lines = ["constant @a: f32[20]", "constant @b: f32[20]", "add(@a, @b) -> f32[20]"]
    graph = run_passes(written("%x: f32[1]", *lines), "deduplicate", verify=True)
    assert list(graph.constants) == ["a", "b"]


# ---------------------------------------------------------------------- dead nodes


def test_dead_nodes_and_constants_go_and_inputs_stay() -> None:
    graph = written(
        "%x: f32[2], %unused: f32[3]",
        "constant @w: f32[2] = [1.0, 2.0]",
        "add(%x, @w) -> f32[2]",
        "tanh(%x) -> f32[2]",
    )
    after = _passes(graph, "eliminate_dead_nodes")
    assert body(after) == ["%0: f32[2] = tanh(%x)", "return %0"]
    assert after.inputs == graph.inputs


# ---------------------------------------------------------------------- fold_constants


def test_constants_are_folded_and_keep_their_name() -> None:
    kernel = weight(np.arange(6, dtype=np.float32).reshape(2, 3), "layer.weight")
    moved = node(Reshape((6,)), node(Transpose((1, 0)), kernel))
    graph = _passes(graph_of(named("multiply", argument((6,)), moved)), "fold_constants")
    assert body(graph) == [
        "constant @layer.weight: f32[6] = [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]",
        "%0: f32[6] = multiply(%x, @layer.weight)",
        "return %0",
    ]


def test_the_original_keeps_its_name_where_it_is_used_too() -> None:
    kernel = weight(np.arange(6, dtype=np.float32).reshape(2, 3), "w")
    graph = graph_of(named("add", argument((2, 3)), kernel), node(Transpose((1, 0)), kernel))
    assert list(_passes(graph, "fold_constants").constants) == ["w", "w_1"]


def test_results_that_grow_too_much_stay() -> None:
    graph = written(
        "%x: f32[1]",
        "constant @w: f32[2,1] = [[1.0], [2.0]]",
        "broadcast(@w) {shape = (2, 100), dims = (0, 1)} -> f32[2,100]",
    )
    assert operations(_passes(graph, "fold_constants{limit=791}")) == ["broadcast"]
    assert operations(_passes(graph, "fold_constants{limit=792}")) == []


def test_what_scalars_generate_is_folded_only_if_small() -> None:
    small = written("%x: f32[1]", "iota() {shape = (256,), dim = 0, dtype = f32} -> f32[256]")
    large = written("%x: f32[1]", "iota() {shape = (257,), dim = 0, dtype = f32} -> f32[257]")
    repeated = written("%x: f32[1]", "broadcast(2.0: f32) {shape = (257,), dims = ()} -> f32[257]")
    assert operations(_passes(small, "fold_constants")) == []
    assert operations(_passes(large, "fold_constants")) == ["iota"]
    assert operations(_passes(repeated, "fold_constants")) == ["broadcast"]


def test_small_floats_are_computed_in_float32_and_rounded_once() -> None:
    graph = written(
        "%x: f32[1]",
        "constant @w: bf16[3] = [1.0, 2.0, 3.0]",
        "exp(@w) -> bf16[3]",
    )
    assert body(_passes(graph, "fold_constants")) == [
        "constant @w: bf16[3] = [2.71875, 7.375, 20.125]",
        "return @w",
    ]


def test_inputs_are_not_folded() -> None:
    graph = written("%x: f32[2]", "tanh(%x) -> f32[2]")
    assert body(run_passes(graph, "fold_constants")) == body(graph)


def test_constants_without_elements_are_not_folded() -> None:
    graph = written("%x: f32[1]", "constant @w: f32[20]", "tanh(@w) -> f32[20]")
    assert body(run_passes(graph, "fold_constants")) == body(graph)
