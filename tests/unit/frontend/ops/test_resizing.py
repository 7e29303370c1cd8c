"""Resizing: errors and ties."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import farrier as fr
from support.messages import message

X = fr.ones((2, 3))


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (
            lambda: fr.resize(X, (4, 4), mode="area"),  # pyright: ignore[reportArgumentType]
            fr.ArgumentError,
            "resize has the modes nearest, linear and cubic, not 'area'.",
        ),
        (
            lambda: fr.resize(X),
            fr.ArgumentError,
            "resize needs output_shape= or scales=, one of them.",
        ),
        (
            lambda: fr.resize(X, 4),  # pyright: ignore[reportArgumentType]
            fr.ShapeError,
            "resize got output_shape=(4,) for float32 (2, 3): give one for each dimension.",
        ),
        (
            lambda: fr.resize(X, (0, 3)),
            fr.ShapeError,
            "resize of float32 (2, 3) to (0, 3) is not defined: all sizes must be positive.",
        ),
    ],
)
def test_error(function: Callable[[], object], error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as raised:
        function()
    assert message(raised.value) == text


def test_numbers_with_a_point_are_scales() -> None:
    assert fr.resize(X, (2, 1.5), "nearest").shape == (4, 4)


def test_nearest_of_integers() -> None:
    result = fr.resize(fr.Tensor([1, 2, 3, 4]), (2,), mode="nearest")
    assert result.tolist() == [2, 4]


def test_integers_are_rounded_to_even_and_saturated() -> None:
    halves = fr.resize(fr.Tensor([0, 1, 4], fr.int8), (5,), align_corners=True)
    assert halves.tolist() == [0, 0, 1, 2, 4]  # 0.5 and 2.5 lie between
    edge = fr.Tensor([-128, -128, 127, 127], fr.int8)
    smooth = fr.resize(edge.cast(fr.float32), (8,), mode="cubic").tolist()
    assert min(smooth) < -128
    assert max(smooth) > 127
    clipped = [max(-128, min(127, round(x))) for x in smooth]
    assert fr.resize(edge, (8,), mode="cubic").tolist() == clipped
