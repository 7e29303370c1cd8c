"""Sorting and cumulative sums: order of equal elements, long rows and errors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import farrier as fr
from support.messages import message

MATRIX = fr.Tensor([[1.0, 5.0, 5.0], [4.0, 2.0, 0.0]])


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (
            lambda: fr.argsort(fr.Tensor(1), dim=1),
            fr.ShapeError,
            "argsort got dim=1, but the tensor is a scalar: dim must be 0 or -1.",
        ),
        (
            lambda: fr.topk(fr.Tensor(2.5), 2, 0),
            fr.ArgumentError,
            "topk got k=2, but dim 0 of float32 (1,) has 1 elements: k must be in [0, 1].",
        ),
        (
            lambda: fr.topk(MATRIX, 1.5, dim=1),  # pyright: ignore[reportArgumentType]
            fr.ArgumentError,
            "topk's k takes integers, but got 1.5.",
        ),
        (
            lambda: fr.topk(MATRIX, [1, 2]),  # pyright: ignore[reportArgumentType]
            fr.ArgumentError,
            "topk's k takes one integer, but got [1, 2].",
        ),
        (
            lambda: fr.topk(MATRIX, 1, dim=3),
            fr.ShapeError,
            "topk got dim=3, but the tensor has 2 dimensions: dim must be in [-2, 1].",
        ),
        (
            lambda: fr.cumsum(MATRIX, dim=-3),
            fr.ShapeError,
            "cumsum got dim=-3, but the tensor has 2 dimensions: dim must be in [-2, 1].",
        ),
    ],
)
def test_error(function: Callable[[], object], error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as raised:
        function()
    assert message(raised.value) == text


def test_equal_elements_keep_their_order() -> None:
    _, ascending = fr.sort(MATRIX, dim=1)
    _, descending = fr.sort(MATRIX, dim=1, descending=True)
    assert ascending.tolist() == [[0, 1, 2], [2, 1, 0]]
    assert descending.tolist() == [[1, 2, 0], [0, 1, 2]]


def test_topk_of_a_scalar() -> None:
    values, indices = fr.topk(fr.Tensor(2.5), 1, 0)
    assert (values.shape, values.item(), indices.shape, indices.item()) == ((), 2.5, (), 0)
    assert fr.topk(fr.Tensor(2.5), 0, 0)[0].shape == (0,)


def test_cumsum_of_integers_wraps_around() -> None:
    result = fr.cumsum(fr.Tensor(np.full(4, 100, np.int8)), 0)
    assert result.tolist() == [100, -56, 44, -112]


def test_cumsum_of_16_bit_floats_adds_in_float32() -> None:
    ones = fr.ones((5000,), fr.float16)
    assert fr.cumsum(ones, 0)[-1].item() == 5000
