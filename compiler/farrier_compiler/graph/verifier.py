"""The rules that every graph keeps."""

from __future__ import annotations

import numpy as np

from farrier_compiler.graph.graph import Graph
from farrier_compiler.graph.node import Node, symbolic_sizes
from farrier_compiler.sizes import dimension_of, dimensions_of
from farrier_runtime.dtypes import int32
from farrier_runtime.errors import FarrierError


class VerificationError(FarrierError):
    """A graph breaks a rule that every graph keeps: a bug in a pass or in an op."""


def verify(graph: Graph) -> Graph:
    """Check every rule of a graph and return it.

    Operands are made before they are used; each node's result types are what its op infers;
    constants match their types; names are unique; every constant that is used is listed.

    Raises:
        VerificationError: naming the node and the rule.
    """
    known = set(graph.inputs) | set(graph.constants.values())
    for index, node in enumerate(graph.nodes):
        for value in node.operands:
            _check(
                value in known or value.is_scalar_constant,
                f"node {index} ({node.op.name}) reads {value!r}, which nothing before it makes",
            )
        _verify_types(index, node)
        known.update(node.results)
    _verify_dimensions(graph)
    for value in graph.outputs:
        _check(value in known or value.is_scalar_constant, f"output {value!r} is never made")
    _verify_names(graph)
    return graph


def _verify_types(index: int, node: Node) -> None:
    inferred = node.op.result_types(node.operands)
    types = inferred if isinstance(inferred, tuple) else (inferred,)
    found = tuple(value.type for value in node.results)
    _check(
        len(types) == len(found)
        and all(one.agrees(other) for one, other in zip(types, found, strict=True)),
        f"node {index} ({node.op.name}) has results {[str(t) for t in found]}, "
        f"but its op infers {[str(t) for t in types]}",
    )


def _verify_dimensions(graph: Graph) -> None:
    """Every dimension is the size of an input's dimension, or an input; a name has one meaning."""
    for value in graph.inputs:
        _check(
            value.dimension is None or (value.type.shape == () and value.type.dtype is int32),
            f"input '{value.name}' is the size '{value.dimension}', but its type is {value.type}",
        )
    sizes = [size for value in graph.inputs for size in value.type.shape]
    brought = {dimension_of(size) for size in sizes} | {v.dimension for v in graph.inputs}
    used = [d for size in sizes for d in dimensions_of(size)]
    for node in graph.nodes:
        held = [size for value in node.results for size in value.type.shape]
        used += [d for size in [*held, *symbolic_sizes(node.op)] for d in dimensions_of(size)]
    for dimension in used:
        _check(
            dimension in brought, f"no input has the size '{dimension}' ({dimension.range}) alone"
        )
    names = [d.name for d in graph.dimensions()]
    _check(len(set(names)) == len(names), f"dimensions of other bounds share a name: {names}")


def _verify_names(graph: Graph) -> None:
    inputs = [value.name for value in graph.inputs]
    _check(None not in inputs, "an input has no name")
    _check(len(set(inputs)) == len(inputs), f"inputs share a name: {inputs}")
    _check(
        len(graph.output_names) == len(graph.outputs),
        f"{len(graph.outputs)} outputs have {len(graph.output_names)} names",
    )
    for name, value in graph.constants.items():
        expected = np.empty(0, value.type.dtype.numpy).dtype
        _check(
            value.data is None
            or (value.data.shape == value.type.shape and value.data.dtype == expected),
            f"constant '{name}' holds other data than its type {value.type} says",
        )


def _check(holds: bool, complaint: str) -> None:
    if not holds:
        raise VerificationError(f"Invalid graph: {complaint}.")
