"""Convolutions as matmuls whose rows are the windows of the input."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from farrier_compiler.graph import Graph, Node, Value
from farrier_compiler.kernels.int8_vnni import convolves
from farrier_compiler.ops.convolution import Convolution
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.shape import Concatenate, Pad, Reshape, Slice, Transpose
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter
from farrier_compiler.sizes import is_static, upper_bound
from farrier_runtime.dtypes import int8


@dataclass(frozen=True)
class Im2col(Pass):
    """Turn channels-last convolutions of int8 into `dot_general` on (N * positions, taps * C).

    IREE has fast code for int8 matmuls, but not for int8 convolutions: 128 channels, 28 x 28, a
    3 x 3 kernel take 0.3 of its time, and 0.6 of the time in float32. Grouped convolutions of any
    data type become batched matmuls: with 4 groups, the same takes 0.08 of the time in float32.

    Attributes:
        taps: the most elements of a kernel's window, each of which copies the input.
        products: the fewest multiplications; smaller ones are not worth 5 kB of code each.
        kernels: whether a VNNI kernel computes int8 convolutions, which then stay.
    """

    taps: int = 64
    products: int = 1 << 20
    kernels: bool = False
    name: ClassVar[str] = "im2col"

    def __call__(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)

        def rule(node: Node) -> tuple[Value] | None:
            if not isinstance(node.op, Convolution) or not self._applies(node.op, node):
                return None
            return (_product(rewriter, node.op, node),)

        return rewriter.run(rule)

    def _applies(self, op: Convolution, node: Node) -> bool:
        x, kernel = (value.type for value in node.operands)
        if self.kernels and convolves(op, x, kernel, node.result.type):
            return False
        sizes = (*x.shape[1:], *kernel.shape)
        if op.layout != "channels_last" or not is_static(sizes) or 0 in (x.shape[0], *sizes):
            return False
        faster = x.dtype is int8 if op.groups == 1 else kernel.shape[-2] > 1
        positions = math.prod(map(upper_bound, node.result.type.shape[:-1]))
        large = positions * kernel.size >= self.products
        return faster and large and math.prod(kernel.shape[:-2]) <= self.taps


def _product(rewriter: Rewriter, op: Convolution, node: Node) -> Value:
    emit = rewriter.emit
    x, kernel = node.operands
    x = _padded(rewriter, op, x)
    windows = [emit(tap, x) for tap in _taps(op, node, x.type.shape)]
    columns = emit(Concatenate(x.type.rank - 1), *windows) if len(windows) > 1 else windows[0]
    rows, taps = math.prod(columns.type.shape[:-1]), len(windows)
    *_, terms, channels = kernel.type.shape
    if op.groups == 1:
        matrix = emit(Reshape((rows, taps * terms)), columns)
        weight = emit(Reshape((taps * terms, channels)), kernel)
        product = emit(DotGeneral((), (), (1,), (0,), op.dtype), matrix, weight)
    else:
        matrix = emit(Reshape((rows, taps, op.groups, terms)), columns)
        weight = emit(Reshape((taps, terms, op.groups, channels // op.groups)), kernel)
        stack = emit(DotGeneral((2,), (2,), (1, 3), (0, 1), op.dtype), matrix, weight)
        product = emit(Transpose((1, 0, 2)), stack)
    return emit(Reshape(node.result.type.shape), product)


def _padded(rewriter: Rewriter, op: Convolution, x: Value) -> Value:
    """Return the input after its padding and dilation with zeros."""
    low, high, gaps = op.pads()
    if not any((*low, *high, *gaps)):
        return x
    return rewriter.emit(
        Pad(low, high, gaps), x, rewriter.constant(np.zeros((), x.type.dtype.numpy), x.type.dtype)
    )


def _taps(op: Convolution, node: Node, shape: tuple[int, ...]) -> list[Slice]:
    """Return the slices of a padded input that the elements of the window read."""
    window = node.operands[1].type.shape[:-2]
    positions = node.result.type.shape[1:-1]
    ends = [(n - 1) * step + 1 for n, step in zip(positions, op.stride, strict=True)]
    slices: list[Slice] = []
    for tap in itertools.product(*map(range, window)):
        start = [index * gap for index, gap in zip(tap, op.dilation, strict=True)]
        limit = [first + end for first, end in zip(start, ends, strict=True)]
        slices.append(Slice((0, *start, 0), (shape[0], *limit, shape[-1]), (1, *op.stride, 1)))
    return slices
