"""Random graphs: exact text, and the same results after every pass."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings

from farrier_compiler.graph import Array, Graph
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.passes import PASSES, Pass, default_pipeline, run_passes
from support.graphs import operations, run
from support.random_graphs import graphs, sketched

# Passes that keep every bit, NaN and -0.0 included.
EXACT = ["canonicalize", "deduplicate", "eliminate_dead_nodes", "fold_constants"]
PIPELINES: list[str | list[Pass]] = [*PASSES, default_pipeline()]

quick = settings(derandomize=True, database=None, deadline=None, max_examples=300)


def _assert_same(results: list[Array], expected: list[Array]) -> None:
    for left, right in zip(results, expected, strict=True):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)


def _assert_same_bits(results: list[Array], expected: list[Array]) -> None:
    _assert_same(results, expected)
    for left, right in zip(results, expected, strict=True):
        zeros = right == 0
        np.testing.assert_array_equal(np.signbit(left * 1.0)[zeros], np.signbit(right * 1.0)[zeros])


def _assert_same_signature(graph: Graph, expected: Graph) -> None:
    assert (graph.name, graph.inputs) == (expected.name, expected.inputs)
    assert graph.output_names == expected.output_names
    assert [v.type for v in graph.outputs] == [v.type for v in expected.outputs]


# Ops on which arithmetic is exact, and ops that rearrange elements: random graphs use these.
SKETCHED = {
    *("abs", "add", "all", "any", "argmax", "argmin", "batch_norm_inference", "broadcast", "cast"),
    *("ceil", "concatenate", "convolution", "cumsum", "dot_general", "floor", "gather", "less"),
    *("max", "max_pool", "maximum", "min", "minimum", "multiply", "negative"),
    *(
        "optimization_barrier",
        "pad",
        "prod",
        "reshape",
        "reverse",
        "round",
        "sign",
        "slice",
        "sort",
    ),
    *("subtract", "sum", "sum_pool", "transpose", "where"),
}


def test_random_graphs_hold_every_op_that_they_may() -> None:
    counts = Counter(
        name for seed in range(600) for name in operations(sketched(seed, 12, False)[0])
    )
    assert counts.keys() == SKETCHED
    assert min(counts.values()) >= 5, counts


@quick
@given(graphs())
def test_text_is_read_back_exactly(sample: tuple[Graph, list[Array]]) -> None:
    graph, arrays = sample
    text = print_graph(graph)
    data = {name: value.data for name, value in graph.constants.items()}
    parsed = parse_graph(text, data)
    assert print_graph(parsed) == text
    assert print_graph(parse_graph(text)) == text
    _assert_same(run(parsed, arrays), run(graph, arrays))


@quick
@given(graphs(special=True))
def test_exact_passes_keep_special_numbers(sample: tuple[Graph, list[Array]]) -> None:
    graph, arrays = sample
    expected = run(graph, arrays)
    for name in EXACT:
        _assert_same_bits(run(run_passes(graph, name, verify=True), arrays), expected)
    pipeline = ",".join(EXACT)
    _assert_same_bits(run(run_passes(graph, pipeline, verify=True), arrays), expected)


@quick
@given(graphs())
def test_passes_preserve_results(sample: tuple[Graph, list[Array]]) -> None:
    graph, arrays = sample
    before, expected = print_graph(graph), run(graph, arrays)
    for pipeline in PIPELINES:
        rewritten = run_passes(graph, pipeline, verify=True)
        _assert_same_signature(rewritten, graph)
        _assert_same(run(rewritten, arrays), expected)
        if isinstance(pipeline, str):
            again = run_passes(rewritten, pipeline, verify=True)
            assert print_graph(again) == print_graph(rewritten)
    assert print_graph(graph) == before  # the traced graph belongs to the user
