"""Arguments of other kinds than a function takes: the texts that say so."""

# pyright: basic, reportArgumentType=false

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import farrier as fr

X = fr.ones((2, 4))
IMAGE = fr.ones((1, 2, 4))


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "all", "any", "mean", "var"])
@pytest.mark.parametrize("keepdim", [[], {}, None, 2, "yes", np.ones(2), slice(None)], ids=str)
def test_keepdim_is_true_or_false(name: str, keepdim: object) -> None:
    x = X == 1 if name in ("all", "any") else X
    with pytest.raises(fr.ArgumentError, match=rf"{name}'s keepdim is True or False, not "):
        getattr(fr, name)(x, 1, keepdim)


@pytest.mark.parametrize("keepdim", [True, 1, np.True_])
def test_keepdim_is_also_numpys_or_an_integer(keepdim: object) -> None:
    assert fr.sum(X, 1, keepdim).shape == (2, 1)


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: fr.argmax(X, 1, []), "argmax's keepdim is True or False, not []."),
    (lambda: fr.sort(X, descending="no"), "sort's descending is True or False, not 'no'."),
    (
        lambda: fr.avgpool(IMAGE, (2,), count_include_pad=None),
        "avgpool's count_include_pad is True or False, not None.",
    ),
    (
        lambda: fr.resize(X, (4, 4), align_corners=2),
        "resize's align_corners is True or False, not 2.",
    ),
    (lambda: fr.Linear(2, 2, bias=[1]), "Linear's bias is True or False, not [1]."),
    (lambda: fr.NLinear(2, 2, 2, bias=[1]), "NLinear's bias is True or False, not [1]."),
    (
        lambda: fr.Conv(2, 2, (1,), bias=np.ones(2)),
        "Conv's bias is True or False, not array([1., 1.]).",
    ),
    (
        lambda: fr.quantized.QuantizedLinear(2, 2, bias=None),
        "QuantizedLinear's bias is True or False, not None.",
    ),
    (
        lambda: fr.gelu(X, approximate=np.ones(2)),
        "gelu's approximate is 'none' or 'tanh', but got array([1., 1.]).",
    ),
    (
        lambda: fr.pad(X, ((1, 1), (1, 1)), mode=[]),
        "pad's mode is 'constant' or 'reflect', not [].",
    ),
    (
        lambda: fr.pad(X, np.array(1)),
        "pad's padding takes integers, but got array(1).",
    ),
    (
        lambda: fr.resize(X, (4, 4), mode={}),
        "resize has the modes nearest, linear and cubic, not {}.",
    ),
    (
        lambda: fr.concatenate(np.array(1.0), 0),
        "concatenate takes a list of tensors, but got array(1.).",
    ),
    (lambda: fr.var(X, correction=0.5), "var's correction takes integers, but got 0.5."),
    (lambda: fr.allclose(X, X, rtol=-1), "allclose's rtol is a finite number >= 0, not -1."),
    (
        lambda: fr.allclose(X, X, atol=float("nan")),
        "allclose's atol is a finite number >= 0, not nan.",
    ),
    (
        lambda: fr.quantized.apply(3, fr.quantize(X, 0.5, fr.uint8)),
        "quantized.apply takes a function, not 3.",
    ),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_refused(call: Callable[[], object], text: str) -> None:
    with pytest.raises(fr.ArgumentError) as caught:
        call()
    assert str(caught.value).split("\n")[0].endswith(text)
