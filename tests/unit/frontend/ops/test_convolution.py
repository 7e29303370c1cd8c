"""Convolution: cases that rows cannot express, and the other errors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops import convolution as module
from farrier_compiler.ops.convolution import Convolution
from support.messages import message

X = fr.ones((1, 4, 5, 5))
W = fr.ones((6, 4, 3, 3))


@pytest.mark.parametrize("shape", [(3, 4, 9, 8), (1, 4, 40, 3), (64, 4, 3, 3)])
def test_large_inputs_are_split(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    x = fr.Tensor(generator.integers(-5, 5, shape).astype(np.float32))
    w = fr.Tensor(generator.integers(-5, 5, (6, 2, 3, 2)).astype(np.float32))
    whole = fr.convolution(x, w, (2, 1), ((1, 0), (1, 1)), (1, 2), groups=2).numpy()
    monkeypatch.setattr(module, "_MATRIX_BYTES", 600)
    split = fr.convolution(x, w, (2, 1), ((1, 0), (1, 1)), (1, 2), groups=2).numpy()
    np.testing.assert_array_equal(split, whole)


def test_int8_wraps_around() -> None:
    image, weight = fr.full((1, 1, 3), 100, fr.int8), fr.full((1, 1, 3), 1, fr.int8)
    assert fr.convolution(image, weight).tolist() == [[[300 - 256]]]


SHAPE, ARGUMENT, DTYPE = fr.ShapeError, fr.ArgumentError, fr.DtypeError
ERRORS: list[tuple[Callable[[], object], type[fr.FarrierError], str]] = [
    (
        lambda: fr.convolution(X, fr.ones((3, 2, 3, 3)), groups=2),
        SHAPE,
        "convolution got a weight with 3 output channels, float32 (3, 2, 3, 3): they cannot be "
        "divided into 2 groups.",
    ),
    (
        lambda: fr.convolution(X, fr.ones((6, 4, 3))),
        SHAPE,
        "convolution takes an input and a weight of equal rank, at least 2, but got float32 "
        "(1, 4, 5, 5) and float32 (6, 4, 3).",
    ),
    (
        lambda: fr.convolution(fr.ones((4,)), fr.ones((4,))),
        SHAPE,
        "convolution takes an input and a weight of equal rank, at least 2, but got float32 (4,) "
        "and float32 (4,).",
    ),
    (
        lambda: fr.convolution(X, W, dilation=(1, 3)),
        SHAPE,
        "convolution got a kernel that extends over 7 elements in spatial dimension 1, but the "
        "padded input has 5 there.",
    ),
    (
        lambda: fr.convolution(X, W, stride=(1,)),
        ARGUMENT,
        "convolution got stride=(1,) for float32 (1, 4, 5, 5), which has 2 spatial dimensions: it "
        "needs one entry for each.",
    ),
    (
        lambda: fr.convolution(X, W, stride=(0, 1)),
        ARGUMENT,
        "convolution got stride=(0, 1): all must be at least 1.",
    ),
    (
        lambda: fr.convolution(X, W, padding=((1, 1),)),
        ARGUMENT,
        "convolution takes 2 pairs of padding for float32 (1, 4, 5, 5), for example "
        "((1, 1), (1, 1)), but got ((1, 1),).",
    ),
    (
        lambda: fr.convolution(X, W, groups=0),
        ARGUMENT,
        "convolution got groups=0: it must be at least 1.",
    ),
    (
        lambda: apply(Convolution((1, 1), ((0, 0),), (1, 1)), X, W),
        ARGUMENT,
        "convolution got padding=((0, 0),) for float32 (1, 4, 5, 5), which has 2 spatial "
        "dimensions: it needs one entry for each.",
    ),
    (
        lambda: fr.convolution(fr.cast(X, fr.bool), fr.cast(W, fr.bool)),
        DTYPE,
        "convolution takes a number, but got bool (1, 4, 5, 5). Convert it first, for example "
        "with fr.cast(x, fr.float32).",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_error(call: Callable[[], object], error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert message(caught.value) == text


def test_one_number_stands_for_all_dimensions() -> None:
    image, weight = fr.randn((1, 2, 7, 6), seed=0), fr.randn((2, 2, 3, 2), seed=1)
    for function in (fr.convolution, fr.conv_transpose):
        every = function(image, weight, (2, 2), ((1, 1), (1, 1)), (2, 2))
        assert fr.equal(function(image, weight, 2, 1, 2), every)
    for pool in (fr.maxpool, fr.avgpool):
        assert fr.equal(pool(image, 3, 2, 1), pool(image, (3, 3), (2, 2), ((1, 1), (1, 1))))
