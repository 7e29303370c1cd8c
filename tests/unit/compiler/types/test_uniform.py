"""Quantised types: round trips of their text, equality, and the ops that keep or drop them."""

from __future__ import annotations

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.graph import Graph, TensorType, VerificationError, verify
from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.passes import run_passes
from farrier_compiler.types.uniform import MOST_SCALES, Quantization
from farrier_runtime.dtypes import float32

PLAIN = TensorType((2, 4), fr.int8)

TEXTS = [
    "!quant.uniform<i8:f32, 0.1>[2,4]",
    "!quant.uniform<u8:f32, 0.1:128>[2,4]",
    "!quant.uniform<i8<-127:127>:f32, 1e-05:-3>[2,4]",
    "!quant.uniform<i8:f16:1, {0.5, 0.25:-1, 3.0, 0.1}>[2,4]",
    "!quant.uniform<i4:bf16:{0:1, 1:2}, {{0.5, 0.25:1}, {1.0, 2.0}}>[2,4]",
    "!quant.uniform<f8e4m3fn:f64, 0.1>[2,4]",
    "!quant.uniform<i16:f32:0, {1.1754944e-38, 0.25}>[2,4]",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_in_both_directions(text: str) -> None:
    whole = f"graph @f(%x: {text}) -> {text} {{\n  return %x\n}}"
    graph = parse_graph(whole)
    assert str(graph) == whole
    assert graph.inputs[0].type == parse_graph(str(graph)).inputs[0].type
    assert hash(graph.inputs[0].type) == hash(parse_graph(str(graph)).inputs[0].type)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("!i8[2,4]", "expected 'quant.uniform', but found 'i8'"),
        ("!quant.uniform<3:f32, 0.1>[2,4]", "expected a data type, such as f32, but found '3'"),
        ("!quant.uniform<i8:f32:x, 0.1>[2,4]", "expected a number, a string, a data type or a "
         "tuple, but found 'x'"),
        ("!quant.uniform<i8:f32:1.5, {1.0}>[2,4]", "expected a whole number, but found '1.5'"),
        ("!quant.uniform<i8:f32, x>[2,4]", "expected a scale, but found 'x'"),
        ("!quant.uniform<i8:f32, -1.0>[2,4]", "-1.0 is not a valid scale of float32"),
        ("!quant.uniform<i8:f32:0, {1.0}>[2,4]", "the scales do not fit the shape (2, 4)"),
        ("!quant.uniform<i8:f32:2, {1.0}>[2,4]", "the scales do not fit the shape (2, 4)"),
        ("!quant.uniform<i8:f32:{0:2}, {1.0}>[2,4]", "the scales do not fit the shape (2, 4)"),
        ("!quant.uniform<i8:f32:{0:2, 1:3}, {1.0}>[2,4]", "the scales do not fit the shape (2, 4)"),
    ],
)  # fmt: skip
def test_bad_text(text: str, complaint: str) -> None:
    with pytest.raises(fr.ParseError) as raised:
        parse_graph(f"graph @f(%x: {text}) -> f32[] {{ return %x }}")
    assert str(raised.value).splitlines()[0].partition(": ")[2] == complaint + "."


def test_types_agree_where_both_are_known() -> None:
    half, third = (Quantization(float32, (scale,), (0,)) for scale in (0.5, 0.3))
    a, b = (TensorType((2, 4), fr.int8, quantization) for quantization in (half, third))
    assert a != PLAIN
    assert a != b
    assert a.plain == b.plain == PLAIN
    assert a.agrees(PLAIN)
    assert PLAIN.agrees(a)
    assert not a.agrees(b)
    assert a.with_shape((8,)) == TensorType((8,), fr.int8)
    assert a.with_dtype(fr.int32) == TensorType((2, 4), fr.int32)


def quantized() -> Graph:
    def function(x: fr.Tensor) -> tuple[fr.Tensor, ...]:
        q = fr.quantize(x, [0.5, 0.25], fr.int8, 0)
        weight = fr.quantize(fr.ones((2, 4)), 0.5, fr.int8)
        return q, q + q, fr.flip(q), fr.dequantize(weight, 0.5, fr.float32)

    return trace(function, [fr.InputInfo((2, 4), fr.float32)]).graph


def test_only_quantize_makes_quantised_types() -> None:
    types = [str(node.result.type) for node in verify(quantized()).nodes]
    assert types == [
        "!quant.uniform<i8:f32:0, {0.5, 0.25}>[2,4]",
        "i8[2,4]",
        "i8[2,4]",
        "f32[2,4]",
        "!quant.uniform<i8:f32, 0.5>[2,4]",
        "f32[2,4]",
    ]


def test_weights_are_quantised_when_the_graph_is_folded_and_keep_the_type() -> None:
    graph = verify(run_passes(quantized(), "fold_constants", verify=True))
    assert [node.op.name for node in graph.nodes] == ["quantize", "add", "reverse", "dequantize"]
    weight = graph.nodes[-1].operands[0]
    assert str(weight.type) == "!quant.uniform<i8:f32, 0.5>[2,4]"
    np.testing.assert_array_equal(weight.data, np.full((2, 4), 2, np.int8))


def test_many_scales_are_operands_only() -> None:
    def type_of(count: int) -> TensorType:
        x = fr.ones((count, 1))
        return fr.quantize(x, np.ones(count, np.float32).tolist(), fr.int8, 0).value.type

    assert type_of(MOST_SCALES).quantization is not None
    assert type_of(MOST_SCALES + 1).quantization is None


def test_the_text_of_a_graph_may_leave_its_scales_out() -> None:
    head = "graph @f(%x: f32[20,1]) -> !quant.uniform<i8:f32:0, {SCALES}>[20,1] {\n"
    head += "  constant @scale: f32[20]\n"
    body = "  %0: !quant.uniform<i8:f32:0, {SCALES}>[20,1] = quantize(%x, @scale) "
    body += "{dtype = i8, dim = 0}\n  return %0\n}"
    text = (head + body).replace("SCALES", ", ".join(["0.5"] * 20))
    assert str(parse_graph(text)) == text
    arrays = {"scale": np.full(20, 0.5, np.float32)}
    assert str(verify(parse_graph(text, arrays))) == text
    with pytest.raises(fr.ParseError, match="quantize returns"):
        parse_graph(text, {"scale": np.ones(20, np.float32)})


def test_the_verifier_compares_scales() -> None:
    graph = quantized()
    other = Quantization(float32, (0.5, 0.5), (0, 0), 0)
    graph.nodes[0].result.type = TensorType((2, 4), fr.int8, other)
    with pytest.raises(VerificationError, match="but its op infers"):
        verify(graph)
