"""Normalisation: cases that rows cannot express, and the other errors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops.normalization import BatchNormInference
from support.messages import message

X = fr.ones((2, 3, 4))
ONE = fr.ones((3,))
FOUR = fr.ones((4,))
THREE = fr.ones((3,), fr.int32)


def test_features_may_be_any_dimension() -> None:
    mean = fr.Tensor(np.arange(4, dtype=np.float32))
    result = apply(BatchNormInference(0.0, 2), X, FOUR, FOUR, mean, FOUR)
    np.testing.assert_array_equal(result.numpy(), np.broadcast_to([2, 1, 0, -1], (2, 3, 4)))


SHAPE, DTYPE = fr.ShapeError, fr.DtypeError
ERRORS: list[tuple[Callable[[], object], type[fr.FarrierError], str]] = [
    (
        lambda: fr.batch_norm(ONE, ONE, ONE, ONE, ONE),
        SHAPE,
        "batch_norm got float32 (3,), which has no feature dimension 1. The input must be "
        "(N, features, ...).",
    ),
    (
        lambda: fr.batch_norm(fr.ones((2, 3), fr.float16), ONE, ONE, ONE, ONE),
        DTYPE,
        "batch_norm takes operands of one data type, but got float16 (2, 3) and float32 (3,) and "
        "float32 (3,) and float32 (3,) and float32 (3,). Cast one of them, for example with "
        "fr.cast(x, fr.float16).",
    ),
    (
        lambda: fr.rms_norm(X, ()),
        SHAPE,
        "rms_norm got float32 (2, 3, 4), which does not end in normalized_shape=(). It "
        "normalises over the last dimensions, at least one.",
    ),
    (
        lambda: fr.layer_norm(X, 4, FOUR, ONE),
        SHAPE,
        "layer_norm got float32 (2, 3, 4), but its bias is float32 (3,). It must have the shape "
        "(4,).",
    ),
    (
        lambda: fr.group_norm(ONE, 1),
        SHAPE,
        "group_norm takes an input of shape (N, channels, *), but got float32 (3,).",
    ),
    (
        lambda: fr.group_norm(X, 3, FOUR),
        SHAPE,
        "group_norm got float32 (2, 3, 4), but its weight is float32 (4,). It must have the shape "
        "(3,).",
    ),
    (
        lambda: fr.instance_norm(X, ONE, FOUR),
        SHAPE,
        "instance_norm got float32 (2, 3, 4), but its bias is float32 (4,). It must have the shape "
        "(3,).",
    ),
    (
        lambda: fr.batch_norm(fr.ones((2, 3), fr.int32), THREE, THREE, THREE, THREE),
        DTYPE,
        "batch_norm takes a floating-point number, but got int32 (2, 3). Convert it first, for "
        "example with fr.cast(x, fr.float32).",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_error(call: Callable[[], object], error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert message(caught.value) == text
