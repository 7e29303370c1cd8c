"""Barriers that `separate_loops` inserts, the only change that it makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.graph import Graph
from farrier_compiler.passes import run_passes
from support.graphs import operations, random_arrays, run

LINE = fr.InputInfo((fr.NamedDimension("n", 1, 8, 64),), fr.float32)
FOUR = fr.InputInfo((4,), fr.float32)
SQUARE = fr.InputInfo((4, 4), fr.float32)


def separated(function: Callable[..., Any], infos: Sequence[fr.InputInfo]) -> tuple[Graph, Graph]:
    """Return a function's graph before and after the pass."""
    graph = trace(function, infos, name="f").graph
    return graph, run_passes(graph, "separate_loops", verify=True)


def barriers(function: Callable[..., Any], infos: Sequence[fr.InputInfo]) -> int:
    return operations(separated(function, infos)[1]).count("optimization_barrier")


def total(*xs: fr.Tensor) -> fr.Tensor:
    result = xs[0]
    for x in xs[1:]:
        result = result + x
    return result


def network(x: fr.Tensor, *weights: fr.Tensor) -> fr.Tensor:
    for weight in weights:
        x = fr.relu(x @ weight) + x
    return x


@pytest.mark.parametrize(("count", "expected"), [(2, 0), (27, 0), (28, 1), (40, 1), (90, 3)])
def test_a_kernel_reads_few_arrays(count: int, expected: int) -> None:
    assert barriers(total, [FOUR] * count) == expected


def test_the_graph_stays_where_kernels_are_small() -> None:
    graph, same = separated(total, [FOUR] * 9)
    assert same is graph


def test_results_are_the_same() -> None:
    graph, split = separated(total, [FOUR] * 60)
    arrays = random_arrays(graph)
    assert operations(split).count("optimization_barrier") == 2
    np.testing.assert_array_equal(run(split, arrays), run(graph, arrays))


def test_scalars_and_repeated_arrays_count_once() -> None:
    assert barriers(lambda x: total(*[x * float(n) for n in range(60)]), [FOUR]) == 0


def test_the_sizes_of_inputs_count() -> None:
    assert barriers(total, [LINE] * 13) == 0
    assert barriers(total, [LINE] * 15) == 1


def test_dynamic_sizes_are_joined_some_at_a_time() -> None:
    _, split = separated(lambda *xs: fr.concatenate(xs, 0), [LINE] * 40)
    joins = [node for node in split.nodes if node.op.name == "concatenate"]
    assert max(len(node.operands) for node in joins) <= 13
    assert (
        split.outputs[0].type
        == trace(lambda *xs: fr.concatenate(xs, 0), [LINE] * 40).graph.outputs[0].type
    )
    assert barriers(lambda *xs: fr.concatenate(xs, 0), [FOUR] * 40) == 0


def test_networks_are_left_alone() -> None:
    assert barriers(network, [SQUARE] * 12) == 0


def test_operands_of_products_that_read_much_are_arrays() -> None:
    graph = separated(lambda *xs: total(*xs) @ xs[0], [SQUARE] * 20)[1]
    assert operations(graph)[-2:] == ["optimization_barrier", "dot_general"]


def test_what_is_only_counted_is_reduced_from_memory() -> None:
    def counted(x: fr.Tensor) -> fr.Tensor:
        return fr.sum(fr.exp(fr.cast(fr.iota_like(x, 0, fr.int32), fr.float32)), 0)

    assert barriers(counted, [LINE]) == 1
    assert barriers(counted, [FOUR]) == 0
    assert barriers(lambda x: fr.sum(fr.exp(x), 0), [LINE]) == 0


def test_what_is_repeated_is_reduced_from_memory() -> None:
    def repeated(x: fr.Tensor, y: fr.Tensor) -> fr.Tensor:
        rows = fr.expand(fr.unsqueeze(x, 0), (y.shape[0], x.shape[0]))
        return fr.sum(fr.permute(fr.exp(rows), (1, 0)), 1)

    columns = fr.InputInfo((fr.NamedDimension("m", 1, 8, 64),), fr.float32)
    assert barriers(repeated, [columns, LINE]) == 1


def test_chains_of_reductions_are_short() -> None:
    rows = fr.InputInfo((4, fr.NamedDimension("n", 1, 8, 64)), fr.float32)
    assert barriers(lambda x: fr.softmax(x, 1), [rows]) == 0
    assert barriers(lambda x: fr.softmax(fr.log_softmax(x, 1), 1), [rows]) == 1
    assert barriers(lambda x: fr.softmax(fr.log_softmax(x, 1), 1), [SQUARE]) == 0
