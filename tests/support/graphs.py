"""Handwritten graphs, and an interpreter that leaves them unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from farrier_compiler.graph import (
    REGISTRY,
    Array,
    Graph,
    Node,
    Op,
    TensorType,
    Value,
    constant,
    verify,
)
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.graph.node import run_reference
from farrier_compiler.graph.parser import parse_graph
from farrier_runtime import dtypes
from farrier_runtime.dtypes import BY_NUMPY, dtype


def node(op: Op, *operands: Value) -> Value:
    """Return the only result of an op."""
    return Node(op, operands).result


def named(name: str, *operands: Value) -> Value:
    """Return the result of an op that has no attributes."""
    return node(REGISTRY[name](), *operands)


def weight(array: Any, name: str | None = None) -> Value:
    """Return a constant."""
    data = np.asarray(array)
    return constant(data, BY_NUMPY[data.dtype], name)


def argument(shape: Sequence[int], name: str = "x", dtype: dtype = dtypes.float32) -> Value:
    """Return an input."""
    return Value(TensorType(tuple(shape), dtype), name=name)


def graph_of(*outputs: Value, name: str = "main") -> Graph:
    """Return the verified graph of some values; its inputs are the values without elements."""
    reached = Graph(name, (), outputs).with_outputs(outputs, {})
    inputs = [value for value in reached.leaves() if value.data is None]
    return verify(Graph.reaching(name, inputs, outputs))


def run(graph: Graph, arrays: Sequence[Array]) -> list[Array]:
    """Return a graph's outputs, computed by the ops' references; the graph stays unchanged."""
    arrays_of = dict(zip(graph.inputs, arrays, strict=True))

    def elements(value: Value) -> Array:
        if value in arrays_of:
            return arrays_of[value]
        assert value.data is not None
        return value.data

    for one in graph.nodes:
        types = tuple(value.type for value in one.results)
        results = run_reference(one.op, types, [elements(value) for value in one.operands])
        arrays_of.update(zip(one.results, results, strict=True))
    return [elements(value) for value in graph.outputs]


def operations(graph: Graph) -> list[str]:
    """Return the names of a graph's ops, in order."""
    return [one.op.name for one in graph.nodes]


def written(inputs: str, *lines: str) -> Graph:
    """Return a graph of these inputs and lines of graph text, whose output is the last result.

    A line is `add(%x, 1.0: f32) -> f32[2]`; its result is `%0`, `%1`, ... Lines that begin with
    `constant` come first and get no number.
    """
    constants = [line for line in lines if line.startswith("constant")]
    calls = [line.rpartition(" -> ") for line in lines if line not in constants]
    body = [f"%{index}: {type} = {call}" for index, (call, _, type) in enumerate(calls)]
    text = "\n  ".join([*constants, *body, f"return %{len(calls) - 1}"])
    return parse_graph(f"graph @main({inputs}) -> {calls[-1][2]} {{\n  {text}\n}}")


def body(graph: Graph) -> list[str]:
    """Return the lines of a graph's text between its head and its end."""
    return [line.strip() for line in print_graph(graph, locations=False).splitlines()[1:-1]]


def random_arrays(graph: Graph, seed: int = 0) -> list[Array]:
    """Return random elements for a graph's inputs."""
    generator = np.random.default_rng(seed)
    return [
        (generator.standard_normal(value.type.shape) * 2).astype(value.type.dtype.numpy)
        for value in graph.inputs
    ]
