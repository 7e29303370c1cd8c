"""The primitives of the graph, a file for each family."""

from farrier_compiler.ops import elementwise as elementwise
from farrier_compiler.ops.base import REGISTRY, Op, evaluate

__all__ = ["REGISTRY", "Op", "evaluate"]
