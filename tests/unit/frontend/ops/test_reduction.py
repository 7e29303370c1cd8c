"""Reductions: the choice of dimensions, empty inputs, ties, NaN and errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message

MATRIX = fr.Tensor([[1.0, 5.0, 5.0], [4.0, 2.0, 0.0]])


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (
            lambda: fr.sum(MATRIX, dim=(0, -2)),
            fr.ShapeError,
            "sum got dims (0, -2), which name a dimension twice.",
        ),
        (
            lambda: fr.argmax(MATRIX, dim=[0, 1]),  # pyright: ignore[reportArgumentType]
            fr.ArgumentError,
            "argmax's dim takes one integer, but got [0, 1].",
        ),
        (
            lambda: fr.sum(MATRIX, dim=0.5),  # pyright: ignore[reportArgumentType]
            fr.ArgumentError,
            "sum's dim takes integers, but got 0.5.",
        ),
        (
            lambda: fr.max(fr.zeros((0, 3)), dim=0),
            fr.ShapeError,
            "max of no elements is not defined, but float32 (0, 3) has size 0 in a dimension that "
            "is reduced. Reduce other dimensions, or test the size first.",
        ),
        (
            lambda: fr.argmin(fr.zeros((3, 0)), dim=1),
            fr.ShapeError,
            "argmin of no elements is not defined, but float32 (3, 0) has size 0 in a dimension "
            "that is reduced. Reduce other dimensions, or test the size first.",
        ),
        (
            lambda: fr.argmax(fr.Tensor(1.0), dim=1),
            fr.ShapeError,
            "argmax got dim=1, but the tensor is a scalar: dim must be 0 or -1.",
        ),
    ],
)
def test_refusals(function: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        function()
    assert message(caught.value) == text


@pytest.mark.parametrize("function", [fr.sum, fr.prod, fr.max, fr.min, fr.mean, fr.var])
def test_shapes(function: Any) -> None:
    x = fr.ones((2, 3, 5))
    assert function(x).shape == ()
    assert function(x, keepdim=True).shape == (1, 1, 1)
    assert function(x, dim=-1).shape == (2, 3)
    assert function(x, dim=(2, 0)).shape == (3,)
    assert function(x, dim=[0, 2], keepdim=True).shape == (1, 3, 1)
    assert function(x, dim=()).shape == (2, 3, 5)


def test_the_first_of_equal_elements_wins() -> None:
    assert fr.argmax(MATRIX, dim=1).tolist() == [1, 0]
    assert fr.argmin(fr.zeros((2, 3)), dim=1).tolist() == [0, 0]
    assert fr.argmax(MATRIX).tolist() == 1
    assert fr.argmax(MATRIX).dtype is fr.int32
    assert fr.argmax(MATRIX, keepdim=True).tolist() == [[1]]
    assert fr.argmax(fr.Tensor(3.0)).tolist() == 0


def test_nan_wins() -> None:
    x = fr.Tensor([1.0, math.nan, 3.0, math.nan])
    assert fr.argmax(x).tolist() == fr.argmin(x).tolist() == 1
    assert math.isnan(fr.max(x).item())
    assert math.isnan(fr.min(x).item())
    assert math.isnan(fr.sum(x).item())


def test_reductions_of_empty_tensors() -> None:
    nothing = fr.zeros((0, 2))
    assert fr.sum(nothing, dim=0).tolist() == [0.0, 0.0]
    assert fr.prod(nothing, dim=0).tolist() == [1.0, 1.0]
    assert fr.all(nothing > 0).tolist() is True
    assert fr.any(nothing > 0).tolist() is False
    assert math.isnan(fr.mean(nothing).item())
    assert fr.max(nothing, dim=1).shape == (0,)


def test_integers_keep_their_type() -> None:
    x = fr.Tensor([[100, 100], [7, -8]], dtype=fr.int8)
    assert fr.sum(x, dim=1).tolist() == [-56, -1]
    assert fr.mean(x, dim=1).tolist() == [100, 0]
    assert fr.prod(x, dim=1).dtype is fr.int8


def test_16_bit_floats_add_up_in_float32() -> None:
    x = fr.ones(4096, fr.bfloat16)
    assert fr.sum(x).tolist() == 4096
    large = fr.full((4,), 60000, fr.float16)
    assert fr.mean(large).tolist() == 60000
    assert fr.var(large).tolist() == 0


def test_variance_divides_by_what_is_left() -> None:
    x = fr.Tensor([2.0])
    assert math.isnan(fr.var(x).item())
    assert fr.var(x, correction=0).tolist() == 0
    assert fr.var(fr.Tensor([1.0, 2.0]), correction=5).tolist() == math.inf


def test_softmax_over_everything_keeps_the_shape() -> None:
    result = fr.softmax(MATRIX)
    assert result.shape == (2, 3)
    np.testing.assert_allclose(result.numpy().sum(), 1, rtol=1e-6)
    far = fr.log_softmax(fr.Tensor([0.0, -1000.0]))
    assert far.tolist() == [0.0, -1000.0]
