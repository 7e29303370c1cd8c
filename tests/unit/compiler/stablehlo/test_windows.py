"""Windows of dynamic sizes, in portable StableHLO."""

from __future__ import annotations

import re

import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.stablehlo.builder import Builder
from farrier_compiler.stablehlo.lower import lower

SIDE = fr.NamedDimension("side", 2, 4, 8)


def portable(function: object, *shapes: tuple[object, ...]) -> str:
    """Return a function's portable StableHLO, verified."""
    infos = [fr.InputInfo(shape, fr.float32) for shape in shapes]  # pyright: ignore[reportArgumentType]
    program = lower([trace(function, infos).graph], Builder)  # pyright: ignore[reportArgumentType]
    program.verify()
    return program.text()


def test_a_running_sum_reaches_back_as_far_as_any_size() -> None:
    text = portable(lambda x: fr.cumsum(x, 1), (2, SIDE))
    assert "window_dimensions = array<i64: 1, 8>" in text
    assert re.search(r"padding = dense<\[\[0, 0\], \[7, 0\]\]>", text)


def test_padding_of_a_kernel_that_is_not_known_is_added_first() -> None:
    text = portable(lambda x, w: fr.conv_transpose(x, w), (1, 2, 6), (2, 3, SIDE))
    assert "stablehlo.dynamic_pad" in text
    assert "stablehlo.convolution" in text


def test_other_windows_are_refused() -> None:
    with pytest.raises(fr.CompileError) as caught:
        portable(lambda x: fr.maxpool(x, x.shape[2:]), (1, 2, SIDE, 4))
    assert str(caught.value) == (
        "maxpool has the window (1, 1, side, 4) with the padding ((0, 0), (0, 0), (0, 0), (0, 0)): "
        "portable StableHLO has no windows of dynamic sizes. Compile it for a target, or give "
        "numbers."
    )
