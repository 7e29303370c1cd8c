"""Pipelines: their text, their effect, and the errors of a faulty pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.graph import Graph, VerificationError
from farrier_compiler.passes import PASSES, Pass, default_pipeline, parse_pipeline, run_passes
from farrier_compiler.passes.canonicalize import Canonicalize
from farrier_compiler.passes.fold_constants import FoldConstants
from farrier_compiler.passes.remove_barriers import RemoveBarriers
from farrier_runtime import dtypes
from farrier_runtime.errors import ParseError
from support.graphs import body, run, written
from support.records import Record
from support.rows import ROWS
from support.tolerances import assert_close


def test_text_names_passes_and_options() -> None:
    assert parse_pipeline("") == []
    assert parse_pipeline("canonicalize") == [Canonicalize()]
    assert parse_pipeline(" canonicalize , fold_constants{ limit = 12 }") == [
        Canonicalize(),
        FoldConstants(limit=12),
    ]
    assert parse_pipeline("fold_constants{}") == [FoldConstants()]


ERRORS = {
    "canonicalise": (
        "line 1, column 1: there is no pass 'canonicalise'; did you mean 'canonicalize'?\n"
        "  canonicalise\n"
        "  ^"
    ),
    "canonicalize,xyz": (
        "line 1, column 14: there is no pass 'xyz'; known are canonicalize, channels_last, "
        "deduplicate, delay_dequantize, eliminate_dead_nodes, fold_batch_norm, fold_constants, "
        "im2col, int8_through_float16, integer_matmul, legalize_for_iree, pack_int8, "
        "pack_weights, pointwise_convolution, remove_barriers, scale_products, separate_loops.\n"
        "  canonicalize,xyz\n"
        "               ^"
    ),
    "fold_constants{limits=1}": (
        "line 1, column 16: fold_constants has no option 'limits'; did you mean 'limit'?\n"
        "  fold_constants{limits=1}\n"
        "                 ^"
    ),
    "canonicalize{limit=1}": (
        "line 1, column 14: canonicalize has no option 'limit'.\n"
        "  canonicalize{limit=1}\n"
        "               ^"
    ),
    "fold_constants{limit=1.5}": (
        "line 1, column 22: fold_constants's option 'limit' must be a whole number.\n"
        "  fold_constants{limit=1.5}\n"
        "                       ^"
    ),
    "canonicalize deduplicate": (
        "line 1, column 14: expected ',' or the end, but found 'deduplicate'.\n"
        "  canonicalize deduplicate\n"
        "               ^"
    ),
    "canonicalize,": (
        "line 1, column 14: expected the name of a pass, but found the end of the text.\n"
        "  canonicalize,\n"
        "               ^"
    ),
}


@pytest.mark.parametrize("text", ERRORS)
def test_mistakes_are_pointed_at(text: str) -> None:
    with pytest.raises(ParseError) as error:
        parse_pipeline(text)
    assert str(error.value) == f"Pipeline, {ERRORS[text]}"


@pytest.mark.parametrize("pass_class", PASSES.values(), ids=PASSES)
def test_every_pass_has_a_name_and_a_docstring(pass_class: type[Pass]) -> None:
    assert pass_class.__module__ == f"farrier_compiler.passes.{pass_class.name}"
    assert pass_class.__doc__
    assert not pass_class.__doc__.startswith(pass_class.__name__)


def test_weights_that_can_be_exchanged_are_not_merged() -> None:
    kept_apart = default_pipeline(exchangeable_weights=True)
    equal = [f"constant @{name}: f32[2] = [1.0, 2.0]" for name in "ab"]
    graph = written("%x: f32[2]", *equal, "add(%x, @a) -> f32[2]", "add(%0, @b) -> f32[2]")
    assert len(run_passes(graph, default_pipeline()).constants) == 1
    assert len(run_passes(graph, kept_apart).constants) == 2


@pytest.mark.parametrize(
    ("kinds", "removed"), [(["cpu"], False), (["cuda"], True), (["cuda", "cpu"], False)]
)
def test_only_programs_without_a_cpu_target_lose_barriers(kinds: list[str], removed: bool) -> None:
    assert (RemoveBarriers() in default_pipeline(kinds)) == removed


def test_after_is_called_for_every_pass() -> None:
    graph = written("%x: f32[2]", "negative(%x) -> f32[2]", "negative(%0) -> f32[2]")
    calls: list[tuple[str, list[str]]] = []
    run_passes(graph, "deduplicate,canonicalize", after=lambda n, g: calls.append((n, body(g))))
    assert calls == [("deduplicate", body(graph)), ("canonicalize", ["return %x"])]


@dataclass(frozen=True)
class _Spoil(Pass):
    name: ClassVar[str] = "spoil"

    def __call__(self, graph: Graph) -> Graph:
        return Graph(graph.name, graph.inputs, graph.outputs, (), {}, graph.output_names)


def test_a_pass_that_makes_an_invalid_graph_is_named() -> None:
    graph = written("%x: f32[2]", "tanh(%x) -> f32[2]")
    with pytest.raises(VerificationError) as error:
        run_passes(graph, [_Spoil()], verify=True)
    assert str(error.value) == (
        "After the pass spoil: Invalid graph: output Value(%: f32[2]) is never computed.\n"
        "graph @main(%x: f32[2]) -> f32[2] {\n"
        "  return %undefined\n"
        "}"
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_default_pipeline_preserves_every_row(row: Record) -> None:
    dtype = dtypes.float64 if dtypes.float64 in row.dtypes else row.dtypes[0]
    arrays = row.sample(dtype)
    infos = [fr.InputInfo(array.shape, dtypes.BY_NUMPY[array.dtype]) for array in arrays]
    graph = trace(row.function, infos, name="f").graph
    after = run_passes(graph, default_pipeline(), verify=True)
    for result, expected in zip(run(after, arrays), run(graph, arrays), strict=True):
        assert result.dtype == expected.dtype
        assert_close(result, expected, 10, row.name)
