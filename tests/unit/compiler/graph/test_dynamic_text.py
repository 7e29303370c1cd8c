"""Graph text with dimensions: round trips, and the errors in it."""

from __future__ import annotations

import numpy as np
import pytest

from farrier_compiler.graph import Graph, Value, VerificationError, verify
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.sizes import symbol
from farrier_runtime import dtypes
from farrier_runtime.dimension import Dimension
from farrier_runtime.errors import ArgumentError, ParseError
from support.graphs import argument, named, weight

HEAD = "graph @f[n in (1, 4, 8), m in (0, 3, 9)]"


@pytest.mark.parametrize(
    "text",
    [
        "graph @f[n in (1, 4, 8)](%x: f32[n]) -> f32[n] {\n  return %x\n}",
        f"{HEAD}(%x: f32[n,3,m], %k: i32[] = m) -> (x: f32[n,3,m], k: i32[]) {{\n"
        "  return %x, %k\n}",
        # Dimensions come in the order in which inputs bring them.
        f"{HEAD}(%x: f32[n,m]) -> f32[m*n,2] {{\n"
        "  %0: f32[2*m*n] = full() {shape = (2*m*n,), value = 1.0, dtype = f32}\n"
        "  %1: f32[m*n,2] = reshape(%0) {shape = (m*n, 2)}\n"
        "  return %1\n}",
        f"{HEAD}(%x: f32[n,m]) -> f32[max(1, m) - min(1, m)] {{\n"
        "  %0: f32[m] = sum(%x) {dim = (0,)}\n"
        "  %1: f32[max(1, m) - min(1, m)] = slice(%0) "
        "{start = (min(1, m),), limit = (max(1, m),), step = (1,)}\n"
        "  return %1\n}",
        f"{HEAD}(%x: f32[n], %y: f32[m]) -> f32[broadcast(m, n)] {{\n"
        "  %0: f32[broadcast(m, n)] = add(%x, %y)\n"
        "  %1: i32[] = size_of() {size = (n + 1)//2 - m + 1}\n"
        "  return %0\n}",
        'graph @f["a b" in (1, 2, 3), "min" in (1, 2, 3), "2" in (1, 2, 3), "\\u00f6" in (1, 2, 3)]'
        '(%x: f32["a b","min",2*"2","2","\\u00f6"]) -> f32["a b","min",2*"2","2","\\u00f6"] {\n'
        "  return %x\n}",
        # Names that mean something else where no size is expected.
        "graph @f[f32 in (1, 2, 3), true in (1, 2, 3), channels_last in (1, 2, 3)]"
        "(%x: f32[f32,true,channels_last]) -> f32[f32] {\n"
        "  %0: f32[f32] = full() {shape = (f32,), value = 1.0, dtype = f32}\n"
        "  %1: f32[f32,true,1] = sum(%x) {dim = (2,), keepdim = true}\n"
        "  return %0\n}",
    ],
)
def test_text_is_read_back(text: str) -> None:
    graph = parse_graph(text)
    assert print_graph(graph) == text
    assert print_graph(parse_graph(print_graph(graph))) == text


def test_expressions_may_simplify_to_numbers() -> None:
    text = "graph @f[n in (1, 4, 8)](%x: f32[n]) -> f32[max(1, n) - 0] {"
    text += "%0: f32[n] = slice(%x) {start = (n - n,), limit = (max(1, n),), step = (4//3,)}"
    assert "{start = (0,), limit = (n,), step = (1,)}" in str(parse_graph(text + "return %0 }"))


def fault(text: str) -> str:
    """Return what is wrong with a text, and what is marked."""
    with pytest.raises(ParseError) as caught:
        parse_graph(text)
    head, line, mark = str(caught.value).split("\n")
    start = mark.index("^")
    return f"{head.partition(': ')[2]} @ {line[start:].split()[0]}"


@pytest.mark.parametrize(
    ("dimensions", "sizes", "text"),
    [
        (
            "[rows in (1, 4, 8)]",
            "row",
            "there is no dimension 'row'; did you mean 'rows'? @ row]){",
        ),
        ("[n in (1, 4, 8)]", "q", "there is no dimension 'q'; known are n. @ q]){"),
        ("", "n", "expected the size of a dimension, but found 'n'. @ n]){"),
        (
            "[n in (4, 1, 8)]",
            "n",
            "Dimension 'n' got min=4, opt=1 and max=8: they must be 0 <= min <= opt <= max. @ n",
        ),
        (
            "[n in (-1, 1, 8)]",
            "n",
            "Dimension 'n' got min=-1, opt=1 and max=8: they must be 0 <= min <= opt <= max. @ n",
        ),
        ("[n in (1, 8)]", "n", "'n' needs three numbers: its min, opt and max. @ n"),
        ("[n in (1, 2, 3, 4)]", "n", "'n' needs three numbers: its min, opt and max. @ n"),
        ("[n in ()]", "n", "'n' needs three numbers: its min, opt and max. @ n"),
        ("[n in (1, 4, k)]", "n", "expected the size of a dimension, but found 'k'. @ k)](%x:"),
        ("[n in (1, 4, 8.5)]", "n", "the size of a dimension is a whole number. @ 8.5)](%x:"),
        ("[n in 3]", "n", "expected '(', but found '3'. @ 3](%x:"),
        ("[n]", "n", "expected 'in', but found ']'. @ ](%x:"),
        ("[3 in (1, 2, 3)]", "n", "expected the name of a dimension, but found '3'. @ 3"),
        (
            "[n in (1, 4, 8), n in (1, 4, 9)]",
            "n",
            "the dimension 'n' is defined twice. @ n",
        ),
        ("[n in (1, 4, 8)]", "n//0", "a size cannot be divided by 0. @ //0]){"),
        ("[n in (1, 4, 8)]", "n//(n - n)", "a size cannot be divided by 0. @ //(n"),
        ("[n in (1, 4, 8)]", "max()", "max needs sizes. @ max()]){"),
        ("[n in (1, 4, 8)]", "n*", "expected the size of a dimension, but found ']'. @ ]){"),
        ("[n in (1, 4, 8)]", "(n", "expected ')', but found ']'. @ ]){"),
        ("[n in (1, 4, 8)]", "-3", "the size of a dimension is a whole number. @ -3]){"),
        ("[n in (1, 4, 8)]", "n - n - 1", "the size of a dimension is a whole number. @ n"),
    ],
)
def test_sizes_that_are_wrong(dimensions: str, sizes: str, text: str) -> None:
    assert fault(f"graph @f{dimensions}(%x: f32[{sizes}]){{") == text


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        (
            "(%x: f32[n], %k: i32[] = k) -> f32[n] { return %x }",
            "there is no dimension 'k'; known are m, n. @ k)",
        ),
        (
            "(%x: f32[n]) -> f32[m] { return %x }",
            "the graph returns f32[n], which does not match its signature. @ return",
        ),
        (
            "(%x: f32[n]) -> f32[n] { %0: f32[n + 1] = tanh(%x) return %0 }",
            "tanh returns f32[n] here, not f32[n + 1]. @ %0:",
        ),
        (
            "(%x: f32[n]) -> f32[n] { constant @c: f32[n] = [1.0] return %x }",
            "a constant's sizes are numbers, but its type is f32[n]. @ @c:",
        ),
        (
            "(%x: f32[n]) -> f32[n] { %0: f32[n] = sum(%x) {dim = (n,)} return %0 }",
            "sum got dim=n, but the tensor has 1 dimensions: dim must be in [-1, 0]. @ sum(%x)",
        ),
        (
            "(%x: f32[n]) -> f32[n] { %0: f32[n] = reshape(%x) {shape = n} return %0 }",
            "expected a number, a string, a data type or a tuple, but found 'n'. @ n}",
        ),
        (
            "(%x: f32[n]) -> f32[m] { %0: f32[9] = reshape(%x) {shape = (9,)} return %0 }",
            "reshape cannot give float32 (n,), which has n elements ('n' is 1 to 8), the shape "
            "(9,), which has 9. The numbers must be equal. @ reshape(%x)",
        ),
        (
            "(%x: f32[n]) -> f32[n] { %0: f32[n] = reshape(%x) {shape = (n,), divisor = 0} "
            "return %0 }",
            "reshape cannot divide n elements by 0. @ reshape(%x)",
        ),
    ],
)
def test_graphs_that_are_wrong(rest: str, text: str) -> None:
    assert fault(HEAD + rest) == text


# ---------------------------------------------------------------------- the verifier

N = Dimension("n", 1, 4, 8)


def invalid(graph: Graph) -> str:
    with pytest.raises(VerificationError) as caught:
        verify(graph)
    return str(caught.value)


def test_a_dimension_that_no_input_has() -> None:
    for inputs in ("(%x: f32[n + 1])", "(%x: f32[2*n, n//2])"):
        type = inputs[5:-1]
        text = f"graph @f[n in (1, 4, 8)]{inputs} -> {type} {{ return %x }}"
        assert invalid(parse_graph(text)) == (
            "Invalid graph: no input has the size 'n' (1 to 8) alone."
        )
    text = "graph @f[n in (1, 4, 8)](%x: f32[3]) -> i32[] {"
    text += "%0: i32[] = size_of() {size = n} return %0 }"
    assert invalid(parse_graph(text)) == "Invalid graph: no input has the size 'n' (1 to 8) alone."


def test_one_name_with_two_meanings() -> None:
    other = symbol(Dimension("n", 1, 4, 9))
    x, y = argument((symbol(N),), "x"), argument((other,), "y")
    graph = Graph.reaching("f", [x, y], [named("add", x, y)])
    assert (
        invalid(graph)
        == "Invalid graph: dimensions with different bounds share a name: ['n', 'n']."
    )


def test_sizes_are_int32_scalars() -> None:
    for type in ("f32[]", "i32[2]", "i64[]"):
        text = f"graph @f[n in (1, 4, 8)](%x: f32[n], %k: {type} = n) -> f32[n] {{ return %x }}"
        assert invalid(parse_graph(text)) == (
            f"Invalid graph: input 'k' is the size 'n', but its type is {type}."
        )


def test_graphs_know_their_dimensions() -> None:
    m = Dimension("m", 0, 3, 9)
    x = argument((symbol(N), 3, symbol(N)), "x")
    k = Value(argument((), "k", dtypes.int32).type, name="k", dimension=m)
    assert Graph.reaching("f", [x, k], [x]).dimensions() == (N, m)


def test_constants_that_are_missing_are_still_refused() -> None:
    x, w = argument((symbol(N), 2), "x"), weight(np.ones(2, np.float32), "w")
    w.data = None
    with pytest.raises(ArgumentError, match="no value is known"):
        Graph.reaching("f", [x], [named("add", x, w)])
