"""Builder for CPUs with AVX-512 VNNI or AVX-VNNI, for which IREE 3.13 lacks int8 matmul kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farrier_compiler.for_iree.builder import IreeBuilder
from farrier_compiler.kernels import int8_vnni
from farrier_compiler.kernels.int8_vnni import COLUMNS, TERMS, Int8Kernel
from farrier_compiler.kernels.kernel import Kernel
from farrier_compiler.sizes import SymbolicSize
from farrier_compiler.stablehlo.builder import DimPairs
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_compiler.stablehlo.windows import padded
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime import dtypes

if TYPE_CHECKING:
    from farrier_compiler.mlir.module import MlirModule
    from farrier_compiler.types.geometry import ConvolutionForm


class VnniBuilder(IreeBuilder):
    """Emits int8 matmuls and convolutions as calls of a kernel, where that pays.

    Args:
        program: the MLIR module to emit into.
        lanes: how many columns one instruction computes.
    """

    def __init__(self, program: MlirModule, lanes: int = 16) -> None:
        super().__init__(program)
        self._lanes = lanes

    def dot_general(
        self, out: TensorType, lhs: HloValue, rhs: HloValue, batch: DimPairs, contracting: DimPairs
    ) -> HloValue:
        """Call the kernel for weights that `pack_int8` has packed."""
        if not _is_packed(lhs, rhs, batch, contracting):
            return super().dot_general(out, lhs, rhs, batch, contracting)
        rows, tiles, _ = out.shape
        kernel = Int8Kernel.of_matrices(_fixed(rows), rhs.type.shape[1], tiles, self._lanes)
        return self._called(kernel, out, lhs, rhs)

    def convolution(
        self, out: TensorType, input: HloValue, kernel: HloValue, attributes: ConvolutionForm
    ) -> HloValue:
        """Call the kernel, which needs no copies of windows; IREE packs the weight at load."""
        if not int8_vnni.convolves(attributes, input.type, kernel.type, out):
            return super().convolution(out, input, kernel, attributes)
        x, attributes = padded(self, input, attributes), attributes.unpadded()
        weight, channels = self._tiles(kernel), out.shape[-1]
        shape = (*out.shape[:-1], weight.type.shape[0], COLUMNS)
        images = _fixed(out.shape[0])
        shapes = x.type.shape, kernel.type.shape, shape
        code = Int8Kernel.of_convolution(attributes, images, *shapes, self._lanes)
        sums = self._called(code, out.with_shape(shape), x, weight)
        width = shape[-2] * COLUMNS
        sums = self.reshape(out.with_shape((*out.shape[:-1], width)), sums)
        if width == channels:
            return sums
        return self.slice(out, sums, [0] * out.rank, out.shape, [1] * out.rank)

    def _tiles(self, weight: HloValue) -> HloValue:
        """Emit a weight (*window, C, O) as (tiles, terms / 4, 16, 4), padded along O with zeros."""
        channels = weight.type.shape[-1]
        terms, rest = weight.type.size // channels, -channels % (2 * COLUMNS)
        type = weight.type.with_shape((terms, channels))
        columns = self.reshape(type, weight)
        if rest:
            zero = self.full(type.with_shape(()), 0)
            type = type.with_shape((terms, channels + rest))
            columns = self.pad(type, columns, zero, [0, 0], [0, rest], [0, 0])
        split = type.with_shape((terms // TERMS, TERMS, type.shape[1] // COLUMNS, COLUMNS))
        order = (2, 0, 3, 1)
        packed = split.with_shape(tuple(split.shape[dim] for dim in order))
        return self.transpose(packed, self.reshape(split, columns), order)

    def _called(self, kernel: Kernel, out: TensorType, x: HloValue, weight: HloValue) -> HloValue:
        """Emit a call, with the dynamic size if there is one.

        The instruction needs `x + 128`, unsigned, which flips the sign bit of x. So the sums start
        at -128 times the sums of the weight, which IREE computes at load.
        """
        unsigned = self.elementwise("bitwise_xor", x.type, x, self.full(x.type, -128))
        wide = weight.type.with_dtype(dtypes.int32)
        sums = self.reduce("sum", self.convert(wide, weight), (1, 3))
        initial = self.elementwise("multiply", sums.type, sums, self.full(sums.type, -128))
        sizes = self.dynamic_sizes(out.shape)
        operands = [unsigned.handle, weight.handle, initial.handle, *sizes]
        return self.dispatch(out, kernel, operands, sizes)


def _fixed(size: int) -> int | None:
    return None if isinstance(size, SymbolicSize) else size


def _is_packed(lhs: HloValue, rhs: HloValue, batch: DimPairs, contracting: DimPairs) -> bool:
    is_int8 = lhs.type.dtype is dtypes.int8 and rhs.type.dtype is dtypes.int8
    is_tiled = rhs.type.rank == 4 and rhs.type.shape[2:] == (COLUMNS, TERMS)
    fits = (lhs.type.rank, batch, contracting) == (3, ((), ()), ((1, 2), (1, 3)))
    return is_int8 and is_tiled and fits and rhs.type.shape[0] % 2 == 0
