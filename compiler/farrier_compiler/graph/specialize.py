"""Specialization of graphs to static sizes."""

from __future__ import annotations

from collections.abc import Mapping

from farrier_compiler.graph.graph import Graph
from farrier_compiler.graph.node import Node, Value, with_sizes
from farrier_compiler.sizes import substitute


def specialize(graph: Graph, sizes: Mapping[str, int]) -> Graph:
    """Return the graph for given sizes of some of its dimensions.

    Args:
        graph: a graph with symbolic sizes.
        sizes: the sizes by the names of dimensions; other dimensions stay symbolic.

    Returns:
        A graph with the same inputs, outputs and names.

    Raises:
        ShapeError: an op does not accept these sizes.

    Example:
        >>> from farrier_compiler.graph.parser import parse_graph
        >>> text = "graph @f[n in (1, 4, 8)](%x: f32[n]) -> f32[2*n] {"
        >>> text += "%0: f32[2*n] = concatenate(%x, %x) {dim = 0} return %0 }"
        >>> str(specialize(parse_graph(text), {"n": 3}).outputs[0].type)
        'f32[6]'
    """
    values: dict[Value, Value] = {}
    for value in graph.inputs:
        shape = (substitute(size, sizes) for size in value.type.shape)
        type = value.type.with_shape(shape)
        dimension = value.dimension
        if dimension and dimension.name in sizes:
            dimension = None
        values[value] = Value(type, None, value.data, value.name, value.location, dimension)
    for node in graph.nodes:
        operands = [values.get(value, value) for value in node.operands]
        static = Node(with_sizes(node.op, sizes), operands, node.location)
        values.update(zip(node.results, static.results, strict=True))
    inputs = tuple(values[value] for value in graph.inputs)
    signature = Graph(graph.name, inputs, (), output_names=graph.output_names)
    names = {value: name for name, value in graph.constants.items()}
    return signature.with_outputs([values.get(value, value) for value in graph.outputs], names)
