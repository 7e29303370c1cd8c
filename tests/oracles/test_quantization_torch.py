"""quantize and dequantize against torch: equal but for documented differences in rounding.

torch's quantize_per_tensor rounds after adding the zero point (2.13 on x86), its fake_quantize
before it, as ONNX does; both multiply by the scale's reciprocal, which may be inexact.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import farrier as fr
from farrier_runtime.dtypes import dtype

STORAGE = {"qint8": fr.int8, "quint8": fr.uint8}


def elements(scale: float) -> Any:
    """Return random elements, each half of a step, and their neighbours among floats."""
    generator = np.random.default_rng(0)
    halves = ((np.arange(-300, 300) + 0.5) * scale).astype(np.float32)
    near = [np.nextafter(halves, np.float32(side)) for side in (-np.inf, np.inf)]
    return np.concatenate([generator.normal(0, 100 * scale, 5000), halves, *near]).astype("f4")


def torch_quantized(x: Any, scale: Any, zero_point: Any, qtype: str, dim: int | None = None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch warns that it will be removed
        if dim is None:
            return torch.quantize_per_tensor(x, scale, zero_point, getattr(torch, qtype))
        return torch.quantize_per_channel(x, scale, zero_point, dim, getattr(torch, qtype))


@pytest.mark.parametrize("qtype", STORAGE)
@pytest.mark.parametrize("zero_point", [0, 2, 64, 126])
@pytest.mark.parametrize("scale", [1.0, 0.25, 2.0**-7])
def test_equal_where_the_reciprocal_is_exact(qtype: str, zero_point: int, scale: float) -> None:
    x = elements(scale)[: None if zero_point == 0 else 5600]  # torch's sum rounds the neighbours
    expected = torch_quantized(torch.from_numpy(x), scale, zero_point, qtype)
    result = fr.quantize(fr.Tensor(x), scale, STORAGE[qtype], zero_point=zero_point)
    np.testing.assert_array_equal(result.numpy(), expected.int_repr().numpy())
    back = fr.dequantize(result, scale, fr.float32, zero_point=zero_point)
    np.testing.assert_array_equal(back.numpy(), expected.dequantize().numpy())


@pytest.mark.parametrize("zero_point", [0, 1, 64, 127])
@pytest.mark.parametrize("scale", [1.0, 0.25, 2.0**-7])
def test_equal_to_fake_quantize_for_all_zero_points(zero_point: int, scale: float) -> None:
    x = elements(scale)
    expected = torch.fake_quantize_per_tensor_affine(
        torch.from_numpy(x), scale, zero_point, -128, 127
    )
    q = fr.quantize(fr.Tensor(x), scale, fr.int8, zero_point=zero_point)
    back = fr.dequantize(q, scale, fr.float32, zero_point=zero_point)
    np.testing.assert_array_equal(back.numpy(), expected.numpy())


@pytest.mark.parametrize("qtype", STORAGE)
@pytest.mark.parametrize("scale", [0.1, 0.0137, 3.3, 1.0])
def test_elsewhere_only_halves_differ_and_by_one_step(qtype: str, scale: float) -> None:
    x = elements(scale)
    expected = torch_quantized(torch.from_numpy(x), scale, 3, qtype).int_repr().numpy()
    result = fr.quantize(fr.Tensor(x), scale, STORAGE[qtype], zero_point=3).numpy()
    differ = result != expected
    print(f"{differ.sum()} of {differ.size} elements differ")
    fraction = np.abs(x[differ].astype(np.float64) / np.float32(scale)) % 1
    np.testing.assert_allclose(fraction, 0.5, atol=1e-4)
    assert not differ[:5000].any()
    assert np.abs(result.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(("qtype", "storage"), STORAGE.items())
def test_per_channel_equals_torch(qtype: str, storage: dtype) -> None:
    generator = np.random.default_rng(1)
    x = generator.normal(0, 30, (5, 64, 3)).astype(np.float32)
    scale = (2.0 ** generator.integers(-4, 4, 64)).astype(np.float32)
    zero_point = generator.integers(0, 50, 64) * 2
    wide = [torch.from_numpy(array) for array in (x, scale, zero_point)]
    expected = torch_quantized(wide[0], wide[1], wide[2], qtype, 1)
    step, offsets = fr.Tensor(scale), fr.Tensor(zero_point.astype(storage.numpy))
    result = fr.quantize(fr.Tensor(x), step, storage, 1, offsets)
    np.testing.assert_array_equal(result.numpy(), expected.int_repr().numpy())
    back = fr.dequantize(result, step, fr.float32, 1, offsets)
    np.testing.assert_array_equal(back.numpy(), expected.dequantize().numpy())
