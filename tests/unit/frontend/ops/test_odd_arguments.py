"""Errors for arguments of the wrong kind."""

# ruff: noqa: E501
# pyright: basic, reportArgumentType=false

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import farrier as fr

X = fr.ones((2, 4))
CIRCULAR: list[object] = []
CIRCULAR.append(CIRCULAR)
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
    (lambda: fr.triu(X, 0.5), "triu's diagonal takes integers, but got 0.5."),
    (
        lambda: fr.rand(2**63),
        "A tensor has less than 2**63 bytes: ",
    ),
    (
        lambda: fr.arange(2**61),
        "A tensor has less than 2**63 bytes: ",
    ),
    (
        lambda: fr.resize(X, (2**61, 2)),
        "A tensor has less than 2**63 bytes: ",
    ),
    (
        lambda: fr.Linear(2, 2).summary(CIRCULAR),
        "An argument of summary nests at most 100 lists, tuples and dicts, unlike ",
    ),
    (
        lambda: fr.compile(fr.relu, args=[CIRCULAR]),
        "An argument of a compiled function nests at most 100 lists, tuples and dicts, unlike ",
    ),
    (lambda: fr.Executable(3), "An Executable is made by fr.compile or load, not from 3."),
    (
        lambda: fr.Sequential(fr.relu)[None],
        "The index of a Sequential takes integers, but got None.",
    ),
    (
        lambda: fr.compile(lambda x: CIRCULAR, args=[X]),
        "A result of a compiled function nests at most 100 lists, tuples and dicts, unlike ",
    ),
    (
        lambda: fr.compile(lambda x: {"\ud800": x}, args=[X]),
        "A key of a compiled function's result is not valid text: '\\ud800'",
    ),
    (lambda: fr.rand(2, seed=-1), "rand's seed is an integer >= 0, not -1."),
    (lambda: fr.randn(2, seed=0.5), "randn's seed takes integers, but got 0.5."),
    (lambda: fr.arange(float("nan")), "arange takes finite numbers, but got nan."),
    (lambda: fr.arange(0, float("inf")), "arange takes finite numbers, but got inf."),
    (
        lambda: fr.arange(0, 2**64),
        "arange from 0 to 18446744073709551616 has more numbers than memory can hold.",
    ),
    (lambda: fr.split(X, 1 << 17), "split makes at most 65536 parts, not 131072."),
    (
        lambda: fr.full((2,), [[1], [2, 3]]),
        "A tensor is filled with one number, not [[1], [2, 3]].",
    ),
    (
        lambda: fr.default_stream(3),
        "3 is not a device. Devices are cpu, cuda, metal, rocm, vulkan and gpu, with an index where there are several: cuda:1",
    ),
    (
        lambda: fr.InputInfo(np.array(2), fr.float32),
        "InputInfo needs a shape: a sequence of sizes, such as (2, 3), but got array(2).",
    ),
    (
        lambda: fr.Linear(2, 2).reset_parameters("x"),
        "reset_parameters's seed takes integers, but got 'x'.",
    ),
    (
        lambda: fr.Conv(2, 2, (1,), padding={}),
        "Conv takes padding as a pair of integers for each spatial dimension, before and after it, such as padding=((1, 1), (1, 1)); not {}.",
    ),
    (
        lambda: fr.compile(fr.relu, args=[X], target=3),
        "compile's target= takes names of targets, not 3.",
    ),
    (
        lambda: fr.compile(fr.relu, args=[X], flags="--O2"),
        "compile's flags= takes a list of strings, not '--O2'.",
    ),
    (
        lambda: fr.compile(int, args=[X]),
        "compile cannot see the parameters of <class 'int'>: wrap it in a function.",
    ),
    (lambda: fr.compile(fr.relu, args=[X], name=3), "compile's name= is a string, not 3."),
    (lambda: fr.compile(fr.relu, kwargs=[X]), "compile's kwargs= takes a dict of arguments, not "),
    (
        lambda: fr.quantized.apply(3, fr.quantize(X, 0.5, fr.uint8)),
        "quantized.apply takes a function, not 3.",
    ),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_odd_arguments_are_refused(call: Callable[[], object], text: str) -> None:
    with pytest.raises((fr.ArgumentError, fr.ShapeError)) as caught:
        call()
    assert text in str(caught.value).split("\n")[0]


def test_other_uses_of_tensors_are_refused() -> None:
    with pytest.raises(fr.ShapeError, match=r"^size got dim=3, but the tensor has 2 dimensions\."):
        X.size(3)
    with pytest.raises(fr.UnsupportedError, match=r"^Tensors do not support `in`: write fr\.any"):
        assert 1.0 in X


def test_a_plus_sign_and_round_are_supported() -> None:
    assert (+X).tolist() == X.tolist()
    assert round(fr.Tensor([1.5, -0.2])).tolist() == [2.0, 0.0]


def test_a_setting_of_the_wrong_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fr.config, "eager", np.ones(2))
    with pytest.raises(fr.ArgumentError, match=r"eager must be 'reference' or 'compiled', not arr"):
        (X + 1).eval()


@pytest.mark.parametrize("method", ["reset_parameters", "initialize_dummy_parameters"])
def test_layers_beyond_memory_are_refused(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise MemoryError

    layer = fr.Linear(2, 2)
    monkeypatch.setattr(np, "arange", none)
    monkeypatch.setattr(np.random, "default_rng", none)
    with pytest.raises(fr.DeviceError, match=r"^There is not enough memory for (a|the) parameter"):
        getattr(layer, method)()
