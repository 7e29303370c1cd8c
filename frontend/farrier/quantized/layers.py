"""Layers on quantised tensors, which can load the state of torch's counterparts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from farrier.modules import checks
from farrier.modules.containers import ROOT, Place
from farrier.modules.module import Module
from farrier.modules.parameter import Parameter, Retyped
from farrier.modules.state import Slot, derived_seed
from farrier.ops.activation import relu
from farrier.ops.arguments import flag, refuse
from farrier.ops.convolution import convolution
from farrier.ops.quantization import dequantize, quantize
from farrier.quantized import torch_state
from farrier.quantized.functional import linear_product
from farrier.quantized.operands import (
    check_spatial,
    checked_integers,
    checked_scale,
    checked_zero_point,
    dequantized,
    input_quantization,
    output,
    with_bias,
)
from farrier.tensor import Tensor
from farrier_compiler.ops.quantization import Dequantize
from farrier_compiler.types.numbers import storage_limits
from farrier_runtime.dtypes import DtypeLike, dtype, float32, int8, int64
from farrier_runtime.errors import DtypeError


class OutputParameter(Parameter):
    """A parameter with one number for the whole weight or one for each output."""

    __slots__ = ("outputs",)

    def __init__(self, outputs: int, dtype: dtype) -> None:
        super().__init__((), dtype)
        self.outputs = outputs

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Return whether values of a shape can be assigned."""
        return shape in ((), (self.outputs,))

    def holding(self, tensor: Tensor) -> Tensor:
        """Return an OutputParameter with a tensor's value."""
        parameter = OutputParameter(self.outputs, self.dtype)
        parameter.value = tensor.value
        return parameter

    def dummy(self) -> Any:
        """Return 1, since a scale cannot be 0."""
        return np.ones(())


class _QuantizedLayer(Module):
    """Base of the layers with quantised weights."""

    weight: Tensor
    weight_scale: Tensor
    weight_zero_point: Tensor
    bias: Tensor | None
    scale: Tensor
    zero_point: Tensor

    def _add_parameters(self, shape: tuple[int, ...], bias: bool, storage: DtypeLike) -> None:
        self.dtype = dtype = checked_integers(type(self).__name__, storage)
        self.weight = Parameter(shape, dtype)
        self.weight_scale = OutputParameter(shape[0], float32)
        zero = Tensor(np.zeros((), dtype.numpy))
        self.weight_zero_point = OutputParameter(shape[0], dtype).holding(zero)
        self.bias = (
            Parameter(shape[:1], float32) if flag(f"{type(self).__name__}'s bias", bias) else None
        )
        self.scale = Tensor(1.0, float32)
        self.zero_point = Tensor(0, int64)

    def _weight(self) -> Tensor:
        """Return the dequantised weight; a compiled program stores the integers."""
        self._attach_scales()
        offset = self.weight_zero_point if self.weight_zero_point.elements().any() else None
        return dequantize(self.weight, self.weight_scale, float32, self._dim, offset)

    @property
    def _dim(self) -> int | None:
        return 0 if self.weight_scale.rank else None

    def _attach_scales(self) -> None:
        """Add the scales to the weight's type, if both are set."""
        weight = self.weight.value
        values = [self.weight_scale.value, self.weight_zero_point.value]
        op = Dequantize(float32, self._dim)
        quantization = op.quantization(weight.type.plain, float32, values)
        if weight.data is not None and weight.type.quantization != quantization:
            type = replace(weight.type, quantization=quantization)
            vars(self)["weight"] = Retyped(self.weight, type)

    def _slots(self, place: Place = ROOT, above: tuple[Module, ...] = ()) -> Iterator[Slot]:
        self._attach_scales()
        return super()._slots(place, above)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a quantised weight also sets its scales and zero points."""
        if name == "weight" and torch_state.is_quantized(value):
            value, *others = torch_state.parts(f"{type(self).__name__}.weight", value)
            super().__setattr__("weight_scale", others[0])
            super().__setattr__("weight_zero_point", others[1])
        super().__setattr__(name, value)

    def _then(self, x: Tensor) -> Tensor:
        """Return the floats to quantise, from those that the layer computed."""
        return x

    def _translated(
        self, given: Mapping[str, Any], prefix: str = "", above: tuple[Module, ...] = ()
    ) -> Mapping[str, Any]:
        return super()._translated(torch_state.translated(given, prefix), prefix, above)

    def reset_parameters(self, seed: int = 0) -> None:
        """Draw weight and bias uniformly from +-1 / sqrt(number of inputs of each output)."""
        shape = self.weight.shape
        bound = math.prod(shape[1:]) ** -0.5
        low, high = storage_limits(self.dtype)
        step, zero = 2 * bound / (high - low), math.ceil((low + high) / 2)
        drawn = np.random.default_rng(derived_seed(seed, "weight")).uniform(-bound, bound, shape)
        integers = np.clip(np.rint(drawn / step) + zero, low, high)
        self.weight = Tensor(integers.astype(self.dtype.numpy))
        self.weight_scale = Tensor(step, float32)
        self.weight_zero_point = Tensor(np.asarray(zero, self.dtype.numpy))
        if self.bias is not None:
            generator = np.random.default_rng(derived_seed(seed, "bias"))
            self.bias = Tensor(generator.uniform(-bound, bound, shape[:1]).astype(np.float32))


class QuantizedLinear(_QuantizedLayer):
    """Apply a linear map to the last dimension of a quantised tensor, and quantise the result.

    `y = quantize(dequantize(x) dequantize(W)^T + b, scale, zero_point)`

    `load_state_dict` also takes the state of torch.ao.nn.quantized.Linear, quantised per tensor or
    per channel. Assigning a quantised tensor to `weight` also sets the scales. In a compiled
    program, the weight is a constant of integers.

    Args:
        in_features: the size of the input's last dimension.
        out_features: the size of the output's last dimension.
        bias: whether to add b.
        dtype: the data type of the weight's integers.

    Shape:
        x: (*, in_features), quantised with one scale from float32.
        output: (*, out_features), of the data type of x.
        weight: (out_features, in_features).
        weight_scale: (), or (out_features,).
        weight_zero_point: () or as weight_scale; initially 0.
        bias: (out_features,).
        scale: (), of the output; initially 1, as in torch.
        zero_point: (), of the output, as int64; initially 0, as in torch.

    Raises:
        ArgumentError: a size is not an integer >= 1.
        DtypeError: weights cannot be quantised to `dtype`.

    Example:
        >>> layer = fr.quantized.QuantizedLinear(3, 2)
        >>> layer.reset_parameters()
        >>> layer.scale, layer.zero_point = 0.02, 128
        >>> y = layer(fr.quantize(fr.ones((5, 3)), 0.05, fr.uint8, zero_point=128))
        >>> y.shape, str(y.dtype), y.q_zero_point()
        ((5, 2), 'uint8', 128)
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, dtype: DtypeLike = int8
    ) -> None:
        layer = type(self).__name__
        checks.positive(layer, in_features=in_features, out_features=out_features)
        self.in_features = in_features
        self.out_features = out_features
        self._add_parameters((out_features, in_features), bias, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return the quantised result, (*, out_features), for a quantised x, (*, in_features)."""
        name = f"{type(self).__name__}({self.in_features}, {self.out_features})"
        result = output(name, x, self.scale, self.zero_point)
        checks.ends_with(name, x, (self.in_features,))
        check_expressed(name, x)
        return result.of(self._then(linear_product(dequantized(x), self._weight(), self.bias)))


class QuantizedLinearReLU(QuantizedLinear):
    """Apply a linear map and `relu` to a quantised tensor, as torch's quantised LinearReLU.

    `y = quantize(relu(dequantize(x) dequantize(W)^T + b), scale, zero_point)`

    Arguments and parameters are those of `QuantizedLinear`.

    Example:
        >>> layer = fr.quantized.QuantizedLinearReLU(3, 2)
        >>> layer.reset_parameters()
        >>> layer(fr.quantize(fr.ones((5, 3)), 0.05, fr.uint8, zero_point=128)).shape
        (5, 2)
    """

    def _then(self, x: Tensor) -> Tensor:
        return relu(x)


class QuantizedConv(_QuantizedLayer):
    """Convolve a quantised tensor over any number of spatial dimensions, and quantise the result.

    `y = quantize(convolution(dequantize(x), dequantize(weight)) + bias, scale, zero_point)`

    `load_state_dict` also takes the state of torch.ao.nn.quantized.Conv1d, Conv2d and Conv3d,
    quantised per tensor or per channel. Assigning a quantised tensor to `weight` also sets the
    scales. In a compiled program, the weight is a constant of integers.

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
        dtype: the data type of the weight's integers.

    Shape:
        x: (N, in_channels, *D), quantised with one scale from float32.
        output: (N, out_channels, *D'), as for `fr.Conv`, of the data type of x.
        weight: (out_channels, in_channels / groups, *kernel_dims).
        weight_scale: (), or (out_channels,).
        weight_zero_point: () or as weight_scale; initially 0.
        bias: (out_channels,).
        scale: (), of the output; initially 1, as in torch.
        zero_point: (), of the output, as int64; initially 0, as in torch.

    Raises:
        ArgumentError: `groups` does not divide the channels, or an argument does not have one
            entry for each spatial dimension.
        DtypeError: weights cannot be quantised to `dtype`.

    Example:
        >>> layer = fr.quantized.QuantizedConv(3, 8, (3, 3), padding=((1, 1), (1, 1)))
        >>> layer.reset_parameters()
        >>> layer(fr.quantize(fr.ones((1, 3, 32, 32)), 0.05, fr.uint8, zero_point=128)).shape
        (1, 8, 32, 32)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_dims: Sequence[int],
        padding: checks.Padding | None = None,
        stride: int | Sequence[int] | None = None,
        groups: int | None = None,
        dilation: int | Sequence[int] | None = None,
        bias: bool = True,
        dtype: DtypeLike = int8,
    ) -> None:
        layer = type(self).__name__
        kernel = checks.integers(layer, "kernel_dims", kernel_dims)
        windows = checks.windows(layer, kernel, padding, stride, dilation)
        self.padding, self.stride, self.dilation = windows
        self.groups = 1 if groups is None else groups
        checks.channels(layer, in_channels, out_channels, self.groups)
        shape = (out_channels, in_channels // self.groups, *kernel)
        self._add_parameters(shape, bias, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return the quantised result, (N, out_channels, *D'), for x, (N, in_channels, *D)."""
        name = type(self).__name__
        result = output(name, x, self.scale, self.zero_point)
        check_spatial(name, x, len(self.stride))
        check_expressed(name, x)
        product = convolution(
            dequantized(x), self._weight(), self.stride, self.padding, self.dilation, self.groups
        )
        return result.of(self._then(with_bias(product, self.bias, len(self.stride))))


class QuantizedConvReLU(QuantizedConv):
    """Convolve a quantised tensor and apply `relu`, as torch's quantised ConvReLU1d, 2d and 3d.

    `y = quantize(relu(convolution(dequantize(x), dequantize(weight)) + bias), scale, zero_point)`

    Arguments and parameters are those of `QuantizedConv`.

    Example:
        >>> layer = fr.quantized.QuantizedConvReLU(3, 8, (3, 3))
        >>> layer.reset_parameters()
        >>> layer(fr.quantize(fr.ones((1, 3, 32, 32)), 0.05, fr.uint8, zero_point=128)).shape
        (1, 8, 30, 30)
    """

    def _then(self, x: Tensor) -> Tensor:
        return relu(x)


def check_expressed(name: str, x: Tensor) -> None:
    """Refuse an input that was not quantised from the layer's float32.

    Raises:
        DtypeError: naming the layer and the type.
    """
    if input_quantization(name, x).expressed is not float32:
        problem = (
            f"{name} takes an input that was quantized from float32, but got "
            f"{x.value.type.describe()}. Cast the floats to float32 before they are quantized."
        )
        raise refuse(DtypeError(problem), x=x)


# ------------------------------------------------------------------ conversion of floats


class Quantize(Module):
    """Quantise floats with one scale and zero point, as torch.ao.nn.quantized.Quantize.

    `y = clamp(round(x / scale) + zero_point)`

    Args:
        scale: the distance between neighbouring numbers; finite and > 0.
        zero_point: the number that represents 0.
        dtype: the data type of the result; uint8 in most of torch's networks.

    Shape:
        x: any shape, of float32, float16, bfloat16 or float64.
        output: the shape of x.
        scale: (1,), as torch's.
        zero_point: (1,), as int64, as torch's.

    Raises:
        ArgumentError: the scale is not finite and > 0, or the zero point is out of range.
        DtypeError: `dtype` is not int8, uint8, int4, int16 or uint16.

    Example:
        >>> fr.quantized.Quantize(0.5, 128, fr.uint8)(fr.Tensor([-1.0, 2.0])).tolist()
        [126, 132]
    """

    def __init__(self, scale: float, zero_point: int, dtype: DtypeLike) -> None:
        self.dtype = checked_integers("Quantize", dtype)
        self.scale = Tensor([checked_scale("Quantize", scale, float32)], float32)
        self.zero_point = Tensor([checked_zero_point("Quantize", zero_point, self.dtype)], int64)

    def forward(self, x: Tensor) -> Tensor:
        """Return the quantised tensor."""
        if not x.dtype.is_floating:
            problem = f"Quantize takes floats, but got {x.value.type.describe()}."
            raise refuse(DtypeError(problem), x=x)
        scale = checked_scale("Quantize", self.scale, x.dtype)
        zero_point = checked_zero_point("Quantize", self.zero_point, self.dtype)
        return quantize(x, scale, self.dtype, zero_point=zero_point)


class DeQuantize(Module):
    """Dequantise a quantised tensor, as torch.ao.nn.quantized.DeQuantize.

    `y = (x - zero_point) * scale`, with the tensor's own scale and zero point.

    Shape:
        x: any shape, quantised with one scale.
        output: the shape of x, of the data type that it was quantised from.

    Raises:
        ArgumentError: x is not quantised, or has several scales.

    Example:
        >>> x = fr.quantize(fr.Tensor([-1.0, 2.0]), 0.5, fr.uint8, zero_point=128)
        >>> fr.quantized.DeQuantize()(x).tolist()
        [-1.0, 2.0]
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the floats."""
        input_quantization("DeQuantize", x)
        return dequantized(x)
