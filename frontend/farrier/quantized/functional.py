"""Linear maps of quantised tensors, and functions that preserve scale and zero point."""

from __future__ import annotations

from collections.abc import Callable

from farrier.ops import activation
from farrier.ops.arguments import refuse
from farrier.ops.linear_algebra import dot_general
from farrier.ops.shape import flatten as flatten_floats
from farrier.quantized.operands import (
    Activation,
    check_mixed,
    dequantized,
    input_quantization,
    output,
    with_bias,
)
from farrier.quantized.packing import (
    LinearPackedParams,
    packed_linear,
)
from farrier.tensor import Tensor
from farrier.tensor.interop import Number
from farrier_compiler.sizes.requirements import equal
from farrier_runtime.errors import ArgumentError, ShapeError
from farrier_runtime.wording import shown


def linear(
    input: Tensor,
    weight: Tensor | LinearPackedParams,
    bias: Tensor | None = None,
    scale: Number | None = None,
    zero_point: int | None = None,
) -> Tensor:
    """Apply a linear map to a quantised tensor, and quantise the result.

    `result = quantize(dequantize(input) dequantize(weight)^T + bias, scale, zero_point)`

    Args:
        input: a quantised tensor with one scale, (*, in_features), with any number of leading
            dimensions; of uint8, as in torch, or other integers.
        weight: a quantised tensor, (out_features, in_features), with one scale, or one for each
            output; or the result of `linear_prepack` for it and the bias.
        bias: (out_features,), of the data type that the operands were quantised from, which is
            float32 in torch; or None.
        scale: the result's scale; by default the input's.
        zero_point: the number that represents 0 in the result; by default as in the input.

    Returns:
        A quantised tensor of the input's data type, (*, out_features), which agrees with
        torch.ops.quantized.linear's within one step.

    Raises:
        ArgumentError: an operand is not quantised; the scale is not finite and > 0; the zero point
            is out of range.
        ShapeError: the shapes do not fit.
        DtypeError: operands were quantised from different data types, or to floats.

    Example:
        >>> x = fr.quantize(fr.Tensor([[1.0, 2.0]]), 0.05, fr.uint8, zero_point=128)
        >>> weight = fr.quantize(fr.Tensor([[1.0, 0.5], [-1.0, 0.25]]), [0.01, 0.01], fr.int8, 0)
        >>> y = fr.quantized.linear(x, weight, fr.Tensor([0.5, 0.0]), scale=0.1, zero_point=100)
        >>> y.tolist(), y.q_scale(), y.q_zero_point()
        ([[125, 95]], 0.10000000149011612, 100)
    """
    name = "quantized.linear"
    packed = packed_linear(name, weight, bias)
    return _linear(name, input, packed, scale, zero_point)


def linear_relu(
    input: Tensor,
    weight: LinearPackedParams,
    scale: Number | None = None,
    zero_point: int | None = None,
) -> Tensor:
    """Apply a linear map and `relu` to a quantised tensor, and quantise the result.

    `result = quantize(relu(dequantize(input) dequantize(weight)^T + bias), scale, zero_point)`

    Args:
        input: as for `linear`.
        weight: the result of `linear_prepack`.
        scale: the result's scale; by default the input's.
        zero_point: the number that represents 0 in the result; by default as in the input.

    Returns:
        A quantised tensor of the input's data type, (*, out_features).

    Raises:
        ArgumentError: as for `linear`.
        ShapeError: the shapes do not fit.
        DtypeError: as for `linear`.

    Example:
        >>> x = fr.quantize(fr.Tensor([[1.0, 2.0]]), 0.05, fr.uint8, zero_point=128)
        >>> weight = fr.quantize(fr.Tensor([[1.0, 0.5], [-1.0, 0.25]]), 0.01, fr.int8)
        >>> packed = fr.quantized.linear_prepack(weight)
        >>> fr.quantized.linear_relu(x, packed, 0.1, 100).tolist()
        [[120, 100]]
    """
    name = "quantized.linear_relu"
    packed = packed_linear(name, weight, None)
    return _linear(name, input, packed, scale, zero_point, activation.relu)


def _linear(
    name: str,
    input: Tensor,
    packed: LinearPackedParams,
    scale: Number | None,
    zero_point: int | None,
    then: Activation | None = None,
) -> Tensor:
    result = output(name, input, scale, zero_point)
    check_mixed(name, input, packed.weight)
    _check_features(name, input, packed.weight)
    product = linear_product(dequantized(input), dequantized(packed.weight), packed.bias)
    return result.of(product if then is None else then(product))


def linear_product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return `x W^T + b` of floats."""
    return with_bias(dot_general(x, weight, contracting_dims=((-1,), (1,))), bias)


def _check_features(name: str, input: Tensor, weight: Tensor) -> None:
    if not input.rank or not equal(input.sizes[-1], weight.sizes[1]):
        problem = (
            f"{name} got {input.value.type.describe()} and the weight "
            f"{weight.value.type.describe()}: the input's last size must be the weight's, "
            f"{weight.sizes[1]}."
        )
        raise refuse(ShapeError(problem), input=input, weight=weight)


# ------------------------------------------------------------------ other functions


def apply(function: Callable[[Tensor], Tensor], input: Tensor) -> Tensor:
    """Apply a function of floats to a quantised tensor, preserving its scale and zero point.

    `result = quantize(function(dequantize(input)))`

    torch's functions on quantised tensors without an output scale, such as pooling, do the same.

    Args:
        function: a function from and to tensors of the floats' data type.
        input: a quantised tensor with one scale.

    Returns:
        A tensor with the input's quantisation.

    Raises:
        ArgumentError: the input is not quantised, or has several scales.
        DtypeError: the input is quantised to floats, or the function returns no floats.

    Example:
        >>> x = fr.quantize(fr.Tensor([[[1.0, 2.0, 5.0, 4.0]]]), 0.5, fr.uint8, zero_point=10)
        >>> y = fr.quantized.apply(lambda x: fr.maxpool(x, (2,), stride=(2,)), x)
        >>> y.tolist(), y.q_scale()
        ([[[14, 20]]], 0.5)
    """
    if not callable(function):
        raise refuse(ArgumentError(f"quantized.apply takes a function, not {shown(function)}."))
    return _applied("quantized.apply", function, input)


def relu(input: Tensor) -> Tensor:
    """Apply `relu` to a quantised tensor, clamping its integers to the zero point.

    `result = max(input, zero_point)`

    Args:
        input: a quantised tensor with one scale.

    Returns:
        A tensor with the input's quantisation.

    Raises:
        ArgumentError: the input is not quantised, or has several scales.
        DtypeError: the input is quantised to floats.

    Example:
        >>> x = fr.quantize(fr.Tensor([-1.0, 2.0]), 0.5, fr.uint8, zero_point=10)
        >>> fr.quantized.relu(x).tolist()
        [10, 14]
    """
    return _applied("quantized.relu", activation.relu, input)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Merge neighbouring dimensions of a quantised tensor into one.

    Args:
        input: a quantised tensor with one scale.
        start_dim: the first of them.
        end_dim: the last of them.

    Returns:
        A tensor with the input's quantisation.

    Raises:
        ArgumentError: the input is not quantised, or has several scales.
        ShapeError: the dimensions do not exist.
        DtypeError: the input is quantised to floats.

    Example:
        >>> x = fr.quantize(fr.ones((2, 3, 4)), 0.5, fr.uint8, zero_point=10)
        >>> fr.quantized.flatten(x, 1).shape
        (2, 12)
    """
    return _applied("quantized.flatten", lambda x: flatten_floats(x, start_dim, end_dim), input)


def _applied(name: str, function: Callable[[Tensor], Tensor], input: Tensor) -> Tensor:
    input_quantization(name, input)
    return output(name, input, None, None).of(function(dequantized(input)))
