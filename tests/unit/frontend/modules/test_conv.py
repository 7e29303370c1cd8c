"""Conv: its arguments, and its results."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message
from support.tolerances import assert_close

# Each row: rank, channels, arguments. Sums by definition, element by element, in float64.
CASES: list[tuple[tuple[int, ...], tuple[int, int], tuple[int, ...], dict[str, Any]]] = [
    ((7,), (2, 3), (3,), {}),
    ((7,), (4, 6), (2,), {"groups": 2, "stride": (2,), "padding": ((1, 2),)}),
    ((5, 6), (2, 3), (3, 2), {"padding": ((1, 0), (2, 1)), "dilation": (2, 1)}),
    ((5, 6), (4, 4), (3, 3), {"groups": 4, "bias": False, "stride": (2, 3)}),
    ((3, 4, 5), (2, 2), (2, 1, 3), {"padding": ((0, 1), (0, 0), (1, 1)), "stride": (1, 2, 1)}),
]


def convolve(x: Any, weight: Any, conv: fr.Conv) -> Any:
    """Return the convolution, by its definition."""
    x = np.pad(x, ((0, 0), (0, 0), *conv.padding))
    channels, (group, *kernel) = weight.shape[0], weight.shape[1:]
    sizes = [
        (size - dilation * (k - 1) - 1) // stride + 1
        for size, k, stride, dilation in zip(
            x.shape[2:], kernel, conv.stride, conv.dilation, strict=True
        )
    ]
    result = np.empty((x.shape[0], channels, *sizes))
    for n, o, *place in itertools.product(*map(range, result.shape)):
        start = o // (channels // conv.groups) * group
        window = tuple(
            slice(p * s, p * s + d * (k - 1) + 1, d)
            for p, s, d, k in zip(place, conv.stride, conv.dilation, kernel, strict=True)
        )
        result[n, o, *place] = (x[n, start : start + group][:, *window] * weight[o]).sum()
    return result


@pytest.mark.parametrize(("sizes", "channels", "kernel", "options"), CASES)
def test_against_the_definition(
    sizes: tuple[int, ...],
    channels: tuple[int, int],
    kernel: tuple[int, ...],
    options: dict[str, Any],
) -> None:
    conv = fr.Conv(*channels, kernel, **options)
    conv.reset_parameters(1)
    x = np.random.default_rng(0).uniform(-1, 1, (2, channels[0], *sizes)).astype(np.float32)
    expected = convolve(x.astype(np.float64), conv.weight.numpy().astype(np.float64), conv)
    if conv.bias is not None:
        expected += conv.bias.numpy().reshape(-1, *[1] * len(sizes))
    assert_close(conv(fr.Tensor(x)).numpy(), expected)


def test_fields() -> None:
    conv = fr.Conv(4, 6, [3, 2], groups=2, padding=[[1, 1], [0, 0]], dtype=fr.float16)
    assert (conv.stride, conv.dilation, conv.groups) == ((1, 1), (1, 1), 2)
    assert conv.padding == ((1, 1), (0, 0))
    assert conv.dtype is fr.float16
    shapes = {name: tensor.shape for name, tensor in conv.state_dict().items()}
    assert shapes == {"bias": (6,), "weight": (6, 2, 3, 2)}


def test_defaults() -> None:
    conv = fr.Conv(1, 1, (3, 3, 3))
    assert (conv.stride, conv.dilation) == ((1, 1, 1), (1, 1, 1))
    assert conv.padding == ((0, 0), (0, 0), (0, 0))
    assert conv.groups == 1


BOTH_SIDES = ((1, 1), (0, 0))


@pytest.mark.parametrize("layer", [fr.Conv, fr.ConvTranspose])
def test_what_follows_kernel_dims_is_given_by_keyword(layer: Any) -> None:
    with pytest.raises(fr.ArgumentError) as raised:
        layer(4, 6, (3, 2), (1, 2), BOTH_SIDES, (2, 1), 2, False, fr.float16)
    name = layer.__name__
    assert message(raised.value) == (
        f"{name} takes what follows kernel_dims by keyword. In nvtripy's order, which is torch's, "
        f"this is {name}(4, 6, (3, 2), stride=(1, 2), padding=((1, 1), (0, 0)), dilation=(2, 1), "
        "groups=2, bias=False, dtype=float16)."
    )
    assert "layer(4, 6, (3, 2)" in str(raised.value)


PER_DIM = "one for each dimension, such as"
BAD_ARGUMENTS: list[tuple[dict[str, Any], str]] = [
    (
        {"groups": 3},
        "Conv got in_channels=4, which cannot be divided into groups=3. Both in_channels and "
        "out_channels must be multiples of groups.",
    ),
    (
        {"groups": 4},
        "Conv got out_channels=6, which cannot be divided into groups=4. Both in_channels and "
        "out_channels must be multiples of groups.",
    ),
    ({"groups": 0}, "Conv takes an integer groups >= 1, not 0."),
    ({"in_channels": 0}, "Conv takes an integer in_channels >= 1, not 0."),
    ({"out_channels": 1.5}, "Conv takes an integer out_channels >= 1, not 1.5."),
    (
        {"kernel_dims": 3},
        f"Conv takes kernel_dims as integers >= 1, {PER_DIM} kernel_dims=(3, 3); not 3.",
    ),
    (
        {"kernel_dims": ()},
        f"Conv takes kernel_dims as integers >= 1, {PER_DIM} kernel_dims=(3, 3); not ().",
    ),
    (
        {"stride": (0, 1)},
        f"Conv takes stride as integers >= 1, {PER_DIM} stride=(3, 3); not (0, 1).",
    ),
    (
        {"stride": (1,)},
        "Conv got stride=(1,) with 1 entries, but kernel_dims has 2: it takes one for each "
        "spatial dimension.",
    ),
    (
        {"dilation": (1, 1, 1)},
        "Conv got dilation=(1, 1, 1) with 3 entries, but kernel_dims has 2: it takes one for each "
        "spatial dimension.",
    ),
    (
        {"padding": ((1, 1),)},
        "Conv got padding=((1, 1),) with 1 entries, but kernel_dims has 2: it takes one for each "
        "spatial dimension.",
    ),
    (
        {"padding": (1, 1)},
        "Conv takes padding as a pair of integers for each spatial dimension, before and after "
        "it, such as padding=((1, 1), (1, 1)); not (1, 1).",
    ),
    (
        {"padding": "same", "stride": 2},
        "Conv takes padding='same' with a stride of 1 only, not (2, 2).",
    ),
    (
        {"padding": "full"},
        "Conv takes padding as a pair of integers for each spatial dimension, before and after "
        "it, such as padding=((1, 1), (1, 1)); not 'full'.",
    ),
]


@pytest.mark.parametrize(
    ("given", "windows"),
    [
        ({"padding": 1}, (((1, 1), (1, 1)), (1, 1), (1, 1))),
        ({"stride": 2, "dilation": 3}, (((0, 0), (0, 0)), (2, 2), (3, 3))),
        ({"padding": "valid", "stride": 2}, (((0, 0), (0, 0)), (2, 2), (1, 1))),
        ({"padding": "same"}, (((1, 1), (0, 1)), (1, 1), (1, 1))),
        ({"padding": "same", "dilation": (1, 3)}, (((1, 1), (1, 2)), (1, 1), (1, 3))),
    ],
)
@pytest.mark.parametrize("layer", [fr.Conv, fr.ConvTranspose, fr.quantized.QuantizedConv])
def test_one_number_stands_for_all_dimensions(
    layer: Any, given: dict[str, Any], windows: tuple[Any, ...]
) -> None:
    conv = layer(4, 6, (3, 2), **given)
    assert (conv.padding, conv.stride, conv.dilation) == windows


@pytest.mark.parametrize("kernel", [(3, 2), (1, 4)])
def test_padding_same_keeps_the_size(kernel: tuple[int, int]) -> None:
    conv = fr.Conv(4, 6, kernel, padding="same", dilation=2)
    assert conv(fr.ones((1, 4, 9, 7))).shape == (1, 6, 9, 7)


@pytest.mark.parametrize(("changed", "text"), BAD_ARGUMENTS)
def test_bad_arguments(changed: dict[str, Any], text: str) -> None:
    arguments: dict[str, Any] = {"in_channels": 4, "out_channels": 6, "kernel_dims": (3, 3)}
    with pytest.raises(fr.ArgumentError) as raised:
        fr.Conv(**arguments | changed)
    assert message(raised.value) == text
    assert "fr.Conv(**arguments | changed)" in str(raised.value)


def test_wrong_channels_name_the_layer() -> None:
    class Net(fr.Module):
        def __init__(self) -> None:
            self.stem = fr.Conv(3, 4, (2, 2))

        def forward(self, x: fr.Tensor) -> fr.Tensor:
            return self.stem(x)

    with pytest.raises(fr.ShapeError) as raised:
        Net()(fr.ones((1, 1, 8, 8)))
    assert message(raised.value) == (
        "convolution got 1 input channels in float32 (1, 1, 8, 8), but the weight "
        "float32 (4, 3, 2, 2) takes 3 in each of 1 groups, 3 together."
    )
    assert "layer 'stem'" in str(raised.value)
