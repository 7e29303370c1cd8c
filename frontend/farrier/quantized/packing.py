"""Packed parameters, as in torch: weights and biases that are checked once and passed as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import SupportsIndex

from farrier.ops.arguments import refuse, whole_numbers
from farrier.quantized.operands import checked_bias, weight_quantization
from farrier.tensor import Tensor
from farrier_runtime.errors import ArgumentError, ShapeError
from farrier_runtime.wording import shown

Whole = SupportsIndex | Sequence[SupportsIndex]


@dataclass(frozen=True, slots=True, eq=False)
class LinearPackedParams:
    """The weight and bias of a quantised linear map, as `linear_prepack` makes them.

    Attributes:
        weight: a quantised tensor, (out_features, in_features).
        bias: floats, (out_features,), or None.
    """

    weight: Tensor
    bias: Tensor | None

    def unpack(self) -> tuple[Tensor, Tensor | None]:
        """Return weight and bias."""
        return self.weight, self.bias


@dataclass(frozen=True, slots=True, eq=False)
class ConvPackedParams:
    """The weight, bias and window parameters of a quantised convolution.

    Attributes:
        weight: a quantised tensor, (out_channels, in_channels / groups, *K).
        bias: floats, (out_channels,), or None.
        stride: the distance between neighbouring windows in each spatial dimension.
        padding: zeros on both sides of each spatial dimension.
        dilation: the distance between neighbouring kernel elements in the input.
        groups: the number of groups of channels.
    """

    weight: Tensor
    bias: Tensor | None
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int

    def unpack(self) -> tuple[Tensor, Tensor | None]:
        """Return weight and bias."""
        return self.weight, self.bias


def linear_prepack(weight: Tensor, bias: Tensor | None = None) -> LinearPackedParams:
    """Check a weight and a bias once, and pack them into one argument of `linear`.

    In torch, packing changes the weight's layout for its kernels. Here the compiler does that, once
    for each target, so packing makes nothing faster.

    Args:
        weight: a quantised tensor, (out_features, in_features).
        bias: (out_features,), of the data type that the weight was quantised from, or None.

    Returns:
        The packed parameters; `unpack()` returns weight and bias.

    Raises:
        ArgumentError: the weight is not quantised.
        ShapeError: the weight is not a matrix, or the bias does not fit it.
        DtypeError: the bias has another data type.

    Example:
        >>> weight = fr.quantize(fr.ones((4, 3)), 0.01, fr.int8)
        >>> packed = fr.quantized.linear_prepack(weight, fr.zeros((4,)))
        >>> x = fr.quantize(fr.ones((2, 3)), 0.05, fr.uint8, zero_point=128)
        >>> fr.quantized.linear(x, packed, scale=0.5, zero_point=0).tolist()
        [[6, 6, 6, 6], [6, 6, 6, 6]]
    """
    return packed_linear("quantized.linear_prepack", weight, bias)


def packed_linear(
    name: str, weight: Tensor | LinearPackedParams, bias: Tensor | None
) -> LinearPackedParams:
    """Return a weight and a bias as packed parameters; `name` is the function's in messages."""
    if isinstance(weight, LinearPackedParams):
        _check_no_bias(name, bias)
        return weight
    quantization = weight_quantization(name, weight)
    if weight.rank != 2:
        problem = (
            f"{name} takes a weight of shape (out_features, in_features), but got "
            f"{weight.value.type.describe()}."
        )
        raise refuse(ShapeError(problem), weight=weight)
    return LinearPackedParams(weight, checked_bias(name, bias, weight, quantization.expressed))


def _check_no_bias(name: str, bias: object) -> None:
    if bias is not None:
        problem = (
            f"{name} got a bias beside packed parameters, which have their own. Pass the bias when "
            "packing, and scale and zero_point by name."
        )
        raise refuse(ArgumentError(problem))


# ------------------------------------------------------------------ convolutions


def conv1d_prepack(
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Whole = 1,
    padding: Whole = 0,
    dilation: Whole = 1,
    groups: int = 1,
) -> ConvPackedParams:
    """Check the parameters of `conv1d` once, and pack them, as `linear_prepack` does.

    Args:
        weight: a quantised tensor, (out_channels, in_channels / groups, K).
        bias: (out_channels,), of the data type that the weight was quantised from, or None.
        stride: the distance between neighbouring windows.
        padding: zeros on both sides.
        dilation: the distance between neighbouring kernel elements in the input.
        groups: the number of groups of channels.

    Returns:
        The packed parameters; `unpack()` returns weight and bias.

    Raises:
        ArgumentError: the weight is not quantised, or an argument is not an integer in range.
        ShapeError: the weight has the wrong rank, or the bias does not fit it.
        DtypeError: the bias has another data type.

    Example:
        >>> weight = fr.quantize(fr.ones((4, 3, 2)), 0.01, fr.int8)
        >>> fr.quantized.conv1d_prepack(weight, stride=2).stride
        (2,)
    """
    name = "quantized.conv1d_prepack"
    return packed_conv(name, 1, weight, bias, stride, padding, dilation, groups)


def conv2d_prepack(
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Whole = 1,
    padding: Whole = 0,
    dilation: Whole = 1,
    groups: int = 1,
) -> ConvPackedParams:
    """Check the parameters of `conv2d` once, and pack them, as `linear_prepack` does.

    Args:
        weight: a quantised tensor, (out_channels, in_channels / groups, K, K').
        bias: as for `conv1d_prepack`.
        stride: one for both spatial dimensions, or one for each; likewise the next two.
        padding: zeros on both sides.
        dilation: the distance between neighbouring kernel elements in the input.
        groups: the number of groups of channels.

    Returns:
        The packed parameters; `unpack()` returns weight and bias.

    Raises:
        ArgumentError: the weight is not quantised, or an argument is not an integer in range.
        ShapeError: the weight has the wrong rank, or the bias does not fit it.
        DtypeError: the bias has another data type.

    Example:
        >>> weight = fr.quantize(fr.ones((4, 3, 2, 2)), 0.01, fr.int8)
        >>> fr.quantized.conv2d_prepack(weight, stride=(2, 1)).stride
        (2, 1)
    """
    name = "quantized.conv2d_prepack"
    return packed_conv(name, 2, weight, bias, stride, padding, dilation, groups)


def conv3d_prepack(
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Whole = 1,
    padding: Whole = 0,
    dilation: Whole = 1,
    groups: int = 1,
) -> ConvPackedParams:
    """Check the parameters of `conv3d` once, and pack them, as `linear_prepack` does.

    Args:
        weight: a quantised tensor, (out_channels, in_channels / groups, K, K', K'').
        bias: as for `conv1d_prepack`.
        stride: one for all spatial dimensions, or one for each; likewise the next two.
        padding: zeros on both sides.
        dilation: the distance between neighbouring kernel elements in the input.
        groups: the number of groups of channels.

    Returns:
        The packed parameters; `unpack()` returns weight and bias.

    Raises:
        ArgumentError: the weight is not quantised, or an argument is not an integer in range.
        ShapeError: the weight has the wrong rank, or the bias does not fit it.
        DtypeError: the bias has another data type.

    Example:
        >>> weight = fr.quantize(fr.ones((4, 3, 2, 2, 2)), 0.01, fr.int8)
        >>> fr.quantized.conv3d_prepack(weight).padding
        (0, 0, 0)
    """
    name = "quantized.conv3d_prepack"
    return packed_conv(name, 3, weight, bias, stride, padding, dilation, groups)


def packed_conv(
    name: str,
    rank: int,
    weight: Tensor | ConvPackedParams,
    bias: Tensor | None,
    stride: Whole,
    padding: Whole,
    dilation: Whole,
    groups: int,
) -> ConvPackedParams:
    """Return a convolution's parameters packed, for a number of spatial dimensions."""
    if isinstance(weight, ConvPackedParams):
        _check_no_bias(name, bias)
        if (stride, padding, dilation, groups) != (1, 0, 1, 1):
            problem = (
                f"{name} got stride={stride}, padding={padding}, dilation={dilation} and "
                f"groups={groups} beside packed parameters, which have their own. Pass them when "
                "packing."
            )
            raise refuse(ArgumentError(problem))
        _check_rank(name, rank, weight.weight)
        return weight
    quantization = weight_quantization(name, weight)
    _check_rank(name, rank, weight)
    return ConvPackedParams(
        weight,
        checked_bias(name, bias, weight, quantization.expressed),
        _each(name, "stride", stride, rank, 1),
        _each(name, "padding", padding, rank, 0),
        _each(name, "dilation", dilation, rank, 1),
        _each(name, "groups", groups, 1, 1)[0],
    )


def _check_rank(name: str, rank: int, weight: Tensor) -> None:
    if weight.rank != rank + 2:
        kernel = ", ".join(["K"] * rank)
        problem = (
            f"{name} takes a weight of shape (out_channels, in_channels / groups, {kernel}), but "
            f"got {weight.value.type.describe()}."
        )
        raise refuse(ShapeError(problem), weight=weight)


def _each(name: str, argument: str, given: Whole, count: int, least: int) -> tuple[int, ...]:
    """Return one integer for each spatial dimension."""
    numbers = whole_numbers(f"{name}'s {argument}", given)
    if not hasattr(given, "__len__"):
        numbers = numbers * count
    if len(numbers) != count or min(numbers) < least:
        wanted = f"an integer >= {least}" + (f", or {count} of them" if count > 1 else "")
        problem = f"{name} takes {argument} as {wanted}, not {shown(given)}."
        raise refuse(ArgumentError(problem))
    return numbers
