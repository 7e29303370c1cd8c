"""Pooling: cases that rows cannot express, and the other errors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops.pooling import MaxPool
from support.messages import message

X = fr.ones((1, 2, 5, 5))


def test_maximum_propagates_nan() -> None:
    result = fr.maxpool(fr.Tensor([[[1.0, np.nan, 3.0, 4.0]]]), (2,))
    np.testing.assert_array_equal(result.numpy(), [[[np.nan, np.nan, 4.0]]])


def test_padding_never_wins() -> None:
    result = fr.maxpool(fr.Tensor([[[-5, -7]]]), (2,), padding=((1, 1),))
    assert result.tolist() == [[[-5, -5, -7]]]


def test_mean_of_float16_does_not_overflow() -> None:
    assert fr.avgpool(fr.full((1, 1, 4), 60000, fr.float16), (4,)).item() == 60000


def test_mean_of_int8_does_not_overflow() -> None:
    assert fr.avgpool(fr.full((1, 1, 4), -100, fr.int8), (4,)).item() == -100


def test_no_batch() -> None:
    assert fr.maxpool(fr.ones((0, 2, 4)), (2,)).shape == (0, 2, 3)


SHAPE, ARGUMENT = fr.ShapeError, fr.ArgumentError
ERRORS: list[tuple[Callable[[], object], type[fr.FarrierError], str]] = [
    (
        lambda: fr.maxpool(fr.ones((2, 3)), ()),
        SHAPE,
        "maxpool takes (N, C, ...) with at least one spatial dimension, but got float32 (2, 3).",
    ),
    (
        lambda: fr.maxpool(X, (2,)),
        ARGUMENT,
        "maxpool's kernel_dims takes 2 numbers of at least 1 for float32 (1, 2, 5, 5), but got "
        "(2,).",
    ),
    (
        lambda: fr.avgpool(X, (2, 2), padding=((1, 1), (1,))),
        ARGUMENT,
        "avgpool takes 2 pairs of padding for float32 (1, 2, 5, 5), for example ((1, 1), (1, 1)), "
        "but got ((1, 1), (1,)).",
    ),
    (
        lambda: apply(MaxPool((1, 1, 2, 2), (1,) * 4, ((0, 0),) * 4, (1, 1, 0, 1)), X),
        ARGUMENT,
        "maxpool got dilation=(1, 1, 0, 1): all must be at least 1.",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_error(call: Callable[[], object], error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert message(caught.value) == text
