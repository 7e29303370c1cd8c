"""Errors, in the function's name, for arguments that are not numbers, tensors or lists of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message

X: Any = fr.ones((2, 3))
ROW: Any = fr.ones((3,))
IMAGE: Any = fr.ones((1, 4, 8, 8))
CHANNELS: Any = fr.ones((4,))
KERNEL: Any = fr.ones((4, 4, 3, 3))
SHOWN = "tensor([1, 1, 1], dtype=float32, loc=cpu:0, shape=(3,))"
NONE: Any = None
TEXT: Any = "abc"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            lambda: fr.batch_norm(IMAGE, CHANNELS, CHANNELS, CHANNELS, CHANNELS, NONE),
            "batch_norm's eps takes one number, but got None.",
        ),
        (
            lambda: fr.layer_norm(X, 3, eps=TEXT),
            "layer_norm's eps takes one number, but got 'abc'.",
        ),
        (lambda: fr.rms_norm(X, 3, eps=ROW), f"rms_norm's eps takes one number, but got {SHOWN}."),
        (
            lambda: fr.group_norm(IMAGE, 2, eps=ROW),
            f"group_norm's eps takes one number, but got {SHOWN}.",
        ),
        (
            lambda: fr.instance_norm(IMAGE, eps=ROW),
            f"instance_norm's eps takes one number, but got {SHOWN}.",
        ),
        (
            lambda: fr.allclose(X, X, rtol=ROW),
            f"allclose's rtol takes one number, but got {SHOWN}.",
        ),
        (
            lambda: fr.allclose(X, X, atol=TEXT),
            "allclose's atol takes one number, but got 'abc'.",
        ),
        (lambda: fr.arange(NONE, 8), "arange takes finite numbers, but got None."),
        (
            lambda: fr.rand(fr.ones((2, 2), fr.int32), 4),
            "rand's shape takes integers, but got (tensor( [[1, 1], [1, 1]], dtype=int32, "
            "loc=cpu:0, shape=(2, 2)), 4).",
        ),
        (
            lambda: fr.convolution(IMAGE, KERNEL, groups=()),  # pyright: ignore[reportArgumentType]
            "convolution's groups takes one integer, but got ().",
        ),
        (
            lambda: fr.concatenate(1.5, 0),  # pyright: ignore[reportArgumentType]
            "concatenate takes a list of tensors, but got 1.5.",
        ),
        (
            lambda: fr.stack(NONE),
            "stack takes a list of tensors, but got None.",
        ),
        (
            lambda: fr.dot_general(X, X, ((1,),)),  # pyright: ignore[reportArgumentType]
            "dot_general takes contracting_dims as a pair, the left and the right operand's, "
            "but got ((1,),).",
        ),
        (
            lambda: fr.dot_general(X, X, ((1,), (1,)), NONE),
            "dot_general takes batch_dims as a pair, the left and the right operand's, "
            "but got None.",
        ),
        (
            lambda: fr.dot_general(X, X, ((1,), (1,)), dtype=TEXT),
            "dot_general needs a data type such as fr.float32, not 'abc'.",
        ),
    ],
)
def test_refused(call: Callable[[], object], expected: str) -> None:
    with pytest.raises(fr.FarrierError) as caught:
        call()
    assert message(caught.value) == expected


@pytest.mark.parametrize(
    "call",
    [
        lambda: fr.layer_norm(X, 3, TEXT),
        lambda: fr.rms_norm(X, 3, TEXT),
        lambda: fr.group_norm(IMAGE, 2, None, TEXT),
        lambda: fr.instance_norm(IMAGE, TEXT),
        lambda: fr.slice(TEXT, 0),
        lambda: fr.copy(TEXT, fr.device("cpu")),
        lambda: fr.reshape(TEXT, (-1,)),
    ],
)
def test_no_tensor(call: Callable[[], object]) -> None:
    with pytest.raises(fr.ArgumentError) as caught:
        call()
    assert message(caught.value).startswith("A str cannot become a tensor. Pass a number,")


ROWS: Any = [[1.0, 2.0, 3.0]]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (lambda: fr.layer_norm(X, 3, [1.0] * 3, [1.0, 2.0, 3.0]), [[1, 2, 3]] * 2),  # pyright: ignore[reportArgumentType]
        (lambda: fr.rms_norm(X, 3, np.full(3, 2, np.float32), eps=0), [[2, 2, 2]] * 2),  # pyright: ignore[reportArgumentType]
        (lambda: fr.slice(ROWS, (0, slice(None, None, -1))), [3, 2, 1]),
        (lambda: fr.copy(ROWS, fr.device("cpu")), [[1, 2, 3]]),
        (lambda: fr.reshape(ROWS, (-1,)), [1, 2, 3]),
        (lambda: fr.power(fr.Tensor(ROWS), [1.0, 2.0, 3.0]), [[1, 4, 27]]),  # pyright: ignore[reportArgumentType]
        (lambda: fr.power(fr.Tensor(ROWS), np.array([2], np.float32)), [[1, 4, 9]]),  # pyright: ignore[reportArgumentType]
        (lambda: fr.concatenate(np.ones((2, 1), np.float32), 0), [1, 1]),  # pyright: ignore[reportArgumentType]
    ],
)
def test_lists_and_arrays(result: Callable[[], fr.Tensor], expected: Any) -> None:
    np.testing.assert_allclose(result().numpy(), expected)
