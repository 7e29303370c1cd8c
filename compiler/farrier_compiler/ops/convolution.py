"""Convolution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from farrier_compiler.ops.checks import check_domain, check_same_dtype, check_sum_dtype
from farrier_compiler.ops.contraction import Contraction
from farrier_compiler.ops.linear_algebra import matrix_product
from farrier_compiler.ops.shape import pad_array
from farrier_compiler.sizes.requirements import at_most, equal
from farrier_compiler.types.geometry import ConvolutionForm, dilated
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime.dtypes import dtype
from farrier_runtime.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.elements import Array

# The reference copies windows of the input into matrices, and splits larger ones.
_MATRIX_BYTES = 1 << 23


@dataclass(frozen=True)
class Convolution(ConvolutionForm, Contraction):
    """Sums of products of a kernel with windows of the input, in each group of channels.

    channels_first: input (N, C, *S), kernel (O, C / groups, *K), result (N, O, *S').
    channels_last: input (N, *S, C), kernel (*K, C / groups, O), result (N, *S', O).
    Padding is a pair for each spatial dimension; negative amounts crop. `input_dilation` is the
    distance between the input's elements. `dtype` is the data type of the result, if it is wider
    than the operands'. StableHLO spec: convolution.
    """

    dtype: dtype | None = None

    # ------------------------------------------------------------------ shapes

    def infer(self, input: TensorType, kernel: TensorType) -> TensorType:
        check_same_dtype(self.name, (input, kernel))
        check_domain(self.name, input, "number")
        check_sum_dtype(self.name, input.dtype, self.dtype)
        self._check_attributes(input, kernel)
        batch, channels, *sizes = self.channels_first(input.shape)
        out_channels, group_channels, *window = self.kernel_first(kernel.shape)
        if not equal(channels, group_channels * self.groups):
            raise ShapeError(
                f"convolution got {channels} input channels in {input.describe()}, but the weight "
                f"{kernel.describe()} takes {group_channels} in each of {self.groups} groups, "
                f"{group_channels * self.groups} together."
            )
        if not equal(out_channels % self.groups, 0):
            raise ShapeError(
                f"convolution got a weight with {out_channels} output channels, "
                f"{kernel.describe()}: they cannot be divided into {self.groups} groups."
            )
        shape = self._result_shape(batch, out_channels, self._sizes(sizes, window))
        return TensorType(shape, self.dtype or input.dtype)

    def _check_attributes(self, input: TensorType, kernel: TensorType) -> None:
        rank = input.rank - 2
        if rank < 0 or kernel.rank != input.rank:
            raise ShapeError(
                f"convolution takes an input and a weight of equal rank, at least 2, but got "
                f"{input.describe()} and {kernel.describe()}."
            )
        for name in ("stride", "padding", "dilation", "input_dilation"):
            given = getattr(self, name)
            if len(given) != rank:
                raise ArgumentError(
                    f"convolution got {name}={given} for {input.describe()}, which has {rank} "
                    "spatial dimensions: it needs one entry for each."
                )
            if name != "padding" and not all(at_most(1, n) for n in given):
                raise ArgumentError(f"convolution got {name}={given}: all must be at least 1.")
        if self.groups < 1:
            raise ArgumentError(f"convolution got groups={self.groups}: it must be at least 1.")

    def _sizes(self, sizes: list[int], window: list[int]) -> list[int]:
        result: list[int] = []
        for dim, (size, (low, high)) in enumerate(zip(sizes, self.padding, strict=True)):
            padded = dilated(size, self.input_dilation[dim]) + low + high
            needed = dilated(window[dim], self.dilation[dim])
            if not (at_most(1, needed) and at_most(needed, padded)):
                raise ShapeError(
                    f"convolution got a kernel that extends over {needed} elements in spatial "
                    f"dimension {dim}, but the padded input has {padded} there."
                )
            result.append((padded - needed) // self.stride[dim] + 1)
        return result

    def _result_shape(self, batch: int, channels: int, sizes: list[int]) -> Shape:
        if self.layout == "channels_last":
            return (batch, *sizes, channels)
        return (batch, channels, *sizes)

    def operand_dims(self, dim: int, ranks: tuple[int, int]) -> tuple[int | None, int | None]:
        if dim == 0:
            return 0, None
        last = self.layout == "channels_last"
        features = ranks[1] - 1 if last else 1
        return None, (features if last else 0) if dim == features else None

    def summed_sizes(self, left: Shape, right: Shape) -> list[int]:
        return list(self.kernel_first(right)[1:])

    def multiply_adds(self, left: Shape, right: Shape, out: Shape) -> int:
        """Return the count without the zeros that a transposed convolution inserts."""
        if max(self.input_dilation, default=1) == 1:
            return super().multiply_adds(left, right, out)
        batch, _, *sizes = self.channels_first(left)
        return batch * math.prod((*sizes, *self.kernel_first(right)))

    # ------------------------------------------------------------------ meaning

    def reference(self, input: Array, kernel: Array) -> Array:
        if self.layout == "channels_last":
            input = np.moveaxis(input, -1, 1)
            kernel = np.moveaxis(kernel, (-1, -2), (0, 1))
        low, high = [0, 0], [0, 0]
        for before, after in self.padding:
            low.append(before)
            high.append(after)
        gaps = [0, 0, *(distance - 1 for distance in self.input_dilation)]
        padded = pad_array(input, 0, low, high, gaps)
        result = self._convolve(padded, kernel)
        return np.moveaxis(result, 1, -1) if self.layout == "channels_last" else result

    def _convolve(self, input: Array, kernel: Array) -> Array:
        spatial = len(self.stride)
        batch, channels, group = input.shape[0], kernel.shape[0] // self.groups, kernel.shape[1]
        views = windows(input, kernel.shape[2:], self.stride, self.dilation)
        sizes = views.shape[2 : 2 + spatial]
        views = views.reshape(batch, self.groups, group, *views.shape[2:])
        # (N, G, C / G, *K, *S'), copied into a matrix for each sample and group.
        views = np.moveaxis(views, range(3 + spatial, 3 + 2 * spatial), range(3, 3 + spatial))
        matrix = kernel.reshape(self.groups, channels, group * math.prod(kernel.shape[2:]))
        dtype = np.int64 if input.dtype.kind in "iu" else np.result_type(input, kernel)
        result = np.empty((batch, self.groups, channels, *sizes), dtype)
        _multiply(matrix, views, result, spatial)
        return result.reshape(batch, self.groups * channels, *sizes)

    # ------------------------------------------------------------------ emission

    def lower(self, hlo: Builder, out: TensorType, input: HloValue, kernel: HloValue) -> HloValue:
        return hlo.convolution(out, input, kernel, self)

    def operand_names(self, count: int) -> list[str]:
        return ["input", "weight"]


def _multiply(matrix: Array, views: Array, result: Array, spatial: int) -> None:
    """Write `matrix @ views` for every sample and group into `result`, in parts that fit memory."""
    dims = [0, *range(result.ndim - spatial, result.ndim)]
    longest = max(dims, key=lambda dim: result.shape[dim])
    half = result.shape[longest] // 2
    if views.size * views.itemsize > _MATRIX_BYTES and half:
        across = longest if longest == 0 else longest - result.ndim
        for part in (slice(None, half), slice(half, None)):
            _multiply(matrix, views[_along(across, part)], result[_along(across, part)], spatial)
        return
    columns = math.prod(result.shape[result.ndim - spatial :])
    stacked = views.reshape(*views.shape[:2], matrix.shape[-1], columns)
    result[...] = matrix_product(matrix, stacked).reshape(result.shape)


def _along(dim: int, part: slice) -> tuple[Any, ...]:
    """Return the index that selects `part` of a dim, which is 0 or counted from the end."""
    return (part,) if dim == 0 else (..., part, *[slice(None)] * (-dim - 1))


def windows(
    x: Array, window: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Array:
    """Return a view of the windows over the last dims of `x`: (..., *positions, *window)."""
    outer = x.ndim - len(window)
    sizes, strides = x.shape[outer:], x.strides[outer:]
    positions = (
        (size - dilated(taps, gap)) // step + 1
        for size, taps, step, gap in zip(sizes, window, stride, dilation, strict=True)
    )
    moves = (
        *(size * step for size, step in zip(strides, stride, strict=True)),
        *(size * gap for size, gap in zip(strides, dilation, strict=True)),
    )
    shape = (*x.shape[:outer], *positions, *window)
    return np.lib.stride_tricks.as_strided(x, shape, (*x.strides[:outer], *moves), writeable=False)
