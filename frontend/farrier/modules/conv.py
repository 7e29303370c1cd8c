"""Convolution layers over any number of spatial dimensions."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

from farrier.modules import checks
from farrier.modules.initialization import reset_uniform
from farrier.modules.parameter import Parameter
from farrier.modules.quantizable import Quantizable
from farrier.ops.arguments import flag
from farrier.ops.convolution import conv_transpose, convolution
from farrier.ops.shape import reshape
from farrier.tensor import Tensor
from farrier_compiler.diagnostics import explain
from farrier_runtime.dtypes import DtypeLike, float32
from farrier_runtime.errors import ArgumentError
from farrier_runtime.wording import shown

Arguments = ParamSpec("Arguments")

# The parameters after kernel_dims in nvtripy's and torch's layers, in order.
_THEIR_ORDER = ("stride", "padding", "dilation", "groups", "bias", "dtype")


def _by_keywords(init: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Refuse positional arguments after kernel_dims, and show how to name them."""

    @functools.wraps(init)
    def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        call: Any = init
        layer, positional, excess = args[0], args[1:4], args[4:]
        if excess:
            raise explain(ArgumentError(_with_names(type(layer).__name__, positional, excess)))
        call(*args, **kwargs)

    return checked


def _with_names(layer: str, positional: Sequence[Any], excess: Sequence[Any]) -> str:
    named = [f"{name}={shown(value)}" for name, value in zip(_THEIR_ORDER, excess, strict=False)]
    call = f"{layer}({', '.join([*map(repr, positional), *named])})"
    return (
        f"{layer} takes what follows kernel_dims by keyword. In nvtripy's order, which is torch's, "
        f"this is {call:.200}."
    )


class _Convolution(Quantizable):
    """Base of `Conv` and `ConvTranspose`, whose weights differ in the order of channels."""

    @_by_keywords
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_dims: Sequence[int],
        *,
        padding: checks.Padding | None = None,
        stride: int | Sequence[int] | None = None,
        groups: int | None = None,
        dilation: int | Sequence[int] | None = None,
        bias: bool = True,
        dtype: DtypeLike = float32,
        quant_dtype: DtypeLike | None = None,
        weight_quant_dim: int | None = None,
    ) -> None:
        layer = type(self).__name__
        kernel = checks.integers(layer, "kernel_dims", kernel_dims)
        self.groups = 1 if groups is None else groups
        checks.channels(layer, in_channels, out_channels, self.groups)
        windows = checks.windows(layer, kernel, padding, stride, dilation)
        self.padding, self.stride, self.dilation = windows
        self.bias: Tensor | None = (
            Parameter((out_channels,), dtype) if flag(f"{layer}'s bias", bias) else None
        )
        channels = self._weight_channels(in_channels, out_channels)
        self.weight: Tensor = Parameter((*channels, *kernel), dtype)
        self.dtype = self.weight.dtype
        self._add_scales(quant_dtype, weight_quant_dim)

    def _weight_channels(self, in_channels: int, out_channels: int) -> tuple[int, int]:
        """Return the first two sizes of the weight."""
        raise NotImplementedError(type(self).__name__)

    def _with_bias(self, result: Tensor) -> Tensor:
        if self.bias is None:
            return result
        return result + reshape(self.bias, (-1, *(1 for _ in self.stride)))


class Conv(_Convolution):
    """Convolve an input with a kernel, over any number of spatial dimensions.

    `output[n, o] = bias[o] + sum over c of weight[o, c] * input[n, c]`, where `*` is
    cross-correlation over the spatial dimensions.

    Args:
        in_channels: the size of the input's dimension 1.
        out_channels: the size of the output's dimension 1.
        kernel_dims: the kernel's size in each spatial dimension.
        padding: zeros before and after each spatial dimension: one number, pairs, or "same" for
            the input's size; none by default.
        stride: the distance between neighbouring windows in each spatial dimension; 1 by default.
        groups: the number of groups of channels, each convolved separately; 1 by default.
        dilation: the distance between neighbouring kernel elements in the input; 1 by default.
        bias: whether to add a bias to each output channel.
        dtype: the data type of the parameters and of the input.
        quant_dtype: the data type that the weight, and possibly the input, is quantised to; as for
            `Linear`, with `weight_scale` and an optional `input_scale`.
        weight_quant_dim: the dimension of the weight with a scale for each position.

    Shape:
        input: (N, in_channels, *D).
        output: (N, out_channels, *D'), with
            `D' = (D + low + high - dilation * (kernel - 1) - 1) // stride + 1`.
        weight: (out_channels, in_channels / groups, *kernel_dims).
        bias: (out_channels,).

    Raises:
        ArgumentError: `groups` does not divide the channels, or an argument does not have one
            entry for each spatial dimension.

    Example:
        >>> conv = fr.Conv(3, 8, (3, 3), padding=((1, 1), (1, 1)), stride=(2, 2))
        >>> conv(fr.ones((1, 3, 32, 32))).shape
        (1, 8, 16, 16)
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolution, (N, out_channels, *D'), of input, (N, in_channels, *D)."""
        input, weight = self.operands(input)
        return self._with_bias(
            convolution(input, weight, self.stride, self.padding, self.dilation, self.groups)
        )

    def reset_parameters(self, seed: int = 0) -> None:
        """Draw weight and bias uniformly from +-1 / sqrt(in_channels / groups * kernel's size)."""
        reset_uniform(self, math.prod(self.weight.shape[1:]), seed)
        self.reset_scale()

    def _weight_channels(self, in_channels: int, out_channels: int) -> tuple[int, int]:
        return out_channels, in_channels // self.groups


class ConvTranspose(_Convolution):
    """Apply a transposed convolution: spread each element over a window and sum the overlaps.

    `output[n, o, s * stride + k * dilation] += input[n, c, s] * weight[c, o, k]`, over all c, s
    and k, from `bias[o]`. It turns the output size of a `Conv` back into its input size.

    Args:
        in_channels: the size of the input's dimension 1.
        out_channels: the size of the output's dimension 1.
        kernel_dims: the kernel's size in each spatial dimension.
        padding: how many elements to crop before and after each spatial dimension, one number or
            pairs; none by default. torch's `padding=p, output_padding=q` is (p, p - q) here.
        stride: the distance between neighbouring windows in each spatial dimension; 1 by default.
        groups: the number of groups of channels, each convolved separately; 1 by default.
        dilation: the distance between neighbouring kernel elements in the output; 1 by default.
        bias: whether to add a bias to each output channel.
        dtype: the data type of the parameters and of the input.
        quant_dtype: the data type that the weight, and possibly the input, is quantised to; as for
            `Linear`, with `weight_scale` and an optional `input_scale`.
        weight_quant_dim: the dimension of the weight with a scale for each position.

    Shape:
        input: (N, in_channels, *D).
        output: (N, out_channels, *D'), with
            `D' = (D - 1) * stride + dilation * (kernel - 1) + 1 - low - high`.
        weight: (in_channels, out_channels / groups, *kernel_dims).
        bias: (out_channels,).

    Raises:
        ArgumentError: `groups` does not divide the channels, or an argument does not have one
            entry for each spatial dimension.

    Example:
        >>> conv = fr.ConvTranspose(8, 3, (2, 2), stride=(2, 2))
        >>> conv(fr.ones((1, 8, 16, 16))).shape
        (1, 3, 32, 32)
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the transposed convolution of input as (N, out_channels, *D')."""
        input, weight = self.operands(input)
        return self._with_bias(
            conv_transpose(input, weight, self.stride, self.padding, self.dilation, self.groups)
        )

    def reset_parameters(self, seed: int = 0) -> None:
        """Draw weight and bias uniformly from +-1 / sqrt(out_channels / groups * kernel's size)."""
        reset_uniform(self, math.prod(self.weight.shape[1:]), seed)
        self.reset_scale()

    def _weight_channels(self, in_channels: int, out_channels: int) -> tuple[int, int]:
        return in_channels, out_channels // self.groups
