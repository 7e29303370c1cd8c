"""Exact round trips of graph text, elements and attributes included."""

from __future__ import annotations

import typing
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.graph import REGISTRY, Op, Value
from farrier_compiler.graph.attributes import attributes_text
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.ops.convolution import Convolution
from farrier_compiler.ops.elementwise import Cast
from farrier_compiler.types.elements import element_text, parse_element
from farrier_runtime import dtypes
from farrier_runtime.dtypes import DTYPES, dtype
from support.graphs import graph_of, run, weight
from support.records import Record
from support.rows import ROWS


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=lambda dtype: dtype.short)
def test_every_element_is_read_back_to_the_same_bits(dtype: dtype) -> None:
    generator = np.random.default_rng(7)
    for element in _all_or_many(dtype, generator):
        parsed = parse_element(element_text(element, dtype), dtype)
        assert parsed is not None
        assert parsed.dtype == element.dtype
        assert parsed.tobytes() == element.tobytes(), element_text(element, dtype)


def _all_or_many(dtype: dtype, generator: np.random.Generator) -> Any:
    if dtype is dtypes.bool:
        return np.array([False, True])
    if dtype is dtypes.int4:
        return np.arange(-8, 8).astype(dtype.numpy)
    if dtype.bits == 8:
        return np.arange(256, dtype=np.uint8).view(dtype.numpy)
    data = generator.bytes(2000 * dtype.numpy.itemsize)
    return np.frombuffer(data, dtype.numpy)


def test_special_numbers_are_words() -> None:
    text = [element_text(np.asarray(n, np.float32), dtypes.float32) for n in _SPECIAL]
    assert text == ["0.0", "-0.0", "inf", "-inf", "nan", "0.1", "1e-45", "3.4028235e+38"]
    payload = np.asarray(0x7FC00001, np.uint32).view(np.float32)
    assert element_text(payload, dtypes.float32) == "0x7fc00001"


_SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 0.1, 1e-45, np.finfo(np.float32).max]


def test_constants_of_every_dtype_and_shape() -> None:
    generator = np.random.default_rng(3)
    values: list[Value] = []
    for element in DTYPES.values():
        for shape in [(), (0,), (2, 0, 3), (3,), (2, 2)]:
            values.append(weight(generator.integers(0, 2, shape).astype(element.numpy)))
    graph = graph_of(*values)
    parsed = parse_graph(print_graph(graph))
    assert print_graph(parsed) == print_graph(graph)
    for result, expected in zip(run(parsed, []), run(graph, []), strict=True):
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result, expected)


def test_large_constants_come_from_outside() -> None:
    text = "graph @f() -> f32[20] {\n  constant @w: f32[20]\n  return @w\n}"
    assert parse_graph(text).outputs[0].data is None
    data = np.arange(20, dtype=np.float32)
    graph = parse_graph(text, {"w": data})
    assert graph.outputs[0].data is data
    assert print_graph(graph) == text


def test_given_data_win_over_written_elements() -> None:
    text = "graph @f() -> f32[2] { constant @w: f32[2] = [1.0, 2.0] return @w }"
    (result,) = run(parse_graph(text, {"w": np.array([5, 6], np.float32)}), [])
    np.testing.assert_array_equal(result, [5, 6])


def test_defaults_are_not_printed() -> None:
    op = Convolution((2,), ((0, 0),), (1,))
    assert attributes_text(op) == "stride = (2,), padding = ((0, 0),), dilation = (1,)"
    grouped = Convolution((2,), ((0, 0),), (1,), groups=4, input_dilation=(2,))
    assert attributes_text(grouped).endswith(", groups = 4, input_dilation = (2,)")
    assert attributes_text(Cast(dtypes.bfloat16)) == "dtype = bf16"


@pytest.mark.parametrize("op", REGISTRY.values(), ids=lambda op: op.name)
def test_attributes_have_types_that_text_can_check(op: type[Op]) -> None:
    for hint in typing.get_type_hints(op).values():
        assert "ndarray" not in str(hint)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_rows_are_read_back(row: Record) -> None:
    arrays = row.sample(row.dtypes[0])
    infos = [fr.InputInfo(array.shape, dtypes.BY_NUMPY[array.dtype]) for array in arrays]
    graph = trace(row.function, infos, name="f").graph
    text = print_graph(graph, locations=False)
    data = {name: value.data for name, value in graph.constants.items()}
    assert print_graph(parse_graph(text, data)) == text
