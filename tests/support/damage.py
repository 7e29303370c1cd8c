"""Damaged copies of files and of JSON documents, drawn by seed."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

_NUMBERS = (
    0,
    1,
    0x7F,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0xFFFFFFFF,
    1 << 40,
    1 << 62,
    (1 << 64) - 1,
)
_VALUES: tuple[Any, ...] = (
    *(0, 1, 2, 3, 5, -1, 1 << 31, 1 << 62, 1 << 64, 1.5, True, None),
    *("", "x", "é" * 300, "float32", "int8", "bool", "../x", [], [1], {}, {"list": []}),
)


def _flip(chance: random.Random, data: bytearray, place: int) -> None:
    for _ in range(chance.choice((1, 1, 2, 8))):
        data[place] ^= 1 << chance.randrange(8)
        place = chance.randrange(len(data))


def _truncate(chance: random.Random, data: bytearray, place: int) -> None:
    del data[place:]


def _cut(chance: random.Random, data: bytearray, place: int) -> None:
    del data[place : place + chance.randrange(1, 200)]


def _insert(chance: random.Random, data: bytearray, place: int) -> None:
    data[place:place] = chance.randbytes(chance.randrange(1, 200))


def _repeat(chance: random.Random, data: bytearray, place: int) -> None:
    other = chance.randrange(len(data))
    data[place:place] = data[other : other + chance.randrange(1, 500)]


def _overwrite(chance: random.Random, data: bytearray, place: int) -> None:
    other, size = chance.randrange(len(data)), chance.randrange(1, 200)
    data[place : place + size] = data[other : other + size]


def _number(chance: random.Random, data: bytearray, place: int) -> None:
    """Overwrite a size or an offset by a number near a limit or the file's length."""
    size = chance.choice((2, 4, 8))
    number = chance.choice((*_NUMBERS, len(data), len(data) - 1)) + chance.choice((0, 0, -1, 1))
    place -= place % chance.choice((1, size))
    data[place : place + size] = (number % (1 << 8 * size)).to_bytes(size, "little")


def _zero(chance: random.Random, data: bytearray, place: int) -> None:
    size = min(chance.randrange(1, 100), len(data) - place)
    data[place : place + size] = bytes(size)


_WAYS: tuple[Callable[[random.Random, bytearray, int], None], ...] = (
    *(_flip, _flip, _number, _number),
    *(_truncate, _cut, _insert, _repeat, _overwrite, _zero),
)


def damaged(chance: random.Random, whole: bytes) -> bytes:
    """Return a damaged copy of a file; headers and trailers are hit more often than the rest.

    Args:
        chance: the source of random numbers.
        whole: the file.
    """
    edge = min(1500, len(whole))
    while True:
        data = bytearray(whole)
        place = chance.choice(
            (
                chance.randrange(edge),
                len(whole) - 1 - chance.randrange(edge),
                chance.randrange(len(whole)),
            )
        )
        chance.choice(_WAYS)(chance, data, place)
        if bytes(data) != whole:
            return bytes(data)


def changed(chance: random.Random, document: Any, left_alone: tuple[str, ...]) -> Any:
    """Return a copy of a JSON document with one value changed, removed or duplicated.

    Args:
        chance: the source of random numbers.
        document: objects and lists.
        left_alone: the names of fields that do not change.
    """
    while True:
        other = copy.deepcopy(document)
        parent, key = chance.choice(list(_places(other, left_alone)))
        action = chance.randrange(4)
        if action == 0:
            del parent[key]
        elif action == 1 and isinstance(parent, list):
            parent.insert(key, copy.deepcopy(parent[key]))
        else:
            parent[key] = chance.choice(_VALUES)
        if other != document:
            return other


def _places(value: Any, left_alone: tuple[str, ...]) -> Iterator[tuple[Any, Any]]:
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        if key not in left_alone:
            yield value, key
            yield from _places(value[key], left_alone)
