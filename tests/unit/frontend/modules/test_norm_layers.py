"""LayerNorm, RMSNorm, GroupNorm, InstanceNorm: fields, 16-bit floats and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier_runtime.dtypes import dtype
from support.messages import message
from support.tolerances import assert_close

LAYERS: list[tuple[Callable[[dtype], fr.Module], tuple[int, ...]]] = [
    (lambda dtype: fr.LayerNorm(64, dtype), (2, 6, 64)),
    (lambda dtype: fr.RMSNorm(64, dtype), (2, 6, 64)),
    (lambda dtype: fr.GroupNorm(2, 6, dtype), (2, 6, 64)),
    (lambda dtype: fr.InstanceNorm(6, dtype), (2, 6, 64)),
]


@pytest.mark.parametrize(("make", "shape"), LAYERS)
@pytest.mark.parametrize("dtype", [fr.float16, fr.bfloat16])
def test_narrow_floats_round_once(
    make: Callable[[dtype], fr.Module], shape: tuple[int, ...], dtype: dtype
) -> None:
    generator = np.random.default_rng(0)
    narrow, wide = make(dtype), make(fr.float64)
    for name, tensor in wide.state_dict().items():
        value = generator.uniform(0.5, 2, tensor.shape).astype(dtype.numpy)
        setattr(narrow, name, value)
        setattr(wide, name, value.astype(np.float64))
    # The squares are beyond float16, and the mean is large.
    x = generator.uniform(900, 1000, shape).astype(dtype.numpy)
    result = narrow(fr.Tensor(x)).numpy()
    expected = wide(fr.Tensor(x.astype(np.float64))).numpy()
    unit = 2.0 ** -(11 if dtype is fr.float16 else 8)
    np.testing.assert_allclose(result.astype(np.float64), expected, rtol=1.01 * unit, atol=1e-4)


def test_fields() -> None:
    layer = fr.LayerNorm([3, 4], fr.float16, 0.1)
    assert (layer.normalized_shape, layer.dtype, layer.eps) == ((3, 4), fr.float16, 0.1)
    assert {name: x.shape for name, x in layer.state_dict().items()} == {
        "weight": (3, 4),
        "bias": (3, 4),
    }
    rms = fr.RMSNorm(3)
    assert (rms.normalized_shape, rms.eps, list(rms.state_dict())) == ((3,), 1e-5, ["weight"])
    group = fr.GroupNorm(2, 6)
    assert (group.num_groups, group.num_channels, group.eps) == (2, 6, 1e-5)
    assert fr.InstanceNorm(6).num_channels == 6


def test_constant_rows_become_the_bias() -> None:
    layer = fr.LayerNorm(5)
    layer.reset_parameters()
    layer.bias = fr.arange(5)
    assert_close(layer(fr.full((2, 5), 7.0)).numpy(), np.tile(np.arange(5.0), (2, 1)))


SHAPE = (
    "takes normalized_shape as integers >= 1, one for each dimension, such as "
    "normalized_shape=(3, 3); not "
)
BAD_ARGUMENTS: list[tuple[Callable[[], Any], str]] = [
    (lambda: fr.LayerNorm(0), f"LayerNorm {SHAPE}(0,)."),
    (lambda: fr.LayerNorm(()), f"LayerNorm {SHAPE}()."),
    (lambda: fr.RMSNorm((2, 1.5)), f"RMSNorm {SHAPE}(2, 1.5)."),  # pyright: ignore
    (lambda: fr.GroupNorm(0, 6), "GroupNorm takes an integer num_groups >= 1, not 0."),
    (
        lambda: fr.GroupNorm(4, 6),
        "GroupNorm got num_channels=6, which cannot be divided into num_groups=4.",
    ),
    (lambda: fr.InstanceNorm(-1), "InstanceNorm takes an integer num_channels >= 1, not -1."),
]


@pytest.mark.parametrize(("call", "text"), BAD_ARGUMENTS)
def test_bad_arguments(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(fr.ArgumentError) as raised:
        call()
    assert message(raised.value) == text


def test_wrong_shapes_name_the_layer() -> None:
    with pytest.raises(fr.ShapeError) as raised:
        fr.Sequential(fr.LayerNorm(4))(fr.ones((2, 5)))
    assert message(raised.value) == (
        "layer_norm got float32 (2, 5), which does not end in normalized_shape=(4,). It normalises "
        "over the last dimensions, at least one."
    )
    assert "layer '0'" in str(raised.value)
