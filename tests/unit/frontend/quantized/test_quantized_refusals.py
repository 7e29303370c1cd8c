"""Errors of layers on quantised tensors: loaded values, inputs and arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message
from support.quantized import Foreign, conv_state, drawn, foreign, linear_state, quantized

q = fr.quantized

X = quantized(drawn(fr.uint8, 2, 6), 0.05, zero_point=128)
IMAGE = quantized(drawn(fr.uint8, 2, 4, 7, 7), 0.05, zero_point=128)
ROWS = np.ones(4, np.float32)


LOADED: list[tuple[dict[str, Any], type[fr.FarrierError], str]] = [
    (
        linear_state(foreign(4, 5)),
        fr.ShapeError,
        "weight is int8 (4, 6), but the value given is int8 (4, 5). Pass a value of shape (4, 6).",
    ),
    (
        linear_state(Foreign(drawn(fr.uint8, 4, 6), 0.01, 200)),
        fr.DtypeError,
        "weight is int8 (4, 6), but the value given is uint8 (4, 6). Values are not cast silently: "
        "pass fr.Tensor(x, fr.int8), or make the layer with dtype=fr.uint8.\n"
        "weight_zero_point is int8 (), but the value given is uint8 (). Values are not cast "
        "silently: pass fr.Tensor(x, fr.int8), or make the layer with dtype=fr.uint8.",
    ),
    (
        linear_state(Foreign(drawn(fr.int8, 4, 6), np.ones(6), np.zeros(6, int), 1)),
        fr.ArgumentError,
        "weight is quantized as per_channel_affine, along dimension 1. The layers take one scale "
        "and whole zero point for all, or one for each output, along dimension 0.",
    ),
    (
        linear_state(
            Foreign(drawn(fr.int8, 4, 6), ROWS, ROWS, 0, "per_channel_affine_float_qparams")
        ),
        fr.ArgumentError,
        "weight is quantized as per_channel_affine_float_qparams, along dimension 0. The layers "
        "take one scale and whole zero point for all, or one for each output, along dimension 0.",
    ),
    (
        conv_state(fr.quantize(fr.ones((4, 6)), [[0.5]], fr.int8)),
        fr.ArgumentError,
        "weight is quantized as !quant.uniform<i8:f32:{0:4, 1:6}, {{0.5}}> (4, 6), along dimension "
        "None. The layers take one scale and whole zero point for all, or one for each output, "
        "along dimension 0.",
    ),
    (
        linear_state(Foreign(drawn(fr.int8, 4, 6), 0.01, 300)),
        fr.DtypeError,
        "300 does not fit into int8.",
    ),
    (
        linear_state(np.ones((4, 6), np.float32)),
        fr.ArgumentError,
        "The names do not fit the parameters of QuantizedLinear.\n"
        "Missing: weight, weight_scale, weight_zero_point, bias.\n"
        "Unknown: _packed_params.dtype, _packed_params._packed_params.\n"
        "With strict=False, the names that fit are loaded.",
    ),
]


@pytest.mark.parametrize(("given", "error", "text"), LOADED)
def test_values_that_do_not_fit(
    given: dict[str, Any], error: type[fr.FarrierError], text: str
) -> None:
    layer = q.QuantizedLinear(6, 4)
    with pytest.raises(error) as raised:
        layer.load_state_dict(given)
    assert message(raised.value) == text


def changed(name: str, value: Any) -> fr.Module:
    """Return a layer with one parameter of another value."""
    layer = q.QuantizedLinear(6, 4)
    layer.reset_parameters()
    setattr(layer, name, value)
    return layer


HALF = quantized(drawn(fr.int8, 2, 6), 0.5, dtype=fr.float16)

REFUSED: list[tuple[Callable[[], Any], type[fr.FarrierError], str]] = [
    (
        lambda: q.QuantizedLinear(6, 4)(fr.zeros((2, 6))),
        fr.ArgumentError,
        "QuantizedLinear(6, 4) takes a quantized input, but got float32 (2, 6). Quantize it by "
        "constants, no more than 4096 scales: "
        "fr.quantize(input, scale, fr.uint8, zero_point=zero_point).",
    ),
    (
        lambda: q.QuantizedLinear(5, 4)(X),
        fr.ShapeError,
        "QuantizedLinear(5, 4) takes an input of shape (*, 5), but got "
        "!quant.uniform<u8:f32, 0.05:128> (2, 6).",
    ),
    (
        lambda: q.QuantizedLinear(6, 4)(HALF),
        fr.DtypeError,
        "QuantizedLinear(6, 4) takes an input that was quantized from float32, but got "
        "!quant.uniform<i8:f16, 0.5> (2, 6). Cast the floats to float32 before they are quantized.",
    ),
    (
        lambda: q.QuantizedConv(4, 4, (3, 3))(fr.zeros((1, 4, 7, 7))),
        fr.ArgumentError,
        "QuantizedConv takes a quantized input, but got float32 (1, 4, 7, 7). Quantize it by "
        "constants, no more than 4096 scales: "
        "fr.quantize(input, scale, fr.uint8, zero_point=zero_point).",
    ),
    (
        lambda: q.QuantizedConv(4, 4, (3,))(IMAGE),
        fr.ShapeError,
        "QuantizedConv takes an input of shape (N, C, D), but got "
        "!quant.uniform<u8:f32, 0.05:128> (2, 4, 7, 7).",
    ),
    (
        lambda: q.QuantizedConv(4, 6, (3, 3), groups=4),
        fr.ArgumentError,
        "QuantizedConv got out_channels=6, which cannot be divided into groups=4. Both in_channels "
        "and out_channels must be multiples of groups.",
    ),
    (
        lambda: q.QuantizedLinear(0, 4),
        fr.ArgumentError,
        "QuantizedLinear takes an integer in_features >= 1, not 0.",
    ),
    (
        lambda: q.QuantizedLinear(6, 4, dtype=fr.float8),
        fr.DtypeError,
        "QuantizedLinear takes a dtype of int8, uint8, int4, int16, uint16, not float8.",
    ),
    (
        lambda: changed("scale", 0.0)(X),
        fr.ArgumentError,
        "QuantizedLinear(6, 4) got scale=0.0. A scale must be a finite float32 greater than 0.",
    ),
    (
        lambda: changed("zero_point", 256)(X),
        fr.ArgumentError,
        "QuantizedLinear(6, 4) got zero_point=256. With uint8 it must be a whole number from 0 to "
        "255.",
    ),
    (
        lambda: changed("weight_scale", [1.0, 2.0]),
        fr.ShapeError,
        "QuantizedLinear.weight_scale is float32 (), but the value given is float32 (2,). Pass a "
        "value of shape ().",
    ),
    (
        lambda: changed("weight_scale", -1.0)(X),
        fr.ArgumentError,
        "dequantize got the scale -1.0. Scales must be finite and greater than 0.",
    ),
    (
        lambda: q.Quantize(0.0, 0, fr.uint8),
        fr.ArgumentError,
        "Quantize got scale=0.0. A scale must be a finite float32 greater than 0.",
    ),
    (
        lambda: q.Quantize(1.0, -1, fr.uint8),
        fr.ArgumentError,
        "Quantize got zero_point=-1. With uint8 it must be a whole number from 0 to 255.",
    ),
    (
        lambda: q.Quantize(1.0, 0, fr.int32),
        fr.DtypeError,
        "Quantize takes a dtype of int8, uint8, int4, int16, uint16, not int32.",
    ),
    (
        lambda: q.Quantize(1.0, 0, fr.uint8)(X),
        fr.DtypeError,
        "Quantize takes floats, but got !quant.uniform<u8:f32, 0.05:128> (2, 6).",
    ),
    (
        lambda: q.DeQuantize()(fr.zeros((2, 6))),
        fr.ArgumentError,
        "DeQuantize takes a quantized input, but got float32 (2, 6). Quantize it by constants, no "
        "more than 4096 scales: fr.quantize(input, scale, fr.uint8, zero_point=zero_point).",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_refused(call: Callable[[], Any], error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert message(raised.value) == text
