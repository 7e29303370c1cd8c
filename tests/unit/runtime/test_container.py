"""The ZIP container of a vmfb, with a distinct error for each damage to its directory."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

import farrier_runtime
from farrier_runtime.artifact import to_bytes
from farrier_runtime.container import read_directory, split, tail
from farrier_runtime.errors import ArtifactError
from unit.runtime import modules


def stored() -> bytes:
    """Return a ZIP file with one member, of 60 bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("module.fb", b"module" * 10)
    return file.getvalue()


# Offsets in `stored()`: the entry of the table of contents, and the record at the end.
ENTRY, END = stored().index(b"PK\1\2"), len(stored()) - 22


def changed(offset: int, layout: str, *values: int) -> bytes:
    """Return `stored()` with other numbers at an offset."""
    data = bytearray(stored())
    struct.pack_into(layout, data, offset, *values)
    return bytes(data)


DAMAGED = {
    "its table of contents is not complete": changed(END + 8, "<2H", 2, 2),
    "its table of contents is not where it should be": changed(END + 16, "<I", ENTRY + 1),
    "a position lies outside of it": changed(ENTRY + 42, "<I", 10**6),
    "a part is not where it should be": changed(ENTRY + 42, "<I", 1),
    "its member 'module.fb' lies outside of it": changed(ENTRY + 20, "<2I", 10**6, 10**6),
    "a size in its table of contents is missing": changed(ENTRY + 20, "<2I", *[0xFFFFFFFF] * 2),
}


@pytest.mark.parametrize("problem", DAMAGED)
def test_damage(problem: str) -> None:
    with pytest.raises(ArtifactError) as raised:
        read_directory(memoryview(DAMAGED[problem]))
    assert str(raised.value) == f"the file is damaged: {problem}"


def test_an_end_that_points_to_another_part() -> None:
    """Large files have a second record before the last one, which such an offset asks for."""
    with pytest.raises(ArtifactError) as raised:
        read_directory(memoryview(changed(END + 16, "<I", 0xFFFFFFFF)))
    assert str(raised.value) == "the file is damaged: a part is not where it should be"


def test_a_date_that_was_changed() -> None:
    """No CRC covers the headers, but there is one way only to write them."""
    data = bytearray(stored() + tail(memoryview(stored()), b"{}"))
    data[data.rindex(b"PK\3\4") + 10] ^= 1
    with pytest.raises(ArtifactError) as raised:
        split(memoryview(bytes(data)))
    assert str(raised.value) == "the file is damaged: its table of contents was changed"


def test_a_module_that_iree_does_not_load() -> None:
    with pytest.raises(ArtifactError) as raised:
        farrier_runtime.load(to_bytes(stored(), modules.manifest()), device="cpu", threads=1)
    text = str(raised.value)
    assert text.startswith("artifact in memory: IREE cannot load the module: ")
