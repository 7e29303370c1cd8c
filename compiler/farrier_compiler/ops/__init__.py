"""The primitives of the graph, a file for each family."""

from farrier_compiler.graph.node import REGISTRY, Op
from farrier_compiler.ops import (
    comparison as comparison,
    convolution as convolution,
    creation as creation,
    elementwise as elementwise,
    error_function as error_function,
    exponential as exponential,
    hyperbolic as hyperbolic,
    indexing as indexing,
    integer_matmul as integer_matmul,
    linear_algebra as linear_algebra,
    normalization as normalization,
    pooling as pooling,
    powers as powers,
    quantization as quantization,
    reduction as reduction,
    rounding as rounding,
    shape as shape,
    size_requirements as size_requirements,
    sorting as sorting,
    trigonometry as trigonometry,
)

__all__ = ["REGISTRY", "Op"]
