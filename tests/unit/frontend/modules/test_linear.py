"""Linear: `y = x W^T + b` on any rank."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier_compiler.graph import topological
from farrier_runtime.dtypes import dtype
from support.messages import message
from support.tolerances import assert_close


def draw(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).uniform(-1, 1, shape)


@pytest.mark.parametrize("shape", [(6,), (2, 6), (2, 3, 6), (0, 6), (2, 1, 3, 6)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [fr.float64, fr.float32, fr.float16, fr.bfloat16])
def test_against_float64(shape: tuple[int, ...], bias: bool, dtype: dtype) -> None:
    linear = fr.Linear(6, 5, bias=bias, dtype=dtype)
    x, weight, offset = (draw(*s).astype(dtype.numpy) for s in (shape, (5, 6), (5,)))
    linear.load_state_dict({"weight": weight} | ({"bias": offset} if bias else {}))
    expected = x.astype(np.float64) @ weight.astype(np.float64).T
    expected = expected + offset.astype(np.float64) if bias else expected
    # Two roundings: the product's and the sum's.
    assert_close(linear(fr.Tensor(x)).numpy(), expected, scale=2)


def test_linear_is_one_contraction_and_a_sum() -> None:
    result = fr.Linear(6, 5)(fr.Tensor(draw(2, 3, 6).astype(np.float32)))
    assert [node.op.name for node in topological([result.value])] == ["dot_general", "add"]


def test_fields() -> None:
    linear = fr.Linear(6, 5, bias=False, dtype=fr.float16)
    assert (linear.in_features, linear.out_features, linear.dtype) == (6, 5, fr.float16)
    assert linear.bias is None
    assert list(linear.state_dict()) == ["weight"]


@pytest.mark.parametrize("shape", [(), (5,), (6, 7)])
def test_wrong_input(shape: tuple[int, ...]) -> None:
    with pytest.raises(fr.ShapeError) as raised:
        fr.Linear(6, 5)(fr.ones(shape))
    assert message(raised.value) == (
        f"Linear(6, 5) takes an input of shape (*, 6), but got float32 {shape}."
    )
    assert f"  x: float32 {shape}, made here:\n" in str(raised.value)


@pytest.mark.parametrize(
    ("layer", "x", "text"),
    [
        (
            fr.Linear(6, 5),
            fr.ones((2, 6), fr.float16),
            "Linear holds float32, but got float16 (2, 6)",
        ),
        (
            fr.Conv(3, 4, (1, 1)),
            fr.ones((1, 3, 2, 2), fr.float64),
            "Conv holds float32, but got float64 (1, 3, 2, 2)",
        ),
        (
            fr.ConvTranspose(3, 4, (1,)),
            fr.ones((1, 3, 2), fr.int8),
            "ConvTranspose holds float32, but got int8 (1, 3, 2)",
        ),
    ],
)
def test_inputs_of_another_data_type_are_refused(layer: fr.Module, x: fr.Tensor, text: str) -> None:
    with pytest.raises(fr.DtypeError) as raised:
        layer(x)
    assert message(raised.value) == (
        f"{text}. Cast the input, for example with fr.cast(x, fr.float32), or make the layer with "
        "another dtype."
    )
    assert f"  x: {x.dtype} {x.shape}, made here:\n" in str(raised.value)


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "3", None])
def test_sizes(size: Any) -> None:
    with pytest.raises(fr.ArgumentError) as raised:
        fr.Linear(size, 5)
    assert message(raised.value) == f"Linear takes an integer in_features >= 1, not {size!r}."
    with pytest.raises(fr.ArgumentError) as output:
        fr.Linear(5, size)
    assert message(output.value) == f"Linear takes an integer out_features >= 1, not {size!r}."
