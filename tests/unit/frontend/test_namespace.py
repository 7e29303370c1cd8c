"""Names of the package, its settings, and streams."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rleu", "Module 'farrier' has no attribute 'rleu'. Did you mean: 'relu'?"),
        ("qqqqqq", "Module 'farrier' has no attribute 'qqqqqq'."),
    ],
)
def test_unknown_name(name: str, text: str) -> None:
    with pytest.raises(AttributeError) as found:
        getattr(fr, name)
    assert str(found.value) == text


class Scaled(fr.Module):
    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def forward(self, x: fr.Tensor, *, offset: float = 0.0) -> fr.Tensor:
        return x * self.factor + offset


X: Any = fr.ones((2, 2))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: fr.softmax(X, dims=1),  # pyright: ignore[reportCallIssue]
            "softmax() got an unexpected keyword argument 'dims'. Did you mean: 'dim'?",
        ),
        (
            lambda: X.sum(keepdims=True),
            "Methods.sum() got an unexpected keyword argument 'keepdims'. Did you mean: 'keepdim'?",
        ),
        (
            lambda: fr.sum(X, zzz=1),  # pyright: ignore[reportCallIssue]
            "sum() got an unexpected keyword argument 'zzz'",
        ),
        (
            lambda: fr.Linear(2, out_feature=3),  # pyright: ignore[reportCallIssue]
            "Linear.__init__() got an unexpected keyword argument 'out_feature'. "
            "Did you mean: 'out_features'?",
        ),
        (
            lambda: Scaled(factro=2.0),  # pyright: ignore[reportCallIssue]
            "Scaled.__init__() got an unexpected keyword argument 'factro'. "
            "Did you mean: 'factor'?",
        ),
        (
            lambda: Scaled()(X, ofset=2.0),
            "Scaled.forward() got an unexpected keyword argument 'ofset'. Did you mean: 'offset'?",
        ),
        (
            lambda: X.reshape(sape=(4,)),
            "Tensor.reshape() got an unexpected keyword argument 'sape'. Did you mean: 'shape'?",
        ),
    ],
)
def test_unknown_keyword(call: Callable[[], object], text: str) -> None:
    with pytest.raises(TypeError) as found:
        call()
    # From 3.13 on Python gives the hint itself, without the colon.
    assert str(found.value).replace("Did you mean '", "Did you mean: '") == text


def test_functions_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(fr.relu)) is fr.relu


def test_settings() -> None:
    assert fr.config.eager == "reference"
    assert fr.config.enable_input_validation is True
    assert fr.config.timing_cache_file_path == ""
    assert fr.config.extra_error_information == ("all",)
    assert fr.TripyException is fr.FarrierError
    assert fr.Tensor in fr.types.TensorLike.__args__


def test_streams_differ() -> None:
    one, other = fr.Stream(), fr.Stream()
    assert one == one
    assert one != other
    assert one != one.ptr
    assert one.ptr != other.ptr
    assert len({one, other, fr.default_stream(), fr.default_stream(fr.device("cpu"))}) == 3
    assert str(one) == f"Stream({one.ptr})"


def test_default_stream_of_another_device() -> None:
    with pytest.raises(fr.ArgumentError) as found:
        fr.default_stream(fr.device("cuda:1"))
    text = "The default stream is that of device 0, but got cuda:1. Use fr.Stream()."
    assert message(found.value) == text


def test_executables_run_on_their_stream() -> None:
    x = fr.InputInfo((2,), fr.float32)
    double = fr.compile(lambda x: x * 2, args=[x], target="cpu")
    assert double.stream is fr.default_stream()
    double.stream = stream = fr.Stream()
    assert double(np.ones(2, np.float32)).tolist() == [2, 2]
    stream.synchronize()
    assert double.stream == stream
