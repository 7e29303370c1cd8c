"""Data types of numpy wherever a function or a layer takes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr

X = fr.Tensor([1.0, 2.0])
TAKERS: list[Callable[[Any], Any]] = [
    lambda dtype: fr.Tensor([1, 2], dtype=dtype),
    lambda dtype: fr.InputInfo((2,), dtype),
    lambda dtype: fr.Parameter((2,), dtype),
    lambda dtype: fr.cast(X, dtype),
    lambda dtype: X.cast(dtype),
    lambda dtype: fr.bitcast(fr.Tensor([1, 2], fr.int16), dtype),
    lambda dtype: fr.zeros(2, dtype),
    lambda dtype: fr.ones(2, dtype=dtype),
    lambda dtype: fr.full(2, 1, dtype),
    lambda dtype: fr.zeros_like(X, dtype),
    lambda dtype: fr.ones_like(X, dtype),
    lambda dtype: fr.full_like(X, 1, dtype),
    lambda dtype: fr.iota((2,), 0, dtype),
    lambda dtype: fr.iota_like(X, 0, dtype),
    lambda dtype: fr.arange(2, dtype),
    lambda dtype: fr.arange(0, 2, dtype=dtype),
    lambda dtype: fr.rand(2, dtype=dtype),
    lambda dtype: fr.randn(2, dtype=dtype),
    lambda dtype: fr.dot_general(X, X, ((0,), (0,)), dtype=dtype),
    lambda dtype: fr.dequantize(fr.Tensor([1], fr.int8), 0.5, dtype),
    lambda dtype: fr.Linear(2, 3, dtype=dtype),
    lambda dtype: fr.NLinear(2, 2, 3, dtype=dtype),
    lambda dtype: fr.Embedding(2, 3, dtype=dtype),
    lambda dtype: fr.Conv(1, 1, (2,), dtype=dtype),
    lambda dtype: fr.ConvTranspose(1, 1, (2,), dtype=dtype),
    lambda dtype: fr.BatchNorm(2, dtype),
    lambda dtype: fr.InstanceNorm(2, dtype),
    lambda dtype: fr.GroupNorm(1, 2, dtype),
    lambda dtype: fr.LayerNorm(2, dtype),
    lambda dtype: fr.RMSNorm(2, dtype),
]


@pytest.mark.parametrize("taker", TAKERS)
def test_numpys_floats_are_accepted(taker: Callable[[Any], Any]) -> None:
    assert taker(np.float16).dtype is fr.float16
    assert taker(np.dtype("float16")).dtype is fr.float16
    if isinstance(layer := taker(np.float16), fr.Module):
        assert {tensor.dtype for tensor in layer.state_dict().values()} == {fr.float16}


def test_numpys_integers_are_accepted() -> None:
    small: Any = np.uint8
    assert fr.quantize(X, 0.5, small).dtype is fr.uint8
    assert fr.Linear(2, 3, quant_dtype=small).quant_dtype is fr.uint8
    assert fr.quantized.Quantize(0.5, 3, small)(X).dtype is fr.uint8
    assert fr.quantized.QuantizedLinear(2, 3, dtype=small).dtype is fr.uint8


def test_inputs_of_numpy_types_compile() -> None:
    double = fr.compile(lambda x: x * 2, args=[fr.InputInfo((2,), np.int16)], target="cpu")
    assert double(np.array([1, 2], np.int16)).tolist() == [2, 4]
    assert fr.InputInfo((2,), np.int16) == fr.InputInfo((2,), fr.int16)
