"""Convolutions of quantised tensors."""

from __future__ import annotations

from farrier.ops.activation import relu
from farrier.ops.arguments import is_one_of, refuse
from farrier.ops.convolution import convolution
from farrier.quantized.operands import (
    Activation,
    check_mixed,
    check_spatial,
    dequantized,
    output,
    with_bias,
)
from farrier.quantized.packing import ConvPackedParams, Whole, packed_conv
from farrier.tensor import Tensor
from farrier.tensor.interop import Number
from farrier_runtime.errors import ArgumentError
from farrier_runtime.wording import shown


def conv1d(
    input: Tensor,
    weight: Tensor | ConvPackedParams,
    bias: Tensor | None = None,
    stride: Whole = 1,
    padding: Whole = 0,
    dilation: Whole = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    scale: Number = 1.0,
    zero_point: int = 0,
) -> Tensor:
    """Convolve a quantised tensor with a kernel over one dimension, and quantise the result.

    `result = quantize(convolution(dequantize(input), dequantize(weight)) + bias)`

    Args:
        input: a quantised tensor with one scale, (N, C, L).
        weight: a quantised tensor, (O, C / groups, K); or the result of `conv1d_prepack`.
        bias: (O,), of the data type that the operands were quantised from, or None.
        stride: the distance between neighbouring windows.
        padding: zeros on both sides, which are elements equal to the input's zero point.
        dilation: the distance between neighbouring kernel elements in the input.
        groups: the number of groups of channels.
        padding_mode: "zeros", as in torch.
        scale: the result's scale.
        zero_point: the number that represents 0 in the result.

    Returns:
        A quantised tensor of the input's data type, (N, O, L').

    Raises:
        ArgumentError: an operand is not quantised; the scale is not finite and > 0; the zero point
            is out of range; another argument cannot be used.
        ShapeError: the shapes do not fit.
        DtypeError: operands were quantised from different data types, or to floats.

    Example:
        >>> x = fr.quantize(fr.ones((1, 1, 3)), 0.05, fr.uint8, zero_point=128)
        >>> weight = fr.quantize(fr.ones((1, 1, 3)), 0.01, fr.int8)
        >>> fr.quantized.conv1d(x, weight, padding=1, scale=0.1, zero_point=2).tolist()
        [[[22, 32, 22]]]
    """
    name = "quantized.conv1d"
    _check_mode(name, padding_mode)
    packed = packed_conv(name, 1, weight, bias, stride, padding, dilation, groups)
    return _conv(name, input, packed, scale, zero_point)


def conv2d(
    input: Tensor,
    weight: Tensor | ConvPackedParams,
    bias: Tensor | None = None,
    stride: Whole = 1,
    padding: Whole = 0,
    dilation: Whole = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    scale: Number = 1.0,
    zero_point: int = 0,
) -> Tensor:
    """Convolve a quantised tensor with a kernel over two dimensions, and quantise the result.

    `result = quantize(convolution(dequantize(input), dequantize(weight)) + bias)`

    Args:
        input: a quantised tensor with one scale, (N, C, H, W).
        weight: a quantised tensor, (O, C / groups, K, K'), or the result of `conv2d_prepack`.
        bias: (O,), of the data type that the operands were quantised from, or None.
        stride: the distance between neighbouring windows: one for both dimensions, or one for each.
        padding: zeros on both sides, likewise, which are elements equal to the input's zero point.
        dilation: the distance between neighbouring kernel elements in the input, likewise.
        groups: the number of groups of channels.
        padding_mode: "zeros", as in torch.
        scale: the result's scale.
        zero_point: the number that represents 0 in the result.

    Returns:
        A quantised tensor of the input's data type, (N, O, H', W').

    Raises:
        ArgumentError: as for `conv1d`.
        ShapeError: the shapes do not fit.
        DtypeError: as for `conv1d`.

    Example:
        >>> x = fr.quantize(fr.ones((1, 1, 2, 3)), 0.05, fr.uint8, zero_point=128)
        >>> weight = fr.quantize(fr.ones((1, 1, 2, 2)), 0.01, fr.int8)
        >>> fr.quantized.conv2d(x, weight, scale=0.1, zero_point=2).tolist()
        [[[[42, 42]]]]
    """
    name = "quantized.conv2d"
    _check_mode(name, padding_mode)
    packed = packed_conv(name, 2, weight, bias, stride, padding, dilation, groups)
    return _conv(name, input, packed, scale, zero_point)


def conv3d(
    input: Tensor,
    weight: Tensor | ConvPackedParams,
    bias: Tensor | None = None,
    stride: Whole = 1,
    padding: Whole = 0,
    dilation: Whole = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    scale: Number = 1.0,
    zero_point: int = 0,
) -> Tensor:
    """Convolve a quantised tensor with a kernel over three dimensions, and quantise the result.

    `result = quantize(convolution(dequantize(input), dequantize(weight)) + bias)`

    Args:
        input: a quantised tensor with one scale, (N, C, D, H, W).
        weight: a quantised tensor, (O, C / groups, K, K', K''), or the result of `conv3d_prepack`.
        bias: (O,), of the data type that the operands were quantised from, or None.
        stride: the distance between neighbouring windows: one for all dimensions, or one for each.
        padding: zeros on both sides, likewise, which are elements equal to the input's zero point.
        dilation: the distance between neighbouring kernel elements in the input, likewise.
        groups: the number of groups of channels.
        padding_mode: "zeros", as in torch.
        scale: the result's scale.
        zero_point: the number that represents 0 in the result.

    Returns:
        A quantised tensor of the input's data type, (N, O, D', H', W').

    Raises:
        ArgumentError: as for `conv1d`.
        ShapeError: the shapes do not fit.
        DtypeError: as for `conv1d`.

    Example:
        >>> x = fr.quantize(fr.ones((1, 1, 2, 2, 3)), 0.05, fr.uint8, zero_point=128)
        >>> weight = fr.quantize(fr.ones((1, 1, 2, 2, 2)), 0.01, fr.int8)
        >>> fr.quantized.conv3d(x, weight, scale=0.1, zero_point=2).tolist()
        [[[[[82, 82]]]]]
    """
    name = "quantized.conv3d"
    _check_mode(name, padding_mode)
    packed = packed_conv(name, 3, weight, bias, stride, padding, dilation, groups)
    return _conv(name, input, packed, scale, zero_point)


def conv1d_relu(
    input: Tensor, weight: ConvPackedParams, scale: Number = 1.0, zero_point: int = 0
) -> Tensor:
    """Return `conv1d` with `relu` applied before the result is quantised.

    Args:
        input: as for `conv1d`.
        weight: the result of `conv1d_prepack`.
        scale: the result's scale.
        zero_point: the number that represents 0 in the result.

    Returns:
        A quantised tensor of the input's data type, (N, O, L').

    Raises:
        ArgumentError: as for `conv1d`.
        ShapeError: the shapes do not fit.
        DtypeError: as for `conv1d`.

    Example:
        >>> x = fr.quantize(fr.Tensor([[[-1.0, 1.0]]]), 0.05, fr.uint8, zero_point=128)
        >>> packed = fr.quantized.conv1d_prepack(fr.quantize(fr.ones((1, 1, 1)), 0.01, fr.int8))
        >>> fr.quantized.conv1d_relu(x, packed, 0.1, 2).tolist()
        [[[2, 12]]]
    """
    return _conv_relu("quantized.conv1d_relu", 1, input, weight, scale, zero_point)


def conv2d_relu(
    input: Tensor, weight: ConvPackedParams, scale: Number = 1.0, zero_point: int = 0
) -> Tensor:
    """Return `conv2d` with `relu` applied before the result is quantised.

    Args:
        input: as for `conv2d`.
        weight: the result of `conv2d_prepack`.
        scale: the result's scale.
        zero_point: the number that represents 0 in the result.

    Returns:
        A quantised tensor of the input's data type, (N, O, H', W').

    Raises:
        ArgumentError: as for `conv1d`.
        ShapeError: the shapes do not fit.
        DtypeError: as for `conv1d`.

    Example:
        >>> x = fr.quantize(fr.Tensor([[[[-1.0, 1.0]]]]), 0.05, fr.uint8, zero_point=128)
        >>> packed = fr.quantized.conv2d_prepack(fr.quantize(fr.ones((1, 1, 1, 1)), 0.01, fr.int8))
        >>> fr.quantized.conv2d_relu(x, packed, 0.1, 2).tolist()
        [[[[2, 12]]]]
    """
    return _conv_relu("quantized.conv2d_relu", 2, input, weight, scale, zero_point)


def conv3d_relu(
    input: Tensor, weight: ConvPackedParams, scale: Number = 1.0, zero_point: int = 0
) -> Tensor:
    """Return `conv3d` with `relu` applied before the result is quantised.

    Args:
        input: as for `conv3d`.
        weight: the result of `conv3d_prepack`.
        scale: the result's scale.
        zero_point: the number that represents 0 in the result.

    Returns:
        A quantised tensor of the input's data type, (N, O, D', H', W').

    Raises:
        ArgumentError: as for `conv1d`.
        ShapeError: the shapes do not fit.
        DtypeError: as for `conv1d`.

    Example:
        >>> x = fr.quantize(fr.Tensor([[[[[-1.0, 1.0]]]]]), 0.05, fr.uint8, zero_point=128)
        >>> weight = fr.quantize(fr.ones((1, 1, 1, 1, 1)), 0.01, fr.int8)
        >>> fr.quantized.conv3d_relu(x, fr.quantized.conv3d_prepack(weight), 0.1, 2).tolist()
        [[[[[2, 12]]]]]
    """
    return _conv_relu("quantized.conv3d_relu", 3, input, weight, scale, zero_point)


def _conv_relu(
    name: str, rank: int, input: Tensor, weight: ConvPackedParams, scale: Number, zero_point: int
) -> Tensor:
    packed = packed_conv(name, rank, weight, None, 1, 0, 1, 1)
    return _conv(name, input, packed, scale, zero_point, relu)


def _conv(
    name: str,
    input: Tensor,
    packed: ConvPackedParams,
    scale: Number,
    zero_point: int,
    then: Activation | None = None,
) -> Tensor:
    result = output(name, input, scale, zero_point)
    check_mixed(name, input, packed.weight)
    check_spatial(name, input, len(packed.stride))
    pairs = [(amount, amount) for amount in packed.padding]
    product = convolution(
        dequantized(input),
        dequantized(packed.weight),
        packed.stride,
        pairs,
        packed.dilation,
        packed.groups,
    )
    total = with_bias(product, packed.bias, len(pairs))
    return result.of(total if then is None else then(total))


def _check_mode(name: str, padding_mode: str) -> None:
    if not is_one_of(padding_mode, ("zeros",)):
        problem = (
            f"{name} takes padding_mode='zeros' only, as torch's does, not {shown(padding_mode)}."
        )
        raise refuse(ArgumentError(problem))
