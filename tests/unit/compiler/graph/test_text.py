"""Graph text: its layout, its exactness, and the parser's errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.graph import REGISTRY, Graph, Node, Op, TensorType, Value
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.ops.elementwise import Cast
from farrier_runtime import dtypes
from farrier_runtime.errors import ParseError
from support.graphs import argument, graph_of, named, weight

NET = """\
graph @Net(%x: f32[1,1,4,4]) -> f32[1,2,4,4] {
  constant @conv.weight: f32[2,1,3,3]
  constant @conv.bias: f32[2,1,1] = [[[0.5]], [[-1.25]]]
  %0: f32[1,2,4,4] = convolution(%x, @conv.weight) {stride = (1, 1), \
padding = ((1, 1), (1, 1)), dilation = (1, 1)}
  %1: f32[1,2,4,4] = add(%0, @conv.bias)
  %2: f32[1,2,4,4] = maximum(%1, 0.0: f32)
  return %2
}"""


def test_text_is_printed_as_it_was_parsed() -> None:
    assert print_graph(parse_graph(NET)) == NET


def test_str_shows_the_users_lines() -> None:
    lines = str(trace(fr.tanh, [fr.InputInfo((2,), fr.float32)], name="f").graph)
    assert "%0: f32[2] = tanh(%input)   # test_text.py:" in lines


def test_locations_can_be_left_out() -> None:
    traced = trace(fr.tanh, [fr.InputInfo((2,), fr.float32)], name="f").graph
    assert print_graph(traced, locations=False) == (
        "graph @f(%input: f32[2]) -> f32[2] {\n  %0: f32[2] = tanh(%input)\n  return %0\n}"
    )


def test_comments_and_layout_do_not_matter() -> None:
    short = "graph@f(%x:f32[2])->f32[2]{# a comment\n%a:f32[2]=tanh(%x)return %a}"
    long = "graph @f(%x: f32[2]) -> f32[2] {\n  %0: f32[2] = tanh(%x)\n  return %0\n}"
    assert print_graph(parse_graph(short)) == long


def test_names_of_any_characters() -> None:
    names = ["weight", "0.weight", "a b", 'quote"', "back\\slash", "päth", "", "inf", "#", "a\nb"]
    total = argument((2,), "in put")
    for name in names[1:]:
        total = named("add", total, argument((2,), name))
    for name in names:
        total = named("add", total, weight(np.arange(2, dtype=np.float32), f"layer/{name}"))
    inputs = [value for value in _inputs(total) if value.data is None]
    graph = Graph.reaching("a-b", inputs, [total, total], output_names=["nan", "y z"])
    text = print_graph(graph)
    parsed = parse_graph(text)
    assert print_graph(parsed) == text
    assert parsed.name == "a-b"
    assert parsed.output_names == ("nan", "y z")
    assert [value.name for value in parsed.inputs] == [value.name for value in inputs]
    assert list(parsed.constants) == list(graph.constants)


def _inputs(value: Value) -> list[Value]:
    return list(Graph("", (), (value,)).with_outputs([value], {}).leaves())


def test_no_inputs_and_no_outputs() -> None:
    text = "graph @f() -> () {\n  return\n}"
    assert print_graph(parse_graph(text)) == text


def test_several_results(monkeypatch: pytest.MonkeyPatch) -> None:
    class Halves(Op, abstract=True):
        name = "halves"

        def infer(self, x: TensorType) -> tuple[TensorType, TensorType]:
            return x, x.with_dtype(dtypes.int32)

        def reference(self, x: Any) -> Any:
            return x / 2, (x // 2).astype(np.int32)

    monkeypatch.setitem(REGISTRY, "halves", _dataclass(Halves))
    node = Node(REGISTRY["halves"](), [argument((2,))])
    text = print_graph(graph_of(*node.results))
    assert "  %0: f32[2], %1: i32[2] = halves(%x)\n  return %0, %1\n" in text
    assert print_graph(parse_graph(text)) == text
    with pytest.raises(ParseError, match=r"halves has 2 results, not 1"):
        parse_graph(text.replace("%0: f32[2], ", "").replace("return %0, %1", "return %1, %1"))


def _dataclass(op_class: type[Op]) -> type[Op]:
    from dataclasses import dataclass

    return dataclass(frozen=True)(op_class)


# ---------------------------------------------------------------------- errors


def _refusal(text: str, constants: Any = None) -> str:
    with pytest.raises(ParseError) as error:
        parse_graph(text, constants)
    return str(error.value)


ERRORS = {
    "unknown op": (
        "tanh(%x)",
        "tanhh(%x)",
        "line 2, column 16: there is no op 'tanhh'; did you mean 'tanh'?\n"
        "    %0: f32[2] = tanhh(%x)\n"
        "                 ^",
    ),
    "unknown value": (
        "tanh(%x)",
        "tanh(%xy)",
        "line 2, column 21: %xy is not defined; did you mean '%x'?\n"
        "    %0: f32[2] = tanh(%xy)\n"
        "                      ^",
    ),
    "wrong type": (
        "%0: f32[2] =",
        "%0: f32[3] =",
        "line 2, column 3: tanh returns f32[2] here, not f32[3].\n    %0: f32[3] = tanh(%x)\n    ^",
    ),
    "refused by the op": (
        "tanh(%x)",
        "add(%x, 1: i8)",
        "line 2, column 16: add takes operands of one data type, but got float32 (2,) and int8 (). "
        "Cast one of them, for example with fr.cast(x, fr.float32).\n"
        "    %0: f32[2] = add(%x, 1: i8)\n"
        "                 ^",
    ),
    "number of operands": (
        "tanh(%x)",
        "tanh(%x, %x)",
        "line 2, column 16: tanh does not take 2 operands.\n"
        "    %0: f32[2] = tanh(%x, %x)\n"
        "                 ^",
    ),
    "unknown attribute": (
        "tanh(%x)",
        "cast(%x) {dtpe = f32}",
        "line 2, column 26: cast has no attribute 'dtpe'; did you mean 'dtype'?\n"
        "    %0: f32[2] = cast(%x) {dtpe = f32}\n"
        "                           ^",
    ),
    "type of an attribute": (
        "tanh(%x)",
        "cast(%x) {dtype = 3}",
        "line 2, column 34: cast's attribute 'dtype' must be a data type.\n"
        "    %0: f32[2] = cast(%x) {dtype = 3}\n"
        "                                   ^",
    ),
    "missing attribute": (
        "tanh(%x)",
        "cast(%x)",
        "line 2, column 16: cast needs the attribute 'dtype'.\n"
        "    %0: f32[2] = cast(%x)\n"
        "                 ^",
    ),
    "literal": (
        "tanh(%x)",
        "cast(%x) {dtype = ]}",
        "line 2, column 34: expected a number, a string, a data type or a tuple, but found ']'.\n"
        "    %0: f32[2] = cast(%x) {dtype = ]}\n"
        "                                   ^",
    ),
    "unknown data type": (
        "%x: f32[2]",
        "%x: float32[2]",
        "line 1, column 14: there is no data type 'float32'; did you mean 'f32'?\n"
        "  graph @f(%x: float32[2]) -> f32[2] {\n"
        "               ^",
    ),
    "size": (
        "%x: f32[2]",
        "%x: f32[-2]",
        "line 1, column 18: the size of a dimension is a whole number.\n"
        "  graph @f(%x: f32[-2]) -> f32[2] {\n"
        "                   ^",
    ),
    "no name": (
        "@f",
        "f",
        "line 1, column 7: expected the graph's name, such as @main, but found 'f'.\n"
        "  graph f(%x: f32[2]) -> f32[2] {\n"
        "        ^",
    ),
    "character": (
        "@f",
        "@f ?",
        "line 1, column 10: unexpected '?'.\n  graph @f ?(%x: f32[2]) -> f32[2] {\n           ^",
    ),
    "defined twice": (
        "%0: f32[2]",
        "%x: f32[2]",
        "line 2, column 3: %x is defined twice.\n    %x: f32[2] = tanh(%x)\n    ^",
    ),
    "what is returned": (
        "-> f32[2]",
        "-> f32[3]",
        "line 3, column 3: the graph returns f32[2], which does not match its signature.\n"
        "    return %0\n"
        "    ^",
    ),
    "no return": (
        "return %0",
        "yield %0",
        "line 3, column 3: expected an op's result or 'return', but found 'yield'.\n"
        "    yield %0\n"
        "    ^",
    ),
    "element of another type": (
        "tanh(%x)",
        "add(%x, 1.5: i8)",
        "line 2, column 24: 1.5 is not a valid int8.\n"
        "    %0: f32[2] = add(%x, 1.5: i8)\n"
        "                         ^",
    ),
    "element out of range": (
        "tanh(%x)",
        "add(%x, 300: i8)",
        "line 2, column 24: 300 is not a valid int8.\n"
        "    %0: f32[2] = add(%x, 300: i8)\n"
        "                         ^",
    ),
    "no value": (
        "tanh(%x)",
        "tanh(x)",
        "line 2, column 21: expected a value, but found 'x'.\n"
        "    %0: f32[2] = tanh(x)\n"
        "                      ^",
    ),
    "number of elements": (
        "  %0:",
        "  constant @w: f32[3] = [1.0, 2.0]\n  %0:",
        "line 2, column 25: expected 3 elements, but found 2.\n"
        "    constant @w: f32[3] = [1.0, 2.0]\n"
        "                          ^",
    ),
    "text behind": (
        "\n}",
        "\n} }",
        "line 4, column 3: expected the end of the text, but found '}'.\n  } }\n    ^",
    ),
    "cut off": (
        "\n}",
        "",
        "line 3, column 12: expected '}', but found the end of the text.\n"
        "    return %0\n"
        "             ^",
    ),
    "string": (
        "@f",
        '@"\\q"',
        'line 1, column 7: "\\q" is not a valid string; its escapes must be those of JSON.\n'
        '  graph @"\\q"(%x: f32[2]) -> f32[2] {\n'
        "        ^",
    ),
}
SMALL = "graph @f(%x: f32[2]) -> f32[2] {\n  %0: f32[2] = tanh(%x)\n  return %0\n}"


@pytest.mark.parametrize("name", ERRORS)
def test_parser_says_what_is_wrong(name: str) -> None:
    old, new, message = ERRORS[name]
    assert old in SMALL
    assert _refusal(SMALL.replace(old, new)) == f"Graph text, {message}"


def test_an_empty_text_is_not_a_graph() -> None:
    assert _refusal("") == (
        "Graph text, line 1, column 1: expected 'graph', but found the end of the text.\n  \n  ^"
    )


def test_given_data_must_fit() -> None:
    text = "graph @f() -> f32[2] { constant @w: f32[2] return @w }"
    assert _refusal(text, {"w": np.zeros(3)}) == (
        "Graph text, line 1, column 33: the data given for 'w' is float64 (3,).\n"
        f"  {text}\n"
        "                                  ^"
    )


def test_attributes_of_another_rank() -> None:
    text = SMALL.replace("tanh(%x)", "slice(%x) {start = (0,), limit = (1, 1), step = (1,)}")
    assert _refusal(text) == (
        "Graph text, line 2, column 16: slice with these attributes does not take (f32[2]).\n"
        "    %0: f32[2] = slice(%x) {start = (0,), limit = (1, 1), step = (1,)}\n"
        "                 ^"
    )


def test_layouts_are_listed() -> None:
    text = NET.replace("dilation = (1, 1)}", 'dilation = (1, 1), layout = "last"}')
    assert 'layout\' must be "channels_first" or "channels_last".' in _refusal(text)


def test_invalid_graphs_can_be_shown() -> None:
    node = Node(Cast(dtypes.int8), [argument((2,))])
    assert "cast(%undefined)" in print_graph(Graph("f", (), node.results, (node,)))
