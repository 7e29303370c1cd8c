"""Constraints of a graph on the sizes that calls decide."""

from __future__ import annotations

from farrier_compiler.graph.graph import Graph
from farrier_compiler.graph.node import symbolic_sizes
from farrier_compiler.sizes import is_static
from farrier_compiler.sizes.requirements import (
    Origin,
    Requirement,
    defined,
    imposed_by,
    requirements,
)


def requirements_of(graph: Graph) -> dict[Requirement, Origin]:
    """Return the constraints to assert at call time, each with the op that imposes it first."""
    origins: dict[Requirement, Origin] = {}
    for node in graph.nodes:
        sizes = [size for value in node.results for size in value.type.shape]
        sizes += symbolic_sizes(node.op)
        if is_static(sizes) and all(value.type.is_static for value in node.operands):
            continue
        with requirements() as recorded, imposed_by(node.op.name):
            node.op.infer(*[value.type.plain for value in node.operands])
            for size in sizes:
                defined(size)
        for requirement, origin in recorded.items():
            if not requirement.is_among(origins):
                origins[requirement] = Origin(origin.name, node.location)
    return origins
