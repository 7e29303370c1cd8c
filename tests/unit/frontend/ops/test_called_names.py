"""Function names in errors: the one that the user called, not those that implement it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import farrier as fr
from support.messages import message

X = fr.ones((2, 3))
WHOLE = fr.ones((2, 3), fr.int32)


def first_words(call: Callable[[], object], count: int = 3) -> str:
    """Return how the text of a call's error begins."""
    with pytest.raises(fr.FarrierError) as caught:
        call()
    return " ".join(message(caught.value).split()[:count])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: X == WHOLE, "eq takes operands"),
        (lambda: X.allclose(WHOLE), "allclose takes operands"),
        (lambda: WHOLE.silu(), "silu takes a"),
        (lambda: X[np.zeros(2, np.uint8)], "slice takes int32"),
        (lambda: fr.masked_fill(X, fr.ones(4, fr.bool), 1), "masked_fill cannot broadcast"),
        (lambda: fr.elu(X, alpha=fr.ones(4)), "elu cannot broadcast"),  # pyright: ignore[reportArgumentType]
        (lambda: fr.leaky_relu(X, fr.ones(4)), "leaky_relu cannot broadcast"),  # pyright: ignore[reportArgumentType]
        (lambda: fr.tril(X, fr.ones(4)), "tril's diagonal takes"),  # pyright: ignore[reportArgumentType]
        (lambda: fr.triu(X, fr.ones(4)), "triu's diagonal takes"),  # pyright: ignore[reportArgumentType]
        (lambda: fr.var(X, 1, correction=fr.Tensor(1)), "var's correction takes"),  # pyright: ignore[reportArgumentType]
        (lambda: fr.full_like(X, fr.ones(4)), "full_like cannot give"),
        (lambda: fr.ones(-1), "ones needs sizes"),
        (lambda: fr.zeros(-1), "zeros needs sizes"),
        (lambda: fr.ones_like(X, "f32"), "ones_like needs a"),  # pyright: ignore[reportArgumentType]
        (lambda: fr.zeros_like(X, "f32"), "zeros_like needs a"),  # pyright: ignore[reportArgumentType]
        (lambda: fr.iota_like(X, 2), "iota_like got dim=2,"),
        (lambda: fr.iota_like(X, "x"), "iota_like's dim takes"),  # pyright: ignore[reportArgumentType]
        (lambda: fr.argsort(X, "x"), "argsort's dim takes"),  # pyright: ignore[reportArgumentType]
    ],
)
def test_functions_of_other_functions(call: Callable[[], object], words: str) -> None:
    assert first_words(call) == words


QUANTIZED = fr.quantize(fr.ones((1, 4, 8, 8)), 0.5, fr.uint8)
KERNEL = fr.quantize(fr.ones((4, 4, 9, 9)), 0.5, fr.int8)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: fr.quantized.conv2d(QUANTIZED, KERNEL, None), "quantized.conv2d got a"),
        (
            lambda: fr.quantized.conv2d_relu(QUANTIZED, fr.quantized.conv2d_prepack(KERNEL)),
            "quantized.conv2d_relu got a",
        ),
        (lambda: fr.quantized.flatten(QUANTIZED, 7), "quantized.flatten got dim=7,"),
        (lambda: fr.quantized.flatten(QUANTIZED, None), "quantized.flatten's dim takes"),  # pyright: ignore[reportArgumentType]
        (lambda: fr.quantized.apply(fr.tril, fr.quantize(X[0], 0.5, fr.int8)), "tril needs a"),
    ],
)
def test_functions_of_quantised_tensors(call: Callable[[], object], words: str) -> None:
    assert first_words(call) == words


def test_a_users_function_is_not_named() -> None:
    def silu(x: fr.Tensor) -> fr.Tensor:
        return x * fr.sigmoid(x)

    assert first_words(lambda: silu(WHOLE)) == "sigmoid takes a"


def test_a_layer_leaves_the_name_of_its_function() -> None:
    layer = fr.Embedding(4, 4)
    layer.reset_parameters(seed=0)
    assert first_words(lambda: layer(X)) == "gather takes int32"


def test_only_the_beginning_of_a_text_is_a_name() -> None:
    with pytest.raises(fr.DtypeError) as caught:
        fr.silu(WHOLE)
    assert message(caught.value) == (
        "silu takes a floating-point number, but got int32 (2, 3). "
        "Convert it first, for example with fr.cast(x, fr.float32)."
    )
    assert first_words(lambda: fr.clamp(WHOLE, 0.5)) == "Python floats are"
