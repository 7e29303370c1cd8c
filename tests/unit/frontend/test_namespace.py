"""Names of the package, its settings, and streams."""

from __future__ import annotations

import numpy as np
import pytest

import farrier as fr
from support.messages import message


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rleu", "Module 'farrier' has no attribute 'rleu'. Did you mean: 'relu'?"),
        ("mul", "Module 'farrier' has no attribute 'mul'. Did you mean: 'multiply'?"),
        ("qqqqqq", "Module 'farrier' has no attribute 'qqqqqq'."),
    ],
)
def test_unknown_name(name: str, text: str) -> None:
    with pytest.raises(AttributeError) as raised:
        getattr(fr, name)
    assert str(raised.value) == text


def test_settings() -> None:
    assert fr.config.eager == "reference"
    assert fr.config.enable_input_validation is True
    assert fr.config.timing_cache_file_path == ""
    assert fr.config.extra_error_information == ["all"]
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
    with pytest.raises(fr.ArgumentError) as raised:
        fr.default_stream(fr.device("cuda:1"))
    text = "The default stream is that of device 0, but got cuda:1. Use fr.Stream()."
    assert message(raised.value) == text
    with pytest.raises(fr.ArgumentError):
        fr.default_stream(3)  # pyright: ignore[reportArgumentType]


def test_only_a_stream_is_a_stream() -> None:
    double = fr.compile(lambda x: x * 2, args=[fr.InputInfo((2,), fr.float32)], target="cpu")
    with pytest.raises(fr.ArgumentError) as caught:
        double.stream = 3  # pyright: ignore[reportAttributeAccessIssue]
    assert message(caught.value) == "An executable runs on a fr.Stream, not 3."
    assert double.stream is fr.default_stream()


def test_executables_run_on_their_stream() -> None:
    x = fr.InputInfo((2,), fr.float32)
    double = fr.compile(lambda x: x * 2, args=[x], target="cpu")
    assert double.stream is fr.default_stream()
    double.stream = stream = fr.Stream()
    assert double(np.ones(2, np.float32)).tolist() == [2, 2]
    stream.synchronize()
    assert double.stream == stream
