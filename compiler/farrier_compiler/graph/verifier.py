"""Verifier of the invariants of graphs."""

from __future__ import annotations

import numpy as np

from farrier_compiler.graph.graph import Graph
from farrier_compiler.graph.node import Node, symbolic_sizes
from farrier_compiler.sizes import dimension_of, dimensions_of
from farrier_runtime.dtypes import int32
from farrier_runtime.errors import FarrierError


class VerificationError(FarrierError):
    """A graph violates an invariant, because of a bug in a pass or an op."""


def verify(graph: Graph) -> Graph:
    """Check all invariants of a graph and return it.

    Operands are computed before they are used; result types are those that the ops infer;
    constants match their types; names are unique; all constants that are used are listed.

    Raises:
        VerificationError: the graph violates an invariant; the text names the node.
    """
    defined = set(graph.inputs) | set(graph.constants.values())
    for index, node in enumerate(graph.nodes):
        for value in node.operands:
            _check(
                value in defined or value.is_scalar_constant,
                f"node {index} ({node.op.name}) reads {value!r}, which no node before it computes",
            )
        _verify_types(index, node)
        defined.update(node.results)
    _verify_dimensions(graph)
    for value in graph.outputs:
        _check(value in defined or value.is_scalar_constant, f"output {value!r} is never computed")
    _verify_names(graph)
    return graph


def _verify_types(index: int, node: Node) -> None:
    inferred = node.op.result_types(node.operands)
    inferred = inferred if isinstance(inferred, tuple) else (inferred,)
    types = tuple(value.type for value in node.results)
    _check(
        len(inferred) == len(types)
        and all(one.agrees(other) for one, other in zip(inferred, types, strict=True)),
        f"node {index} ({node.op.name}) has results {[str(t) for t in types]}, "
        f"but its op infers {[str(t) for t in inferred]}",
    )


def _verify_dimensions(graph: Graph) -> None:
    """Check that inputs determine every dimension, and that no two dimensions share a name."""
    for value in graph.inputs:
        _check(
            value.dimension is None or (value.type.shape == () and value.type.dtype is int32),
            f"input '{value.name}' is the size '{value.dimension}', but its type is {value.type}",
        )
    sizes = [size for value in graph.inputs for size in value.type.shape]
    determined = {dimension_of(size) for size in sizes} | {v.dimension for v in graph.inputs}
    used = [d for size in sizes for d in dimensions_of(size)]
    for node in graph.nodes:
        sizes = [size for value in node.results for size in value.type.shape]
        used += [d for size in [*sizes, *symbolic_sizes(node.op)] for d in dimensions_of(size)]
    for dimension in used:
        _check(
            dimension in determined,
            f"no input has the size '{dimension}' ({dimension.range}) alone",
        )
    names = [d.name for d in graph.dimensions()]
    _check(len(set(names)) == len(names), f"dimensions with different bounds share a name: {names}")


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
            f"constant '{name}' holds data that does not match its type {value.type}",
        )


def _check(holds: bool, problem: str) -> None:
    if not holds:
        raise VerificationError(f"Invalid graph: {problem}.")
