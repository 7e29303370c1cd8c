"""Values in error texts: one line, of bounded length, whatever their repr does."""

from __future__ import annotations

from typing import Any

import pytest

from farrier_runtime.wording import shown


class Unreadable:
    def __repr__(self) -> str:
        raise RuntimeError("unreadable")


def nested(levels: int) -> list[Any]:
    nest: list[Any] = []
    for _ in range(levels):
        nest = [nest]
    return nest


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (300, "300"),
        ("two\nlines", r"'two\nlines'"),
        ([[1], [2]], "[[1], [2]]"),
        ("n" * 100, "'" + "n" * 76 + "..."),
        (Unreadable(), "<Unreadable>"),
        (nested(100_000), "<list>"),
        (10**5000, "<int>"),  # Python writes at most 4300 digits
    ],
    ids=["number", "lines", "list", "long", "unreadable", "deep", "huge"],
)
def test_values_are_shown_in_one_line(value: Any, text: str) -> None:
    assert shown(value) == text


def test_values_are_cut_to_the_width() -> None:
    assert shown("abcdefgh", width=8) == "'abcd..."
