"""The choice of products that sum integers, and the graph text's remarks on the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.ops.integer_matmul import integer_product, note
from farrier_compiler.passes import run_passes

X = fr.InputInfo((4, 8), fr.float32)
IMAGE = fr.InputInfo((2, 4, 5, 5), fr.float32)


def there_and_back(x: fr.Tensor, scale: Any, dtype: fr.dtype, dim: Any = None, zero: Any = None):
    if zero is not None:
        zero = fr.Tensor(zero, dtype)
    return fr.dequantize(
        fr.quantize(x, scale, dtype, dim, zero), scale, x.dtype, dim, zero_point=zero
    )


def weight(*shape: int) -> fr.Tensor:
    return fr.Tensor(np.random.default_rng(0).normal(0, 1, shape).astype(np.float32))


def linear(x: fr.Tensor, w: fr.Tensor) -> fr.Tensor:
    return fr.dot_general(x, w, ((1,), (1,)))


def int8(x: fr.Tensor, scale: Any = 0.5, dim: Any = None, zero: Any = None) -> fr.Tensor:
    return there_and_back(x, scale, fr.int8, dim, zero)


NOTES: list[tuple[Callable[[fr.Tensor], fr.Tensor], fr.InputInfo, str]] = [
    (lambda x: linear(x, int8(weight(5, 8))), X, "the left operand is not quantized"),
    (lambda x: linear(int8(x), weight(5, 8)), X, "the right operand is not quantized"),
    (
        lambda x: fr.convolution(x, int8(weight(3, 4, 2, 2))),
        IMAGE,
        "the input is not quantized",
    ),
    (
        lambda x: linear(there_and_back(x, 0.5, fr.int16), int8(weight(5, 8))),
        X,
        "the left operand is stored as int16, not in 8 bits or less",
    ),
    (
        lambda x: linear(there_and_back(x, 0.5, fr.float8), int8(weight(5, 8))),
        X,
        "the left operand is stored as float8, not in 8 bits or less",
    ),
    (
        lambda x: linear(int8(x), int8(weight(5, 8), [[0.5, 0.25]])),
        X,
        "the right operand has a scale for each block",
    ),
    (
        lambda x: linear(int8(x), int8(weight(5, 8), [0.5] * 8, 1)),
        X,
        "the right operand has a scale for each index of a dimension that is summed",
    ),
    (
        lambda x: linear(int8(x, [0.5] * 4, 0), int8(weight(5, 8), [0.5] * 5, 0)),
        X,
        "both the left operand and the right operand have several scales",
    ),
    (
        lambda x: fr.convolution(int8(x), int8(weight(4, 2, 2, 2), zero=3), groups=2),
        IMAGE,
        "the weight has zero points, and there are groups",
    ),
    (
        lambda x: fr.convolution(int8(x, [0.5, 0.25], 0, [1, 2]), int8(weight(4, 4, 2, 2))),
        IMAGE,
        "the input has several zero points",
    ),
    (
        lambda x: linear(int8(x), int8(weight(5, 1 << 17))),
        fr.InputInfo((1, 1 << 17), fr.float32),
        "sums of 131072 products do not fit int32",
    ),
    (
        lambda x: fr.dot_general(int8(x, zero=1), int8(x, zero=2), ((0,), (0,))),
        fr.InputInfo((fr.NamedDimension("batch", 1, 2, 4), 3), fr.float32),
        "both operands have zero points, and the number of products to sum is dynamic",
    ),
]


@pytest.mark.parametrize(("function", "info", "reason"), NOTES)
def test_the_text_says_why_floats_are_summed(
    function: Callable[[fr.Tensor], fr.Tensor], info: fr.InputInfo, reason: str
) -> None:
    graph = run_passes(trace(function, [info], name="net").graph, "integer_matmul", verify=True)
    text = print_graph(graph)
    (line,) = [line for line in text.splitlines() if " dot_general(" in line or " convolu" in line]
    assert line.endswith(f"; summed as float32: {reason}")
    assert reason not in print_graph(graph, locations=False)
    assert print_graph(parse_graph(text), locations=False) == print_graph(graph, locations=False)


def test_before_the_pass_the_text_says_so() -> None:
    graph = trace(lambda x: linear(int8(x), int8(weight(5, 8))), [X], name="net").graph
    (node,) = [node for node in graph.nodes if node.op.name == "dot_general"]
    assert isinstance(integer_product(node), tuple)
    assert note(node) == "summed as float32: the pass integer_matmul did not run"
    (before,) = [node for node in graph.nodes if node.op.name == "quantize"][:1]
    assert note(before) is None


def test_plain_products_have_no_note() -> None:
    graph = trace(lambda x: linear(x, weight(5, 8)), [X], name="net").graph
    assert [note(node) for node in graph.nodes] == [None]
