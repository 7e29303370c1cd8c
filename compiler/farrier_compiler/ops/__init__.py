"""The primitives of the graph, a file for each family."""

from farrier_compiler.ops import convolution as convolution
from farrier_compiler.ops import creation as creation
from farrier_compiler.ops import elementwise as elementwise
from farrier_compiler.ops import float_function as float_function
from farrier_compiler.ops import indexing as indexing
from farrier_compiler.ops import linear_algebra as linear_algebra
from farrier_compiler.ops import normalization as normalization
from farrier_compiler.ops import pooling as pooling
from farrier_compiler.ops import reduction as reduction
from farrier_compiler.ops import shape as shape
from farrier_compiler.ops import sorting as sorting
from farrier_compiler.ops.base import REGISTRY, Op, evaluate

__all__ = ["REGISTRY", "Op", "evaluate"]
