"""Replacements for functions that IREE lacks, checked by the references of their ops."""

from __future__ import annotations

import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.for_iree.functions import FUNCTIONS
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.passes import run_passes
from farrier_runtime.dtypes import dtype
from support.compiled import traced
from support.graphs import operations, run
from support.records import Record
from support.rows import ROWS
from support.tolerances import assert_close


def _replaced(row: Record, tested: dtype) -> bool:
    graph = traced(row, tested).graph
    return run_passes(graph, "legalize_for_iree") is not graph


CASES = [
    pytest.param(row, tested, id=f"{row.name}-{tested.short}")
    for row in ROWS
    for tested in row.dtypes
    if _replaced(row, tested)
]


def test_every_function_has_a_row() -> None:
    seen = set[tuple[dtype, str]]()
    for row in ROWS:
        for tested in row.dtypes:
            nodes = traced(row, tested).graph.nodes
            seen |= {(node.operands[0].type.dtype, node.op.name) for node in nodes if node.operands}
    assert {(element, name) for element, names in FUNCTIONS.items() for name in names} <= seen


@pytest.mark.parametrize(("row", "tested"), CASES)
def test_row_is_computed_by_other_ops(row: Record, tested: dtype) -> None:
    graph = traced(row, tested).graph
    legal = run_passes(graph, "legalize_for_iree", verify=True)
    lines = {node.location for node in graph.nodes}
    assert {node.location for node in legal.nodes} <= lines
    text = print_graph(legal, locations=False)
    assert print_graph(parse_graph(text)) == text
    arrays = row.sample(tested)
    for result, expected in zip(run(legal, arrays), row.expected(arrays), strict=True):
        assert_close(result, expected, row.tolerance, row.name)


@pytest.mark.parametrize("name", ["canonicalize", "deduplicate", "fold_constants"])
def test_other_passes_keep_the_formulas(name: str) -> None:
    info = fr.InputInfo((2, 3), fr.float32)
    legal = run_passes(trace(fr.tan, [info], name="f").graph, "legalize_for_iree")
    after = run_passes(legal, name, verify=True)
    assert "tan" not in operations(after)
    assert len(after.nodes) <= len(legal.nodes)
