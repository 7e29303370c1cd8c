"""The primitives of the graph, a file for each family."""

from farrier_compiler.graph.node import REGISTRY, Op
from farrier_compiler.ops import (
    convolution as convolution,
    creation as creation,
    elementwise as elementwise,
    float_function as float_function,
    indexing as indexing,
    integer_matmul as integer_matmul,
    linear_algebra as linear_algebra,
    normalization as normalization,
    pooling as pooling,
    quantization as quantization,
    reduction as reduction,
    shape as shape,
    sorting as sorting,
)

__all__ = ["REGISTRY", "Op"]
