"""Packing of quantised weights of float matmuls into the order in which CPUs read them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from farrier_compiler.graph import Graph, Node, Value
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.quantization import Dequantize
from farrier_compiler.ops.shape import Reshape, Slice
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import (
    Rewriter,
    as_columns,
    constant_data,
    contiguous,
    made_by,
    matrix_product,
)
from farrier_compiler.types.elements import Array
from farrier_runtime.dtypes import dtype, float32, int4, int8

_STORAGE: tuple[dtype, ...] = (int8, int4)


@dataclass(frozen=True)
class PackWeights(Pass):
    """Turn a matmul (m, k) x (k, n) with a quantised weight into (m, k) x (n / tile, k, tile).

    The weight is then read once, in the order of the loops. IREE's data tiling would widen it to
    floats in memory first; 32 rows of 1024 x 1024 take 0.4 of its time, and one row of 4096 x 4096
    takes half. With a scale for each block, the weight is (n / tile, blocks, k / blocks, tile).

    Attributes:
        tile: how many columns are computed at once.
        row_tile: the same, where the input is one row.
    """

    tile: int = 16
    row_tile: int = 32
    name: ClassVar[str] = "pack_weights"

    def __call__(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)
        uses = Counter(value for node in graph.nodes for value in node.operands)

        def rule(node: Node) -> tuple[Value] | None:
            weight = _weight(node)
            if weight is None or uses[weight.operands[0]] > 1:
                return None
            return (_Product(rewriter, node, weight, self._tile(node)).packed(),)

        return rewriter.run(rule)

    def _tile(self, node: Node) -> int:
        is_row = math.prod(node.operands[0].type.shape[:-1]) == 1
        return self.row_tile if is_row else self.tile


def _weight(node: Node) -> Node | None:
    """Return the node that dequantises a matmul's weight, if that is a constant of int8 or int4."""
    if matrix_product(node) is None or node.result.type.dtype is not float32:
        return None
    match made_by(node.operands[1], Dequantize):
        case Dequantize(dim=None), weight:
            quantized, scale, *zero_points = weight.operands
        case _:
            return None
    if zero_points or constant_data(quantized) is None or quantized.type.dtype not in _STORAGE:
        return None
    usable = not scale.type.rank or constant_data(scale) is not None
    return weight if usable and quantized.type.size else None


@dataclass
class _Product:
    """A matmul whose weight is packed."""

    rewriter: Rewriter
    node: Node
    weight: Node
    tile: int

    def packed(self) -> Value:
        """Return the product in its original shape."""
        emit, (quantized, scale) = self.rewriter.emit, self.weight.operands
        columns = self._columns(quantized)
        tiles, rows = _tiles(columns, self.tile, 0), math.prod(self.node.result.type.shape[:-1])
        width = tiles.shape[0] * self.tile
        if scale.type.rank:
            tiles, scale = self._in_blocks(tiles, len(columns), scale)
        weight = self.rewriter.constant(tiles, quantized.type.dtype, quantized)
        matrix = emit(Reshape((rows, *tiles.shape[1:-1])), self.node.operands[0])
        terms = tuple(range(1, tiles.ndim - 1))
        floats = emit(Dequantize(float32), weight, scale)
        result = emit(DotGeneral((), (), terms, terms), matrix, floats)
        result = emit(Reshape((rows, width)), result)
        if width > len(columns):
            result = emit(Slice((0, 0), (rows, len(columns)), (1, 1)), result)
        return emit(Reshape(self.node.result.type.shape), result)

    def _in_blocks(self, tiles: Array, columns: int, scale: Value) -> tuple[Array, Value]:
        """Return tiles as (n / tile, blocks, terms, tile), and a scale for each of their blocks."""
        counts = self._columns(scale)
        factors = _tiles(np.repeat(counts, columns // len(counts), axis=0), self.tile, 1)
        blocks = tiles.reshape(*factors.shape[:2], -1, self.tile)
        return blocks, self.rewriter.constant(factors[:, :, None], float32, scale)

    def _columns(self, value: Value) -> Array:
        """Return a weight or its scales as (n, k)."""
        op, data = matrix_product(self.node), constant_data(value)
        assert op is not None
        assert data is not None
        return as_columns(op, data)


def _tiles(columns: Array, tile: int, padding: int) -> Array:
    """Return (n, k) as (n / tile, k, tile), with `padding` after the last columns."""
    rest = ((0, -len(columns) % tile), (0, 0))
    padded = np.pad(columns, rest, constant_values=np.asarray(padding, columns.dtype))
    tiles = padded.reshape(-1, tile, padded.shape[1])
    return contiguous(np.moveaxis(tiles, 1, 2))
