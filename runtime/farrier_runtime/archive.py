"""IREE's parameter archives (`.irpa`): tables of names and bytes, without data types.

IREE's own reader trusts the numbers in them, so a damaged one crashes the process.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from farrier_runtime.dtypes import Array
from farrier_runtime.errors import ArtifactError
from farrier_runtime.files import MappedFile, path_of
from farrier_runtime.safetensors import damaged

_MAGIC = b"IRPA"
_MAJOR_VERSION = 0

_PREFIX = struct.Struct("<4s2H3Q")  # magic, major and minor version, size, next archive, flags
_HEADER = struct.Struct("<7Q")  # number of entries; start and size of table, names and data
_ENTRY = struct.Struct("<QI6Q")  # size, type, flags, start and size of name and metadata, alignment
_SPLAT = struct.Struct("<Q16sB")  # size, pattern, size of the pattern
_DATA = struct.Struct("<2Q")  # start and size

_ENTRY_ALIGNMENT = 16
_SKIPPED, _REPEATED, _STORED = range(3)
_PATTERNS = (1, 2, 4, 8, 16)  # bytes


def read(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read the bytes of all parameters; they are mapped, so they are read when they are used.

    Args:
        path: an `.irpa` file.

    Returns:
        Read-only uint8 arrays by name; where one pattern fills a parameter, each row holds it.

    Raises:
        ArtifactError: the file is damaged; the text names it.
        OSError: the file cannot be read.
    """
    file = path_of(path)
    try:
        view = memoryview(MappedFile.open(file))
    except ValueError:
        raise damaged(file, "it is empty") from None
    arrays: dict[str, Array] = {}
    for name, array in _Reader(file, view).arrays():
        if name in arrays:
            raise damaged(file, f"it has '{name}' twice")
        arrays[name] = array
    return arrays


class _Reader:
    """Reads a file of one archive, or of several that are linked."""

    def __init__(self, file: Path, view: memoryview) -> None:
        self._file, self._view = file, view
        self._ranges: list[tuple[int, int]] = []

    def arrays(self) -> Iterator[tuple[str, Array]]:
        base, following = 0, 1
        while following:
            magic, major, _, _, following, _ = self._unpack(_PREFIX, base, "header")
            if magic != _MAGIC or major != _MAJOR_VERSION:
                raise self._fault(f"no archive of version {_MAJOR_VERSION} begins at byte {base}")
            yield from self._archive(base)
            base += following
        self._check_overlaps()

    def _archive(self, base: int) -> Iterator[tuple[str, Array]]:
        """Yield the parameters of the archive that begins at a byte, from which it counts."""
        count, *ranges = self._unpack(_HEADER, base + _PREFIX.size, "header")
        table, names, data = (
            self._segment(base + start, size, part)
            for start, size, part in zip(
                ranges[::2], ranges[1::2], ("table", "names", "data"), strict=True
            )
        )
        position = table.start
        for _ in range(count):
            size, entry_type, _, name_start, name_size, *_ = self._unpack(
                _ENTRY, position, "table", table.stop
            )
            if entry_type != _SKIPPED:
                name = self._name(names, name_start, name_size)
                yield name, self._array(entry_type, name, position + _ENTRY.size, data)
            if size < _ENTRY.size:
                raise self._fault(f"the entry at byte {position} has {size} bytes")
            position += -(-size // _ENTRY_ALIGNMENT) * _ENTRY_ALIGNMENT

    def _segment(self, start: int, size: int, part: str) -> range:
        self._bytes(start, size, part, len(self._view))
        return range(start, start + size)

    def _name(self, names: range, start: int, size: int) -> str:
        text = self._bytes(names.start + start, size, "names", names.stop)
        try:
            return bytes(text).decode()
        except UnicodeDecodeError:
            raise self._fault("a name in it is not text") from None

    def _array(self, entry_type: int, name: str, position: int, data: range) -> Array:
        if entry_type == _REPEATED:
            return self._repeated(name, *self._unpack(_SPLAT, position, "table"))
        if entry_type == _STORED:
            start, size = self._unpack(_DATA, position, "table")
            content = self._bytes(data.start + start, size, f"'{name}'", data.stop)
            self._ranges.append((data.start + start, data.start + start + size))
            return np.frombuffer(content, np.uint8) if size else np.empty(0, np.uint8)
        raise self._fault(f"'{name}' is neither stored in the file nor one repeated pattern")

    def _repeated(self, name: str, size: int, pattern: bytes, length: int) -> Array:
        if length not in _PATTERNS or size % length:
            raise self._fault(f"'{name}' repeats {length} bytes to fill {size}")
        row = np.frombuffer(pattern[:length], np.uint8)
        try:
            return np.broadcast_to(row, (size // length, length))
        except ValueError:
            raise self._fault(f"'{name}' has {size} bytes, more than memory can hold") from None

    def _check_overlaps(self) -> None:
        """Refuse parameters that share some bytes; the format lets them share all."""
        end = 0
        for start, stop in sorted(set(self._ranges)):
            if start < end:
                raise self._fault(f"two parameters overlap at byte {start}")
            end = stop

    def _unpack(
        self, layout: struct.Struct, start: int, part: str, end: int | None = None
    ) -> tuple[Any, ...]:
        stop = len(self._view) if end is None else end
        return layout.unpack(self._bytes(start, layout.size, part, stop))

    def _bytes(self, start: int, size: int, part: str, end: int) -> memoryview:
        if start + size > end:
            raise self._fault(f"its {part} would end at byte {start + size}, after byte {end}")
        return self._view[start : start + size]

    def _fault(self, reason: str) -> ArtifactError:
        return damaged(self._file, reason)
