"""Quantised functions as graphs of plain ops."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier_compiler.graph import topological
from support.quantized import BIAS, IMAGE, KERNEL, W, X, drawn, quantized, requantized

q = fr.quantized


def test_linear_is_its_formula() -> None:
    result = q.linear(X, W, BIAS, 0.1, 7)
    names = [node.op.name for node in topological([result.value])]
    assert names[-4:] == ["dequantize", "dot_general", "add", "quantize"]
    x, w = (fr.dequantize(X, 0.05, fr.float32, zero_point=128), fr.dequantize(W, 0.01, fr.float32))
    product = fr.dot_general(x, w, contracting_dims=((-1,), (1,)))
    expected = fr.quantize(product + BIAS, 0.1, fr.uint8, zero_point=7)
    assert result.tolist() == expected.tolist()
    assert str(result.value.type) == "!quant.uniform<u8:f32, 0.1:7>[2,4]"


def test_the_output_is_quantised_as_the_input_by_default() -> None:
    for result in (q.linear(X, W), q.linear_relu(X, q.linear_prepack(W))):
        assert (result.q_scale(), result.q_zero_point()) == (X.q_scale(), X.q_zero_point())
    assert q.linear(X, W, zero_point=3).q_zero_point() == 3
    assert q.linear(X, W, scale=0.5).q_scale() == 0.5
    image = q.conv2d(IMAGE, KERNEL)
    assert (image.q_scale(), image.q_zero_point()) == (1.0, 0)


def test_scales_may_be_numbers_of_all_kinds() -> None:
    numbers: list[Any] = [0.5, np.float32(0.5), fr.Tensor(0.5), fr.Tensor(0.25) * 2]
    wholes: list[Any] = [7, np.int64(7), fr.Tensor(7), fr.Tensor(3, fr.int64) + 4]
    for scale, zero_point in zip(numbers, wholes, strict=True):
        result = q.linear(X, W, BIAS, scale, zero_point)
        assert (result.q_scale(), result.q_zero_point()) == (0.5, 7)


def test_packed_parameters() -> None:
    packed = q.linear_prepack(W, BIAS)
    assert packed.unpack() == (packed.weight, packed.bias) == (W, BIAS)
    assert q.linear(X, packed, scale=0.1, zero_point=7).tolist() == (
        q.linear(X, W, BIAS, 0.1, 7).tolist()
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        packed.bias = None  # pyright: ignore[reportAttributeAccessIssue]
    conv = q.conv2d_prepack(KERNEL, None, (2, 1), padding=1, groups=1)
    assert conv.unpack() == (KERNEL, None)
    assert (conv.stride, conv.padding, conv.dilation, conv.groups) == ((2, 1), (1, 1), (1, 1), 1)


def test_a_bias_may_be_an_array() -> None:
    bias: Any = BIAS.numpy()
    assert q.linear(X, W, bias).tolist() == q.linear(X, W, BIAS).tolist()


def test_other_storage_and_float_types() -> None:
    x = quantized(drawn(fr.int16, 2, 6), 0.25, dtype=fr.float64)
    w = quantized(drawn(fr.int4, 4, 6), 0.5, dtype=fr.float64)
    result = q.linear(x, w, scale=2.0, zero_point=0)
    expected = requantized(
        drawn(fr.int16, 2, 6).astype(int) @ drawn(fr.int4, 4, 6).astype(int).T,
        0.125,
        2.0,
        0,
        fr.int16,
    )
    assert result.tolist() == expected.tolist()


def test_functions_that_keep_the_scale() -> None:
    integers = drawn(fr.uint8, 2, 3, 4, 6)
    x = quantized(integers, 0.1, zero_point=77)
    relu = q.relu(x)
    np.testing.assert_array_equal(relu.numpy(), np.maximum(integers, 77))
    flat = q.flatten(x, 1)
    np.testing.assert_array_equal(flat.numpy(), integers.reshape(2, 72))
    pooled = q.apply(lambda x: fr.maxpool(x, (2, 2), stride=(2, 2)), x)
    expected = integers.reshape(2, 3, 2, 2, 3, 2).max(axis=(3, 5))
    np.testing.assert_array_equal(pooled.numpy(), expected)
    for result in (relu, flat, pooled):
        assert (result.q_scale(), result.q_zero_point()) == (x.q_scale(), 77)
    assert q.flatten(x, 1, 2).shape == (2, 12, 6)


def test_all_integers_are_kept_there_and_back() -> None:
    integers = np.arange(256, dtype=np.uint8)
    for scale in np.random.default_rng(0).uniform(1e-4, 10, 50):
        result = q.flatten(quantized(integers, float(scale), zero_point=101))
        np.testing.assert_array_equal(result.numpy(), integers)
