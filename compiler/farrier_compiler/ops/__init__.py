"""The primitives of the graph, a file for each family."""

from farrier_compiler.ops import (
    convolution as convolution,
    creation as creation,
    elementwise as elementwise,
    float_function as float_function,
    indexing as indexing,
    linear_algebra as linear_algebra,
    normalization as normalization,
    pooling as pooling,
    quantization as quantization,
    reduction as reduction,
    shape as shape,
    sorting as sorting,
)
from farrier_compiler.ops.base import REGISTRY, Op, evaluate

__all__ = ["REGISTRY", "Op", "evaluate"]
