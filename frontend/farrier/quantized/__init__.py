"""Layers and functions on quantised tensors, with torch's names: integers in, integers out.

Each computes its float counterpart between `dequantize` and `quantize`, with constant scales and
zero points. Results agree with torch's within one quantisation step.
"""

from farrier.quantized.convolutions import (
    conv1d as conv1d,
    conv1d_relu as conv1d_relu,
    conv2d as conv2d,
    conv2d_relu as conv2d_relu,
    conv3d as conv3d,
    conv3d_relu as conv3d_relu,
)
from farrier.quantized.functional import (
    apply as apply,
    flatten as flatten,
    linear as linear,
    linear_relu as linear_relu,
    relu as relu,
)
from farrier.quantized.layers import (
    DeQuantize as DeQuantize,
    Quantize as Quantize,
    QuantizedConv as QuantizedConv,
    QuantizedConvReLU as QuantizedConvReLU,
    QuantizedLinear as QuantizedLinear,
    QuantizedLinearReLU as QuantizedLinearReLU,
)
from farrier.quantized.packing import (
    ConvPackedParams as ConvPackedParams,
    LinearPackedParams as LinearPackedParams,
    conv1d_prepack as conv1d_prepack,
    conv2d_prepack as conv2d_prepack,
    conv3d_prepack as conv3d_prepack,
    linear_prepack as linear_prepack,
)
