"""ConvTranspose: its arguments, and the other errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message
from support.tolerances import assert_close


def test_it_is_the_gradient_of_the_convolution() -> None:
    """<conv(x), y> = <x, conv_transpose(y)>, with one weight, for random x and y."""
    generator = np.random.default_rng(0)
    x = generator.uniform(-1, 1, (2, 6, 8, 9))
    weight = fr.Tensor(generator.uniform(-1, 1, (4, 3, 3, 2)))
    options: dict[str, Any] = {
        "stride": (3, 2),
        "padding": ((1, 2), (0, 1)),
        "dilation": (1, 2),
        "groups": 2,
    }
    forward = fr.convolution(fr.Tensor(x), weight, **options).numpy()
    y = generator.uniform(-1, 1, forward.shape)
    # (8 + 3 - 3) % 3 = 2 rows and (9 + 1 - 3) % 2 = 1 column are in no window.
    options["padding"] = ((1, 0), (0, 0))
    backward = fr.conv_transpose(fr.Tensor(y), weight, **options).numpy()
    assert_close(np.asarray(np.sum(forward * y)), np.asarray(np.sum(x * backward)))


def test_fields() -> None:
    conv = fr.ConvTranspose(4, 6, [3, 2], groups=2, padding=[[1, 1], [0, -1]], dtype=fr.float16)
    assert (conv.stride, conv.dilation, conv.groups) == ((1, 1), (1, 1), 2)
    assert conv.padding == ((1, 1), (0, -1))
    shapes = {name: tensor.shape for name, tensor in conv.state_dict().items()}
    assert shapes == {"bias": (6,), "weight": (4, 3, 3, 2)}
    assert fr.ConvTranspose(4, 6, (3,), bias=False).bias is None


BAD_ARGUMENTS: list[tuple[dict[str, Any], str]] = [
    (
        {"groups": 3},
        "ConvTranspose got in_channels=4, which cannot be divided into groups=3. Both in_channels "
        "and out_channels must be multiples of groups.",
    ),
    ({"in_channels": 0}, "ConvTranspose takes an integer in_channels >= 1, not 0."),
    (
        {"stride": (1,)},
        "ConvTranspose got stride=(1,) with 1 entries, but kernel_dims has 2: it takes one for "
        "each spatial dimension.",
    ),
]


@pytest.mark.parametrize(("changed", "text"), BAD_ARGUMENTS)
def test_bad_arguments(changed: dict[str, Any], text: str) -> None:
    arguments: dict[str, Any] = {"in_channels": 4, "out_channels": 6, "kernel_dims": (3, 3)}
    with pytest.raises(fr.ArgumentError) as raised:
        fr.ConvTranspose(**arguments | changed)
    assert message(raised.value) == text


X, W = fr.ones((2, 4, 5, 5)), fr.ones((4, 3, 2, 2))
CHANNELS = "the weight's first size must be the number of input channels, and a multiple of groups."
ERRORS: list[tuple[Callable[[], object], type[fr.FarrierError], str]] = [
    (
        lambda: fr.conv_transpose(X, W, groups=3),
        fr.ShapeError,
        "conv_transpose got 4 input channels in float32 (2, 4, 5, 5), and the weight "
        f"float32 (4, 3, 2, 2) in groups=3: {CHANNELS}",
    ),
    (
        lambda: fr.conv_transpose(X, fr.ones((4, 3, 2))),
        fr.ShapeError,
        "conv_transpose takes an input and a weight of equal rank, at least 2, but got "
        "float32 (2, 4, 5, 5) and float32 (4, 3, 2).",
    ),
    (
        lambda: fr.conv_transpose(X, W, padding=((3, 3), (0, 0))),
        fr.ShapeError,
        "conv_transpose got padding (3, 3) for spatial dimension 0, which leaves nothing of 6 "
        "elements.",
    ),
    (
        lambda: fr.conv_transpose(X, W, stride=(2,)),
        fr.ArgumentError,
        "conv_transpose got stride=(2,) for float32 (2, 4, 5, 5), which has 2 spatial dimensions: "
        "it needs an integer >= 1 for each.",
    ),
    (
        lambda: fr.conv_transpose(X, W, dilation=(0, 1)),
        fr.ArgumentError,
        "conv_transpose got dilation=(0, 1) for float32 (2, 4, 5, 5), which has 2 spatial "
        "dimensions: it needs an integer >= 1 for each.",
    ),
    (
        lambda: fr.conv_transpose(X, W, padding=((1, 1),)),
        fr.ArgumentError,
        "conv_transpose takes 2 pairs of padding for float32 (2, 4, 5, 5), for example "
        "((1, 1), (1, 1)), but got ((1, 1),).",
    ),
    (
        lambda: fr.conv_transpose(X, fr.ones((4, 3, 2, 2), fr.float16)),
        fr.DtypeError,
        "conv_transpose takes operands of one data type, but got float32 (2, 4, 5, 5) and "
        "float16 (4, 3, 2, 2). Cast one of them, for example with fr.cast(x, fr.float32).",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_error(call: Callable[[], object], error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert message(caught.value) == text
