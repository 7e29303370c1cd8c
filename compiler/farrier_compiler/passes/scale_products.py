"""Where a weight alone is quantised, its scales are multiplied with the products, not with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from farrier_compiler.graph import Graph, Node, Value
from farrier_compiler.ops.contraction import Contraction
from farrier_compiler.ops.elementwise import Multiply
from farrier_compiler.ops.integer_matmul import result_dim
from farrier_compiler.ops.quantization import Dequantize
from farrier_compiler.ops.shape import Reshape
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter, is_filled, made_by
from farrier_runtime.dtypes import float16


@dataclass(frozen=True)
class ScaleProducts(Pass):
    """Turn `dot(x, dequantize(w, s))` into `dot(x, dequantize(w, 1)) * s`; so for convolutions.

    The scales must be one, or one for each column of the result (IREE's CPU code then takes 0.6 of
    the time: one row, 1024 x 1024). Weights with zero points stay, and float16, whose sums might
    overflow.
    """

    name: ClassVar[str] = "scale_products"

    def __call__(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)
        return rewriter.run(lambda node: _rewritten(rewriter, node))


def _rewritten(rewriter: Rewriter, node: Node) -> tuple[Value] | None:
    if not isinstance(node.op, Contraction):
        return None
    weight = node.operands[1]
    found = made_by(weight, Dequantize)
    if found is None or node.result.type.dtype is not weight.type.dtype:
        return None
    op, inner = found
    quantized, scale, *zero_points = inner.operands
    if zero_points or op.dtype is float16 or is_filled(scale, 1.0):
        return None
    place = None if op.dim is None else result_dim(node, 1, op.dim)
    if scale.type.rank and place is None:
        return None
    return (_scaled(rewriter, node, (quantized, scale), place),)


def _scaled(
    rewriter: Rewriter, node: Node, quantized: tuple[Value, Value], place: int | None
) -> Value:
    numbers, scale = quantized
    kind = scale.type.dtype
    one = rewriter.constant(np.ones((), kind.numpy), kind)
    weight = rewriter.emit(Dequantize(kind), numbers, one)
    product = rewriter.emit(node.op, node.operands[0], weight)
    if place is not None:
        behind = product.type.rank - place - 1
        scale = rewriter.emit(Reshape((scale.type.shape[0], *[1] * behind)), scale)
    return rewriter.emit(Multiply(), product, scale)
