"""1x1 convolutions as matmuls, which IREE's CPU back end tiles and packs far better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from farrier_compiler.graph import Graph, Node, Value
from farrier_compiler.ops.convolution import Convolution
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.shape import Reshape, Slice
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter
from farrier_compiler.sizes import lower_bound


@dataclass(frozen=True)
class PointwiseConvolution(Pass):
    """Turn channels-last 1x1 convolutions into `dot_general` on (N * spatial sizes, C).

    Convolutions with padding, groups or input dilation stay; a stride becomes a slice. So do those
    of sizes that may be 0, which a call must refuse.
    """

    name: ClassVar[str] = "pointwise_convolution"

    def __call__(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)

        def rule(node: Node) -> tuple[Value] | None:
            if not isinstance(node.op, Convolution) or not _is_pointwise(node.op, node):
                return None
            return (_product(rewriter, node.op, node),)

        return rewriter.run(rule)


def _is_pointwise(op: Convolution, node: Node) -> bool:
    window = node.operands[1].type.shape[:-2]
    sizes = node.operands[0].type.shape[1:-1]
    return (
        op.layout == "channels_last"
        and op.groups == 1
        and set(window) <= {1}
        and not any(map(any, op.padding))
        and set(op.input_dilation) <= {1}
        and all(lower_bound(size) > 0 for size in sizes)
    )


def _product(rewriter: Rewriter, op: Convolution, node: Node) -> Value:
    emit = rewriter.emit
    x, kernel = node.operands
    if set(op.stride) != {1}:
        shape = x.type.shape
        x = emit(Slice((0,) * len(shape), shape, (1, *op.stride, 1)), x)
    rows, channels = math.prod(x.type.shape[:-1]), x.type.shape[-1]
    matrix = emit(Reshape((rows, channels)), x)
    weight = emit(Reshape(kernel.type.shape[-2:]), kernel)
    product = emit(DotGeneral((), (), (1,), (0,), op.dtype), matrix, weight)
    return emit(Reshape(node.result.type.shape), product)
