"""Shapes that no array can have, wherever a shape is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import farrier as fr

BIG = 2**61
ONE = fr.ones((1,))
TOO_LARGE: dict[str, Callable[[], Any]] = {
    "zeros": lambda: fr.zeros((BIG,)),
    "full": lambda: fr.full((BIG,), 1),
    "iota": lambda: fr.iota((BIG,)),
    "expand": lambda: fr.expand(ONE, (BIG,)),
    "pad": lambda: fr.pad(ONE, ((0, BIG - 1),)),
    "repeat": lambda: fr.repeat(ONE, BIG, 0),
    "Parameter": lambda: fr.Parameter((BIG,), fr.float32),
    "Embedding": lambda: fr.Embedding(BIG, 1),
    "InputInfo": lambda: fr.InputInfo((BIG,), fr.float32),
    "InputInfo dynamic": lambda: fr.InputInfo((BIG, (1, 2, 3)), fr.float32),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_too_large_shapes_are_refused(name: str) -> None:
    with pytest.raises(fr.ShapeError, match=r"A tensor has less than 2\*\*63 bytes: float32 "):
        TOO_LARGE[name]()


TOO_DEEP: dict[str, Callable[[], Any]] = {
    "zeros": lambda: fr.zeros((1,) * 65),
    "reshape": lambda: fr.reshape(ONE, (1,) * 65),
    "unsqueeze": lambda: fr.unsqueeze(fr.ones((1,) * 64), 0),
    "InputInfo": lambda: fr.InputInfo(((1, 2, 3),) * 65, fr.float32),
}


@pytest.mark.parametrize("name", TOO_DEEP)
def test_too_many_dimensions_are_refused(name: str) -> None:
    with pytest.raises(fr.ShapeError, match="A tensor has at most 64 dimensions, not 65"):
        TOO_DEEP[name]()


def test_bounds_beyond_64_bits_are_refused() -> None:
    with pytest.raises(fr.ArgumentError) as raised:
        fr.NamedDimension("n", 1, 2, 2**63)
    text = "Bounds are sizes below 2**63, but got (1, 2, 9223372036854775808)."
    assert str(raised.value).partition("\n")[0] == text
    fr.NamedDimension("n", 1, 2, 2**63 - 1)
