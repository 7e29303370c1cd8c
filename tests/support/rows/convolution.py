"""Rows of convolution."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops.convolution import Convolution
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.records import FLOATS, NUMBERS, Operand, Record, Refusal, unfit

Array = NDArray[Any]
Pairs = tuple[tuple[int, int], ...]
FLOAT32 = (dtypes.float32,)
IMAGE = fr.ones((1, 4, 5, 5))


def _row(
    name: str,
    input: tuple[int, ...],
    weight: tuple[int, ...],
    dtypes: tuple[dtype, ...] = FLOAT32,
    stride: tuple[int, ...] = (),
    padding: Pairs = (),
    dilation: tuple[int, ...] = (),
    groups: int = 1,
    input_dilation: tuple[int, ...] = (),
    layout: Literal["channels_first", "channels_last"] = "channels_first",
    low: float = -3.0,
    high: float = 3.0,
) -> Record:
    rank = len(input) - 2
    ones = (1,) * rank
    op = Convolution(
        stride or ones,
        padding or ((0, 0),) * rank,
        dilation or ones,
        groups,
        input_dilation or ones,
        layout,
    )
    return Record(
        f"convolution/{name}" if name else "convolution",
        lambda x, w: apply(op, x, w),
        (Operand(input, low, high), Operand(weight, low, high)),
        dtypes,
        reference=lambda x, w: _by_definition(op, x, w),
        torch=_in_torch(op) if 1 <= rank <= 3 and input[1] else None,
        torch_dtypes=FLOATS,
        tolerance=4,
    )


def _by_definition(op: Convolution, x: Array, w: Array) -> Array:
    """Compute each element of the result on its own, straight from the definition."""
    rank = len(op.stride)
    if op.layout == "channels_last":
        x, w = np.moveaxis(x, -1, 1), np.moveaxis(w, (-1, -2), (0, 1))
    x, w = x.astype(_exact(x)), w.astype(_exact(w))
    grown = tuple((n - 1) * d + 1 for n, d in zip(x.shape[2:], op.input_dilation, strict=True))
    spread = np.zeros((*x.shape[:2], *grown), x.dtype)
    spread[(..., *(slice(None, None, d) for d in op.input_dilation))] = x
    reach = [max(0, *pair) for pair in op.padding]
    around = np.pad(spread, [(0, 0), (0, 0), *((margin, margin) for margin in reach)])
    sizes = [
        (n + low + high - (k - 1) * d - 1) // s + 1
        for n, (low, high), k, d, s in zip(
            grown, op.padding, w.shape[2:], op.dilation, op.stride, strict=True
        )
    ]
    result = np.zeros((len(x), len(w), *sizes), x.dtype)
    group_out, group_in = len(w) // op.groups, w.shape[1]
    for o in range(len(w)):
        first = o // group_out * group_in
        for at in np.ndindex(*sizes):
            taps = tuple(
                slice(start, start + (k - 1) * d + 1, d)
                for start, k, d in (
                    (
                        reach[i] - op.padding[i][0] + at[i] * op.stride[i],
                        w.shape[2 + i],
                        op.dilation[i],
                    )
                    for i in range(rank)
                )
            )
            window = around[(slice(None), slice(first, first + group_in), *taps)]
            result[(slice(None), o, *at)] = (window * w[o]).sum(axis=tuple(range(1, rank + 2)))
    return np.moveaxis(result, 1, -1) if op.layout == "channels_last" else result


def _exact(x: Array) -> type:
    return np.int64 if x.dtype.kind in "iu" else np.float64


def _in_torch(op: Convolution) -> Callable[..., Any]:
    def call(x: Any, w: Any) -> Any:
        import torch

        rank = len(op.stride)
        if op.layout == "channels_last":
            x, w = x.movedim(-1, 1), w.movedim((-1, -2), (0, 1))
        grown = [(n - 1) * d + 1 for n, d in zip(x.shape[2:], op.input_dilation, strict=True)]
        spread = torch.zeros((*x.shape[:2], *grown), dtype=x.dtype)
        spread[(..., *(slice(None, None, d) for d in op.input_dilation))] = x
        amounts = [amount for pair in reversed(op.padding) for amount in pair]
        padded = torch.nn.functional.pad(spread, amounts)
        convolve = (torch.conv1d, torch.conv2d, torch.conv3d)[rank - 1]
        options = {"stride": op.stride, "dilation": op.dilation, "groups": op.groups}
        result = convolve(padded, w, **options)
        return result.movedim(1, -1) if op.layout == "channels_last" else result

    return call


def _transposed(
    name: str,
    input: tuple[int, ...],
    weight: tuple[int, ...],
    dtypes: tuple[dtype, ...] = FLOAT32,
    stride: tuple[int, ...] = (),
    padding: Pairs = (),
    dilation: tuple[int, ...] = (),
    groups: int = 1,
    refused: tuple[Refusal, ...] = (),
) -> Record:
    rank = len(input) - 2
    ones = (1,) * rank
    steps, gaps = stride or ones, dilation or ones
    crops = padding or ((0, 0),) * rank

    def reference(x: Array, w: Array) -> Array:
        """Add each input element times the kernel to the window that it is spread over."""
        x, w = x.astype(_exact(x)), w.astype(_exact(w))
        parts = len(x[0]) // groups
        sizes = [
            (n - 1) * s + g * (k - 1) + 1
            for n, s, g, k in zip(x.shape[2:], steps, gaps, w.shape[2:], strict=True)
        ]
        output = np.zeros((len(x), w.shape[1] * groups, *sizes), x.dtype)
        for c in range(x.shape[1]):
            outputs = slice(c // parts * w.shape[1], (c // parts + 1) * w.shape[1])
            for at in np.ndindex(x.shape[2:]):
                window = tuple(
                    slice(i * s, i * s + g * (k - 1) + 1, g)
                    for i, s, g, k in zip(at, steps, gaps, w.shape[2:], strict=True)
                )
                output[(slice(None), outputs, *window)] += (
                    x[(slice(None), c, *at)].reshape(-1, *[1] * (rank + 1)) * w[c]
                )
        around = [(max(0, -low), max(0, -high)) for low, high in crops]
        output = np.pad(output, [(0, 0), (0, 0), *around])
        return output[
            (
                slice(None),
                slice(None),
                *(
                    slice(max(0, low), size - max(0, high))
                    for (low, high), size in zip(crops, output.shape[2:], strict=True)
                ),
            )
        ]

    def in_torch(x: Any, w: Any) -> Any:
        import torch

        call = getattr(torch.nn.functional, f"conv_transpose{rank}d")
        output = call(x, w, stride=steps, dilation=gaps, groups=groups)
        flat = [-amount for pair in reversed(crops) for amount in pair]
        return torch.nn.functional.pad(output, flat)

    return Record(
        f"conv_transpose{name and '/'}{name}",
        lambda x, w: fr.conv_transpose(
            x, w, stride or None, padding or None, dilation or None, groups
        ),
        (Operand(input), Operand(weight)),
        dtypes,
        reference,
        in_torch,
        FLOATS,
        tolerance=4,
        refused=refused,
    )


ROWS = [
    _transposed(
        "",
        (2, 3, 5, 4),
        (3, 4, 3, 2),
        NUMBERS,
        refused=unfit(
            lambda: fr.conv_transpose(IMAGE, fr.ones((3, 4, 2, 2))),
            "conv_transpose got 4 input channels in float32 (1, 4, 5, 5), and the weight float32 "
            "(3, 4, 2, 2) in groups=1: the weight's first size must be the number of input "
            "channels, and a multiple of groups.",
        ),
    ),
    _transposed("1d", (2, 3, 5), (3, 4, 3), stride=(2,), padding=((1, 0),), dilation=(2,)),
    _transposed(
        "3d",
        (1, 2, 3, 4, 2),
        (2, 3, 2, 1, 3),
        stride=(2, 1, 3),
        padding=((0, 1), (0, 0), (2, 1)),
        dilation=(1, 1, 2),
    ),
    _transposed(
        "groups",
        (2, 6, 5, 4),
        (6, 2, 3, 3),
        FLOATS,
        stride=(2, 2),
        padding=((1, 0), (1, 1)),
        dilation=(1, 1),
        groups=3,
    ),
    _transposed(
        "depthwise",
        (2, 4, 5, 4),
        (4, 1, 2, 2),
        stride=(2, 2),
        padding=((0, 0), (0, 0)),
        dilation=(1, 1),
        groups=4,
    ),
    _transposed(
        "all_cropped_but_one",
        (2, 3, 2, 2),
        (3, 4, 3, 3),
        stride=(2, 2),
        padding=((2, 2), (3, 1)),
        dilation=(1, 1),
    ),
    _transposed(
        "zeros_around",
        (2, 3, 4, 4),
        (3, 4, 2, 2),
        stride=(3, 2),
        padding=((-2, -1), (1, -3)),
        dilation=(2, 1),
    ),
    Record(
        "convolution/function",
        lambda x, w: fr.convolution(x, w, (2, 1), ((1, 0), (2, 1)), (1, 2), 2),
        (Operand((2, 4, 7, 9)), Operand((6, 2, 3, 3))),
        FLOAT32,
        lambda x, w: _by_definition(Convolution((2, 1), ((1, 0), (2, 1)), (1, 2), 2), x, w),
        tolerance=4,
        refused=(
            Refusal(
                lambda: fr.convolution(IMAGE, fr.ones((6, 3, 3, 3))),
                fr.ShapeError,
                "convolution got 4 input channels in float32 (1, 4, 5, 5), but the weight float32 "
                "(6, 3, 3, 3) takes 3 in each of 1 groups, 3 together.",
            ),
            Refusal(
                lambda: fr.convolution(IMAGE, fr.ones((6, 4, 3, 3), fr.float16)),
                fr.DtypeError,
                "convolution takes operands of one data type, but got float32 (1, 4, 5, 5) and "
                "float16 (6, 4, 3, 3). Cast one of them, for example with fr.cast(x, fr.float32).",
            ),
        ),
    ),
    _row("", (2, 3, 8, 9), (4, 3, 3, 2), NUMBERS, stride=(2, 1), padding=((1, 1), (0, 1))),
    _row("unsigned", (2, 3, 6, 6), (4, 3, 3, 3), (dtypes.uint8, dtypes.uint16), low=200, high=255),
    _row("1d", (2, 3, 9), (4, 3, 3), padding=((1, 0),)),
    _row(
        "3d", (1, 2, 5, 6, 7), (3, 2, 2, 3, 2), stride=(1, 2, 1), padding=((1, 0), (0, 1), (1, 1))
    ),
    _row("0d", (2, 3), (4, 3)),
    _row("1x1", (2, 8, 5, 5), (6, 8, 1, 1), FLOATS),
    _row("1x1_strided", (2, 8, 5, 5), (6, 8, 1, 1), stride=(2, 2)),
    _row("groups", (2, 6, 8, 8), (4, 3, 3, 3), NUMBERS, groups=2),
    _row("depthwise", (2, 4, 8, 8), (4, 1, 3, 3), NUMBERS, groups=4, padding=((1, 1), (1, 1))),
    _row("depth_multiplier", (2, 3, 8, 8), (6, 1, 3, 3), FLOATS, groups=3, stride=(2, 2)),
    _row("dilation", (2, 3, 12, 12), (4, 3, 3, 3), dilation=(2, 3)),
    _row("asymmetric", (2, 3, 8, 8), (4, 3, 3, 3), padding=((0, 3), (2, 1))),
    _row("cropped", (2, 3, 9, 9), (4, 3, 3, 3), stride=(2, 1), padding=((-1, -2), (1, -1))),
    _row(
        "transposed",
        (2, 3, 5, 5),
        (4, 3, 3, 3),
        NUMBERS,
        padding=((2, 2), (1, 2)),
        input_dilation=(2, 3),
    ),
    _row(
        "transposed_1d", (2, 3, 5), (4, 3, 3), padding=((2, 2),), dilation=(2,), input_dilation=(2,)
    ),
    _row(
        "transposed_groups",
        (2, 4, 5, 5),
        (4, 2, 3, 3),
        padding=((2, 2), (-1, 2)),
        groups=2,
        input_dilation=(2, 2),
    ),
    # One window, which leaves a rest of the input that is below the stride: IREE needs it trimmed.
    _row("one_window", (2, 3, 8, 9), (4, 3, 7, 3), stride=(2, 3), padding=((0, 0), (1, 0))),
    _row("one_window_groups", (2, 4, 8, 8), (4, 1, 7, 7), stride=(2, 2), groups=4),
    _row(
        "channels_last",
        (2, 9, 10, 3),
        (3, 3, 3, 4),
        FLOATS,
        stride=(2, 1),
        padding=((1, 1), (0, 1)),
        layout="channels_last",
    ),
    _row("channels_last_0d", (2, 3), (3, 4), layout="channels_last"),
    _row("channels_last_1d", (2, 9, 3), (3, 3, 4), layout="channels_last"),
    _row(
        "channels_last_3d",
        (1, 4, 5, 6, 2),
        (2, 2, 2, 2, 4),
        padding=((1, 0),) * 3,
        layout="channels_last",
    ),
    _row("channels_last_groups", (2, 7, 6, 4), (3, 3, 2, 6), groups=2, layout="channels_last"),
    _row(
        "channels_last_depthwise",
        (2, 7, 6, 4),
        (3, 3, 1, 4),
        FLOATS,
        padding=((1, 1), (1, 1)),
        stride=(2, 2),
        groups=4,
        layout="channels_last",
    ),
    _row("no_batch", (0, 3, 8, 8), (4, 3, 3, 3)),
    _row("no_channels", (2, 0, 5, 5), (4, 0, 3, 3)),
]
