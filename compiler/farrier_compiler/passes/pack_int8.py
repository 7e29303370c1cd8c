"""Packing of int8 matmul weights into the order in which VNNI instructions read them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from farrier_compiler.graph import Graph, Node, Value
from farrier_compiler.kernels.int8_vnni import COLUMNS, PRODUCTS, TERMS
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.shape import Pad, Reshape, Slice
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import (
    Rewriter,
    as_columns,
    contiguous,
    folded_data,
    matrix_product,
)
from farrier_compiler.sizes import upper_bound
from farrier_compiler.types.elements import Array
from farrier_runtime.dtypes import int8, int32


@dataclass(frozen=True)
class PackInt8(Pass):
    """Turn an int8 matmul (m, k) x (k, n) into (m, k / 4, 4) x (n / 16, k / 4, 16, 4).

    The instruction `vpdpbusd` of AVX-512 VNNI reads a weight in this order: four terms for each of
    16 columns. The number of tiles of 16 columns is even.

    Attributes:
        products: the fewest multiplications; smaller matmuls are faster fused with the ops around
            them.
    """

    products: int = PRODUCTS
    name: ClassVar[str] = "pack_int8"

    def __call__(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)
        uses = Counter(value for node in graph.nodes for value in node.operands)

        def rule(node: Node) -> tuple[Value] | None:
            weight = _weight(node)
            if weight is None or uses[node.operands[1]] > 1 or not self._is_large(node, weight):
                return None
            return (_packed(rewriter, node, weight),)

        return rewriter.run(rule)

    def _is_large(self, node: Node, weight: Array) -> bool:
        rows = math.prod(map(upper_bound, node.result.type.shape[:-1]))
        return rows * weight.size >= self.products


def _weight(node: Node) -> Array | None:
    """Return the constant weight of an int8 matmul, as (n, k)."""
    op = matrix_product(node)
    if op is None or node.result.type.dtype is not int32 or node.operands[0].type.dtype is not int8:
        return None
    data = folded_data(node.operands[1])
    return None if data is None else as_columns(op, data)


def _packed(rewriter: Rewriter, node: Node, weight: Array) -> Value:
    """Return the matmul with a weight (n, k), in its original shape."""
    emit, (x, whole), (n, k) = rewriter.emit, node.operands, weight.shape
    rows, rest = math.prod(node.result.type.shape[:-1]), -k % TERMS
    matrix = emit(Reshape((rows, k)), x)
    if rest:
        zero = rewriter.constant(np.zeros((), np.int8), int8)
        matrix = emit(Pad((0, 0), (0, rest), (0, 0)), matrix, zero)
    matrix = emit(Reshape((rows, (k + rest) // TERMS, TERMS)), matrix)
    tiles = rewriter.constant(_tiles(weight), int8, whole)
    product = emit(DotGeneral((), (), (1, 2), (1, 3), int32), matrix, tiles)
    width = tiles.type.shape[0] * COLUMNS
    product = emit(Reshape((rows, width)), product)
    if width > n:
        product = emit(Slice((0, 0), (rows, n), (1, 1)), product)
    return emit(Reshape(node.result.type.shape), product)


def _tiles(weight: Array) -> Array:
    """Return (n, k) as (n / 16, k / 4, 16, 4), with zeros after the last columns and terms."""
    n, k = weight.shape
    padded = np.pad(weight, ((0, -n % (2 * COLUMNS)), (0, -k % TERMS)))
    tiles = padded.reshape(-1, COLUMNS, padded.shape[1] // TERMS, TERMS)
    return contiguous(tiles.swapaxes(1, 2))
