"""Resizing: what it refuses, and ties."""

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
            lambda: fr.resize(X, scales=(2,)),
            fr.ShapeError,
            "resize got scales=(2,) for float32 (2, 3): give one for each dimension.",
        ),
        (
            lambda: fr.resize(X, (0, 3)),
            fr.ShapeError,
            "resize of float32 (2, 3) to (0, 3) is not defined: all sizes must be positive.",
        ),
        (
            lambda: fr.resize(fr.Tensor([1, 2]), (4,)),
            fr.DtypeError,
            "resize takes a floating-point number, but got int32 (2,). "
            "Convert it first, for example with fr.cast(x, fr.float32).",
        ),
    ],
)
def test_error(function: Callable[[], object], error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as found:
        function()
    assert message(found.value) == text


def test_nearest_of_integers() -> None:
    found = fr.resize(fr.Tensor([1, 2, 3, 4]), (2,), mode="nearest")
    assert found.tolist() == [2, 4]
