"""Functions on quantised tensors: integer sums, packed parameters and errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.ops.convolution import convolution
from farrier_runtime.dtypes import dtype
from support.messages import message
from support.quantized import BIAS, IMAGE, KERNEL, W, X, drawn, quantized, requantized

q = fr.quantized

# Powers of 2: then floats hold every sum exactly, as integers do.
STEP, OUT = 2.0**-6, 2.0**-2
ROWS = np.array([2.0**-7, 2.0**-9, 2.0**-8, 2.0**-7], np.float32)


def offsets(dtype: dtype) -> tuple[int, int]:
    """Return zero points of inputs and results."""
    return (131, 120) if dtype.is_unsigned else (-3, 5)


def weight_of(*shape: int, dim: int | None, zero: bool) -> tuple[fr.Tensor, Any, Any]:
    """Return a weight, its integers without the zero points, and a scale for each output."""
    integers = drawn(fr.int8, *shape, seed=1)
    scale = ROWS if dim == 0 else ROWS[0]
    zero_point = None if not zero else [3, 0, -7, 127] if dim == 0 else 5
    offset = np.zeros(4, int) if zero_point is None else np.broadcast_to(np.array(zero_point), 4)
    centred = integers.astype(np.int64) - offset.reshape(-1, *(1 for _ in shape[1:]))
    weight = quantized(integers, fr.Tensor(scale), dim, zero_point)
    return weight, centred, np.broadcast_to(scale, 4)


@pytest.mark.parametrize("shape", [(24,), (5, 24), (2, 3, 24), (0, 24)])
@pytest.mark.parametrize("dtype", [fr.uint8, fr.int8])
@pytest.mark.parametrize(("dim", "zero"), [(None, False), (None, True), (0, False), (0, True)])
@pytest.mark.parametrize("bias", [False, True])
def test_linear_sums_integers(
    shape: tuple[int, ...], dtype: dtype, dim: int | None, zero: bool, bias: bool
) -> None:
    integers, (offset, behind) = drawn(dtype, *shape), offsets(dtype)
    x = quantized(integers, STEP, zero_point=offset)
    weight, centred, scales = weight_of(4, 24, dim=dim, zero=zero)
    added = np.array([0, 64, -9, 3]) if bias else np.zeros(4, int)
    steps = STEP * scales
    b = fr.Tensor((added * steps).astype(np.float32)) if bias else None
    result = q.linear(x, weight, b, OUT, behind)
    total = (integers.astype(np.int64) - offset) @ centred.T + added
    expected = requantized(total, steps, OUT, behind, dtype)
    np.testing.assert_array_equal(result.numpy(), expected)
    assert (result.dtype, result.q_scale(), result.q_zero_point()) == (dtype, OUT, behind)
    if shape != (0, 24):
        assert expected.min() < expected.max()
    relu = q.linear_relu(x, q.linear_prepack(weight, b), OUT, behind)
    np.testing.assert_array_equal(relu.numpy(), np.maximum(expected, behind))


CONVOLUTIONS: dict[int, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    1: (q.conv1d, q.conv1d_prepack, q.conv1d_relu),
    2: (q.conv2d, q.conv2d_prepack, q.conv2d_relu),
    3: (q.conv3d, q.conv3d_prepack, q.conv3d_relu),
}

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "all": {"stride": 2, "padding": 1, "dilation": 2, "groups": 2},
}


@pytest.mark.parametrize("rank", CONVOLUTIONS)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("dtype", [fr.uint8, fr.int8])
@pytest.mark.parametrize(("dim", "zero"), [(None, True), (0, False), (0, True)])
def test_convolutions_sum_integers(
    rank: int, options: dict[str, Any], dtype: dtype, dim: int | None, zero: bool
) -> None:
    function, prepack, with_relu = CONVOLUTIONS[rank]
    integers, (offset, behind) = drawn(dtype, 2, 4, *(7, 6, 5)[:rank]), offsets(dtype)
    x = quantized(integers, STEP, zero_point=offset)
    groups = options.get("groups", 1)
    weight, centred, scales = weight_of(4, 4 // groups, *(2,) * rank, dim=dim, zero=zero)
    added = np.array([0, 64, -9, 3])
    steps = STEP * scales
    bias = fr.Tensor((added * steps).astype(np.float32))
    result = function(x, weight, bias, **options, scale=OUT, zero_point=behind)
    expected = requantized(
        convolved(integers.astype(np.int64) - offset, centred, rank, options)
        + added.reshape(-1, *(1,) * rank),
        steps.reshape(-1, *(1,) * rank),
        OUT,
        behind,
        dtype,
    )
    np.testing.assert_array_equal(result.numpy(), expected)
    assert (result.dtype, result.q_scale(), result.q_zero_point()) == (dtype, OUT, behind)
    packed = prepack(weight, bias, **options)
    again = function(x, packed, scale=OUT, zero_point=behind)
    np.testing.assert_array_equal(again.numpy(), expected)
    relu = with_relu(x, packed, OUT, behind)
    np.testing.assert_array_equal(relu.numpy(), np.maximum(expected, behind))


def convolved(x: Any, weight: Any, rank: int, options: dict[str, Any]) -> Any:
    """Return the convolution of integers without their zero points, which is padded with 0."""
    sides = ((options.get("padding", 0),) * 2,) * rank
    stride, dilation = ((options.get(name, 1),) * rank for name in ("stride", "dilation"))
    operands = fr.Tensor(x.astype(np.float64)), fr.Tensor(weight.astype(np.float64))
    return convolution(*operands, stride, sides, dilation, options.get("groups", 1)).numpy()


# ------------------------------------------------------------------ what is refused

FLOATS = fr.zeros((2, 6))
HALF = quantized(drawn(fr.int8, 4, 6), 0.5, dtype=fr.float16)
MANY = fr.quantize(fr.zeros((5000, 6)), np.ones(5000, np.float32), fr.int8, 0)  # pyright: ignore[reportArgumentType]
PACKED = q.linear_prepack(W, BIAS)
SMALL = fr.quantize(FLOATS, 0.5, fr.float8)
ANY: Any = None

REFUSED: list[tuple[Callable[[], Any], type[fr.FarrierError], str]] = [
    (
        lambda: q.linear(FLOATS, W),
        fr.ArgumentError,
        "quantized.linear takes a quantized input, but got float32 (2, 6). Quantize it by "
        "constants, no more than 4096 scales: "
        "fr.quantize(input, scale, fr.uint8, zero_point=zero_point).",
    ),
    (
        lambda: q.linear(X.int_repr(), W),
        fr.ArgumentError,
        "quantized.linear takes a quantized input, but got uint8 (2, 6). Quantize it by "
        "constants, no more than 4096 scales: "
        "fr.quantize(input, scale, fr.uint8, zero_point=zero_point).",
    ),
    (
        lambda: q.linear(fr.quantize(FLOATS, fr.max(FLOATS) + 1.0, fr.uint8), W),
        fr.ArgumentError,
        "quantized.linear takes a quantized input, but got uint8 (2, 6). Quantize it by "
        "constants, no more than 4096 scales: "
        "fr.quantize(input, scale, fr.uint8, zero_point=zero_point).",
    ),
    (
        lambda: q.linear(np.zeros((2, 6), np.uint8), W),  # pyright: ignore[reportArgumentType]
        fr.ArgumentError,
        "quantized.linear takes a quantized Tensor as input, not a numpy.ndarray.",
    ),
    (
        lambda: q.linear(X, None),  # pyright: ignore[reportArgumentType]
        fr.ArgumentError,
        "quantized.linear takes a quantized Tensor as weight, not a NoneType.",
    ),
    (
        lambda: q.linear(SMALL, W),
        fr.DtypeError,
        "quantized.linear takes integers as input, but got "
        "!quant.uniform<f8e4m3fn:f32, 0.5> (2, 6).",
    ),
    (
        lambda: q.linear(fr.quantize(FLOATS, [1.0, 2.0], fr.uint8, 0), W),
        fr.ArgumentError,
        "quantized.linear takes an input with one scale for all elements, but got "
        "!quant.uniform<u8:f32:0, {1.0, 2.0}> (2, 6).",
    ),
    (
        lambda: q.linear(X, fr.zeros((4, 6))),
        fr.ArgumentError,
        "quantized.linear takes a quantized weight, but got float32 (4, 6). Quantize it by "
        "constants, no more than 4096 scales: fr.quantize(weight, scale, fr.int8).",
    ),
    (
        lambda: q.linear(X, MANY),
        fr.ArgumentError,
        "quantized.linear takes a quantized weight, but got int8 (5000, 6). Quantize it by "
        "constants, no more than 4096 scales: fr.quantize(weight, scale, fr.int8).",
    ),
    (
        lambda: q.linear(X, KERNEL),
        fr.ShapeError,
        "quantized.linear takes a weight of shape (out_features, in_features), but got "
        "!quant.uniform<i8:f32, 0.01> (4, 2, 3, 3).",
    ),
    (
        lambda: q.linear(IMAGE, W),
        fr.ShapeError,
        "quantized.linear got !quant.uniform<u8:f32, 0.05:128> (1, 2, 5, 5) and the weight "
        "!quant.uniform<i8:f32, 0.01> (4, 6): the input's last size must be the weight's, 6.",
    ),
    (
        lambda: q.linear(X, HALF),
        fr.DtypeError,
        "quantized.linear takes an input and a weight that were quantized from one data type, but "
        "got !quant.uniform<u8:f32, 0.05:128> (2, 6) and !quant.uniform<i8:f16, 0.5> (4, 6). "
        "Quantize both from float32.",
    ),
    (
        lambda: q.linear(X, W, fr.zeros((3,))),
        fr.ShapeError,
        "quantized.linear takes a bias of shape (4,) for a weight of shape (4, 6), but got "
        "float32 (3,).",
    ),
    (
        lambda: q.linear_prepack(W, fr.zeros((4,), fr.int32)),
        fr.DtypeError,
        "quantized.linear_prepack takes a bias of float32, as it is added to the dequantized "
        "floats, but got int32 (4,). Cast it, for example with fr.cast(bias, fr.float32).",
    ),
    (
        lambda: q.linear(X, PACKED, 0.1),  # pyright: ignore[reportArgumentType]
        fr.ArgumentError,
        "quantized.linear got a bias beside packed parameters, which have their own. Pass the "
        "bias when packing, and scale and zero_point by name.",
    ),
    (
        lambda: q.linear(X, W, scale=0.0),
        fr.ArgumentError,
        "quantized.linear got scale=0.0. A scale must be a finite float32 greater than 0.",
    ),
    (
        lambda: q.linear(X, W, scale=-1),
        fr.ArgumentError,
        "quantized.linear got scale=-1. A scale must be a finite float32 greater than 0.",
    ),
    (
        lambda: q.linear(X, W, scale=math.inf),
        fr.ArgumentError,
        "quantized.linear got scale=inf. A scale must be a finite float32 greater than 0.",
    ),
    (
        lambda: q.linear(X, W, scale=fr.Tensor(math.nan)),  # pyright: ignore[reportArgumentType]
        fr.ArgumentError,
        "quantized.linear got scale=nan. A scale must be a finite float32 greater than 0.",
    ),
    (
        lambda: q.linear(X, W, scale=1e-60),
        fr.ArgumentError,
        "quantized.linear got scale=1e-60. A scale must be a finite float32 greater than 0.",
    ),
    (
        lambda: q.linear(X, W, scale=10**400),
        fr.ArgumentError,
        f"quantized.linear got scale=1{'0' * 76}.... "
        "A scale must be a finite float32 greater than 0.",
    ),
    (
        lambda: q.linear(X, W, scale="0.5"),  # pyright: ignore[reportArgumentType]
        fr.ArgumentError,
        "quantized.linear got scale='0.5'. A scale must be a finite float32 greater than 0.",
    ),
    (
        lambda: q.linear(X, W, scale=[0.5]),  # pyright: ignore[reportArgumentType]
        fr.ArgumentError,
        "quantized.linear got scale=[0.5]. A scale must be a finite float32 greater than 0.",
    ),
    (
        lambda: q.linear(X, W, zero_point=256),
        fr.ArgumentError,
        "quantized.linear got zero_point=256. With uint8 it must be a whole number from 0 to 255.",
    ),
    (
        lambda: q.linear(X, W, zero_point=fr.Tensor(-1)),  # pyright: ignore[reportArgumentType]
        fr.ArgumentError,
        "quantized.linear got zero_point=-1. With uint8 it must be a whole number from 0 to 255.",
    ),
    (
        lambda: q.linear(X, W, zero_point=0.5),  # pyright: ignore[reportArgumentType]
        fr.ArgumentError,
        "quantized.linear got zero_point=0.5. With uint8 it must be a whole number from 0 to 255.",
    ),
    (
        lambda: q.conv2d(fr.zeros((1, 2, 5, 5)), KERNEL),
        fr.ArgumentError,
        "quantized.conv2d takes a quantized input, but got float32 (1, 2, 5, 5). Quantize it by "
        "constants, no more than 4096 scales: "
        "fr.quantize(input, scale, fr.uint8, zero_point=zero_point).",
    ),
    (
        lambda: q.conv1d(IMAGE, KERNEL),
        fr.ShapeError,
        "quantized.conv1d takes a weight of shape (out_channels, in_channels / groups, K), but "
        "got !quant.uniform<i8:f32, 0.01> (4, 2, 3, 3).",
    ),
    (
        lambda: q.conv3d_relu(IMAGE, q.conv2d_prepack(KERNEL)),
        fr.ShapeError,
        "quantized.conv3d_relu takes a weight of shape (out_channels, in_channels / groups, "
        "K, K, K), but got !quant.uniform<i8:f32, 0.01> (4, 2, 3, 3).",
    ),
    (
        lambda: q.conv2d(X, KERNEL),
        fr.ShapeError,
        "quantized.conv2d takes an input of shape (N, C, D, D), but got "
        "!quant.uniform<u8:f32, 0.05:128> (2, 6).",
    ),
    (
        lambda: q.conv2d(IMAGE, KERNEL, BIAS, padding_mode="reflect"),
        fr.ArgumentError,
        "quantized.conv2d takes padding_mode='zeros' only, as torch's does, not 'reflect'.",
    ),
    (
        lambda: q.conv2d(IMAGE, KERNEL, BIAS, stride=(1, 2, 3)),
        fr.ArgumentError,
        "quantized.conv2d takes stride as an integer >= 1, or 2 of them, not (1, 2, 3).",
    ),
    (
        lambda: q.conv2d_prepack(KERNEL, padding=-1),
        fr.ArgumentError,
        "quantized.conv2d_prepack takes padding as an integer >= 0, or 2 of them, not -1.",
    ),
    (
        lambda: q.conv2d(IMAGE, KERNEL, dilation=0.5),  # pyright: ignore[reportArgumentType]
        fr.ArgumentError,
        "quantized.conv2d's dilation takes integers, but got 0.5.",
    ),
    (
        lambda: q.conv2d(IMAGE, KERNEL, groups=0),
        fr.ArgumentError,
        "quantized.conv2d takes groups as an integer >= 1, not 0.",
    ),
    (
        lambda: q.conv2d(IMAGE, q.conv2d_prepack(KERNEL), stride=2),
        fr.ArgumentError,
        "quantized.conv2d got stride=2, padding=0, dilation=1 and groups=1 beside packed "
        "parameters, which have their own. Pass them when packing.",
    ),
    (
        lambda: q.conv2d(IMAGE, KERNEL, scale=0.0),
        fr.ArgumentError,
        "quantized.conv2d got scale=0.0. A scale must be a finite float32 greater than 0.",
    ),
    (
        lambda: q.relu(FLOATS),
        fr.ArgumentError,
        "quantized.relu takes a quantized input, but got float32 (2, 6). Quantize it by "
        "constants, no more than 4096 scales: "
        "fr.quantize(input, scale, fr.uint8, zero_point=zero_point).",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_refused(call: Callable[[], Any], error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert message(raised.value) == text
