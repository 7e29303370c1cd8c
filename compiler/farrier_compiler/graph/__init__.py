"""The op graph: values, nodes, ops and graphs, their text and their invariants."""

from farrier_compiler.graph.graph import Graph, print_graph, topological
from farrier_compiler.graph.node import REGISTRY, Node, Op, Value, constant
from farrier_compiler.graph.verifier import VerificationError, verify
from farrier_compiler.types.elements import Array
from farrier_compiler.types.tensor_type import Shape, TensorType

__all__ = [
    "REGISTRY",
    "Array",
    "Graph",
    "Node",
    "Op",
    "Shape",
    "TensorType",
    "Value",
    "VerificationError",
    "constant",
    "print_graph",
    "topological",
    "verify",
]
