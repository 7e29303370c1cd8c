"""Conversion of the state of torch's quantised layers to plain arrays.

torch is not imported: its quantised tensors are recognised by their attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from farrier.modules.parameter import Retyped, identity
from farrier.tensor import Tensor
from farrier.tensor.interop import as_array, fit
from farrier_runtime.dtypes import BY_NUMPY
from farrier_runtime.errors import ArgumentError

_PACKED = "_packed_params._packed_params"


def translated(given: Mapping[str, Any], prefix: str) -> Mapping[str, Any]:
    """Return a mapping with a layer's quantised weight as integers, scales and zero points.

    torch's Linear has `_packed_params._packed_params`, a pair of weight and bias; its Conv has
    `weight` and `bias`. A bias that is None is left out.

    Args:
        given: names and values; without a quantised weight of this layer, it is returned unchanged.
        prefix: the prefix of the layer's names.

    Raises:
        ArgumentError: a weight is quantised in a way that the layers do not support.
    """
    packed = given.get(prefix + _PACKED)
    if packed is not None:
        weight, bias = packed
    else:
        weight, bias = given.get(f"{prefix}weight"), given.get(f"{prefix}bias")
    if not is_quantized(weight):
        return given
    own = {prefix + name for name in (_PACKED, "_packed_params.dtype", "weight", "bias")}
    result = {name: value for name, value in given.items() if name not in own}
    names = ("weight", "weight_scale", "weight_zero_point")
    for name, part in zip(names, parts(f"{prefix}weight", weight), strict=True):
        result.setdefault(prefix + name, part)
    return result if bias is None else result | {f"{prefix}bias": bias}


def is_quantized(weight: Any) -> bool:
    """Return whether a weight is a quantised tensor, torch's or Farrier's."""
    if isinstance(weight, Tensor):
        return weight.value.type.quantization is not None
    return bool(getattr(weight, "is_quantized", False))


def parts(name: str, weight: Any) -> tuple[Any, Any, Any]:
    """Return the integers, scales and zero points of a quantised tensor, torch's or Farrier's.

    Raises:
        ArgumentError: it is quantised neither per tensor nor per output.
        DtypeError: a zero point is out of range.
    """
    if isinstance(weight, Tensor):
        quantization = weight.value.type.quantization
        assert quantization is not None
        described, supported = weight.value.type.describe(), quantization.block is None
        _check_axis(name, described, quantization.axis, supported)
        scale, zero_point = weight.q_scale(), weight.q_zero_point()
        integers = Tensor.of(identity(weight)) if isinstance(weight, Retyped) else weight.numpy()
        scale = np.asarray(scale, quantization.expressed.numpy)
        return integers, scale, np.asarray(zero_point, weight.dtype.numpy)
    integers = as_array(weight.int_repr())
    scheme = str(weight.qscheme()).rpartition(".")[2]
    if scheme.startswith("per_tensor"):
        scale, zero_point = weight.q_scale(), np.asarray(weight.q_zero_point())
    else:
        _check_axis(name, scheme, weight.q_per_channel_axis(), not scheme.endswith("float_qparams"))
        scale = as_array(weight.q_per_channel_scales())
        zero_point = as_array(weight.q_per_channel_zero_points())
    return integers, np.asarray(scale, np.float32), fit(zero_point, BY_NUMPY[integers.dtype])


def _check_axis(name: str, described: str, axis: int | None, supported: bool) -> None:
    if axis or not supported:
        raise ArgumentError(
            f"{name} is quantized as {described}, along dimension {axis}. The layers take one "
            "scale and whole zero point for all, or one for each output, along dimension 0."
        )
