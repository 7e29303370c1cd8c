"""Types, values, graphs, and the verifier's errors."""

from __future__ import annotations

import numpy as np
import pytest

from farrier_compiler.graph import (
    Graph,
    Node,
    TensorType,
    Value,
    VerificationError,
    topological,
    verify,
)
from farrier_runtime.dtypes import float32, int8
from farrier_runtime.errors import ArgumentError
from support.graphs import argument, graph_of, named, weight


def test_types_describe_themselves() -> None:
    matrix = TensorType((2, 3), float32)
    assert (matrix.rank, matrix.size) == (2, 6)
    assert str(matrix.with_shape([4])) == "f32[4]"
    assert str(matrix.with_dtype(int8)) == "i8[2,3]"
    assert TensorType((), int8).describe() == "int8 ()"


def test_constants_get_unique_names() -> None:
    x = argument((2,))
    total = x
    for name in ("w", None, "w", "layer.bias"):
        total = named("add", total, weight(np.ones(2, np.float32), name))
    assert list(graph_of(total).constants) == ["w", "c1", "w_1", "layer.bias"]


def test_given_names_win_over_own_names() -> None:
    kernel = weight(np.ones(2, np.float32), "kernel")
    graph = Graph.reaching("main", [], [kernel], {kernel: "conv.weight"})
    assert list(graph.constants) == ["conv.weight"]


def test_scalars_are_not_named_constants() -> None:
    graph = graph_of(named("add", argument((2,)), weight(np.float32(1))))
    assert graph.constants == {}


def test_unset_parameters_are_named() -> None:
    unset = [Value(TensorType((2,), float32), name=name) for name in ("a", "b")]
    with pytest.raises(ArgumentError) as error:
        Graph.reaching("main", [], [named("add", *unset)])
    assert str(error.value) == (
        "a, b: no value is known. Set these parameters (load_state_dict, load_weights or "
        "reset_parameters), or pass them as arguments."
    )


def test_topological_order_needs_no_recursion() -> None:
    x = value = argument((2,))
    for _ in range(5000):
        value = named("add", value, x)
    order = topological([value])
    assert len(order) == 5000
    assert order[-1] is value.producer


def test_shared_nodes_appear_once() -> None:
    shared = named("tanh", argument((2,)))
    graph = graph_of(named("add", shared, shared), shared)
    assert [node.op.name for node in graph.nodes] == ["tanh", "add"]
    assert [node.op.name for node in graph.users()[shared]] == ["add", "add"]


def test_leaves_come_in_order_of_use() -> None:
    x, w = argument((2,)), weight(np.ones(2, np.float32))
    graph = graph_of(named("add", w, x), w)
    assert list(graph.leaves()) == [w, x]


# ---------------------------------------------------------------------- the verifier


def _tanh_graph() -> tuple[Graph, Value]:
    x = argument((2,))
    return graph_of(named("tanh", x)), x


def _refusal(graph: Graph) -> str:
    with pytest.raises(VerificationError) as error:
        verify(graph)
    return str(error.value)


def test_verifier_requires_operands_before_their_use() -> None:
    graph, x = _tanh_graph()
    graph.nodes = (Node(graph.nodes[0].op, [graph.outputs[0]]), *graph.nodes)
    assert _refusal(graph) == (
        "Invalid graph: node 0 (tanh) reads Value(%: f32[2]), which no node before it computes."
    )
    graph.nodes = ()
    assert _refusal(graph) == "Invalid graph: output Value(%: f32[2]) is never computed."
    graph.outputs = (x,)
    verify(graph)


def test_verifier_infers_types_again() -> None:
    graph, _ = _tanh_graph()
    graph.outputs[0].type = TensorType((3,), float32)
    assert _refusal(graph) == (
        "Invalid graph: node 0 (tanh) has results ['f32[3]'], but its op infers ['f32[2]']."
    )


def test_verifier_checks_names() -> None:
    graph, x = _tanh_graph()
    x.name = None
    assert _refusal(graph) == "Invalid graph: an input has no name."
    x.name = "x"
    graph.inputs = (x, argument((2,)))
    assert _refusal(graph) == "Invalid graph: inputs share a name: ['x', 'x']."
    graph.inputs, graph.output_names = (x,), ()
    assert _refusal(graph) == "Invalid graph: 1 outputs have 0 names."


def test_verifier_compares_constants_with_their_types() -> None:
    wrong = Value(TensorType((2,), float32), None, np.ones(2, np.float64), "w")
    graph = Graph.reaching("main", [], [wrong])
    assert _refusal(graph) == (
        "Invalid graph: constant 'w' holds data that does not match its type f32[2]."
    )
