"""NLinear: one linear map for each position."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message
from support.tolerances import assert_close

CASES: list[tuple[int | tuple[int, ...], tuple[int, ...]]] = [
    (4, (4, 6)),
    (4, (2, 4, 6)),
    ((4,), (2, 3, 4, 6)),
    ((4, 5), (4, 5, 6)),
    ((4, 5), (2, 4, 5, 6)),
    ((2, 3, 4), (5, 2, 2, 3, 4, 6)),
    ((1, 1), (0, 1, 1, 6)),
]


@pytest.mark.parametrize(("n", "shape"), CASES)
@pytest.mark.parametrize("bias", [True, False])
def test_against_einsum(n: int | tuple[int, ...], shape: tuple[int, ...], bias: bool) -> None:
    layer = fr.NLinear(n, 6, 7, bias)
    layer.reset_parameters(2)
    x = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    letters = "abcdefgh"[: len(layer.n)]
    expected = np.einsum(
        f"...{letters}i,{letters}io->...{letters}o",
        x.astype(np.float64),
        layer.weight.numpy().astype(np.float64),
    )
    if layer.bias is not None:
        expected = expected + layer.bias.numpy()
    result = layer(fr.Tensor(x))
    assert result.shape == (*shape[:-1], 7)
    assert_close(result.numpy(), expected)


def test_fields() -> None:
    layer = fr.NLinear(4, 6, 7, bias=False, dtype=fr.float16)
    assert (layer.n, layer.in_features, layer.out_features) == ((4,), 6, 7)
    assert layer.dtype is fr.float16
    assert {name: t.shape for name, t in layer.state_dict().items()} == {"weight": (4, 6, 7)}


@pytest.mark.parametrize("shape", [(), (6,), (5, 6), (2, 4, 5), (6, 4)])
def test_wrong_input(shape: tuple[int, ...]) -> None:
    with pytest.raises(fr.ShapeError) as raised:
        fr.NLinear(4, 6, 7)(fr.ones(shape))
    assert message(raised.value) == (
        f"NLinear((4,), 6, 7) takes an input of shape (*, 4, 6), but got float32 {shape}."
    )


def test_bad_arguments() -> None:
    bad: list[Any] = [0, (), (2, 0), "ab", 1.5]
    for n in bad:
        with pytest.raises(fr.ArgumentError) as raised:
            fr.NLinear(n, 6, 7)
        given = (n,) if isinstance(n, int) else n
        assert message(raised.value) == (
            "NLinear takes n as integers >= 1, one for each dimension, such as n=(3, 3); "
            f"not {given!r}."
        )
    with pytest.raises(fr.ArgumentError) as size:
        fr.NLinear(4, 0, 7)
    assert message(size.value) == "NLinear takes an integer in_features >= 1, not 0."
