"""BatchNorm: normalisation by given statistics, for any rank."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier_runtime.dtypes import dtype
from support.messages import message
from support.tolerances import assert_close

NAMES = ["weight", "bias", "running_mean", "running_var"]


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 5), (1, 3, 2, 2, 2)])
@pytest.mark.parametrize("dtype", [fr.float64, fr.float32, fr.float16, fr.bfloat16])
def test_against_float64(shape: tuple[int, ...], dtype: dtype) -> None:
    generator = np.random.default_rng(0)
    x = generator.uniform(-2, 2, shape).astype(dtype.numpy)
    state = {name: generator.uniform(0.5, 2, 3).astype(dtype.numpy) for name in NAMES}
    norm = fr.BatchNorm(3, dtype=dtype, eps=0.25)
    norm.load_state_dict(state)
    sizes = (3, *[1] * (len(shape) - 2))
    weight, bias, mean, variance = (state[name].astype(np.float64).reshape(sizes) for name in NAMES)
    expected = (x.astype(np.float64) - mean) / np.sqrt(variance + 0.25) * weight + bias
    assert_close(norm(fr.Tensor(x)).numpy(), expected)


def test_fields() -> None:
    norm = fr.BatchNorm(3, fr.float16, 0.1)
    assert (norm.num_features, norm.dtype, norm.eps) == (3, fr.float16, 0.1)
    assert list(norm.state_dict()) == NAMES
    assert fr.BatchNorm(3).eps == 1e-5


def test_wrong_features() -> None:
    with pytest.raises(fr.ShapeError) as raised:
        fr.BatchNorm(3)(fr.ones((2, 4, 5)))
    assert message(raised.value) == (
        "batch_norm got 4 features in dimension 1 of float32 (2, 4, 5), but its weight is "
        "float32 (3,). It must have the shape (4,)."
    )


@pytest.mark.parametrize("size", [0, 1.5, None])
def test_sizes(size: Any) -> None:
    with pytest.raises(fr.ArgumentError) as raised:
        fr.BatchNorm(size)
    assert message(raised.value) == f"BatchNorm takes an integer num_features >= 1, not {size!r}."
