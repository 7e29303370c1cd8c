"""IREE's parameter archives, as IREE writes them and damaged."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from farrier_runtime import archive
from farrier_runtime.errors import ArtifactError
from farrier_runtime.session import iree

WEIGHT, BIAS = np.arange(24, dtype=np.uint8), np.arange(4, dtype=np.uint8)

# Offsets in IREE's archive: the first entry and its fields; the last entry, a repeated pattern.
COUNT, TABLE_SIZE, NAMES, DATA = 32, 48, 56, 72
ENTRY, TYPE, NAME_SIZE, DATA_START, DATA_SIZE = 96, 104, 124, 156, 164
SECOND_DATA_START, LAST = 236, 256
SPLAT_SIZE, PATTERN_SIZE = LAST + 60, LAST + 84


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return an archive of two tensors and a repeated pattern."""
    index = iree().ParameterIndex()
    index.add_buffer("layer.weight", WEIGHT)
    index.add_buffer("bias", BIAS)
    index.add_splat("ones", b"\1\2\3\4", 12)
    file = tmp_path_factory.mktemp("archive") / "net.irpa"
    index.create_archive_file(str(file))
    return file.read_bytes()


def arrays(data: bytes, folder: Path) -> dict[str, Any]:
    (folder / "net.irpa").write_bytes(data)
    return archive.read(folder / "net.irpa")


def assert_right(read: dict[str, Any]) -> None:
    assert read.keys() <= {"layer.weight", "bias", "ones"}
    for name, values in (("layer.weight", WEIGHT), ("bias", BIAS)):
        if name in read:
            np.testing.assert_array_equal(read[name], values)
    if "ones" in read:
        np.testing.assert_array_equal(read["ones"], [[1, 2, 3, 4]] * 3)


def test_what_iree_writes_is_read(whole: bytes, tmp_path: Path) -> None:
    read = arrays(whole, tmp_path)
    assert list(read) == ["layer.weight", "bias", "ones"]
    assert_right(read)
    assert not any(array.flags.writeable for array in read.values())


def test_linked_archives_are_read(whole: bytes, tmp_path: Path) -> None:
    index = iree().ParameterIndex()
    index.add_buffer("more", BIAS)
    index.create_archive_file(str(tmp_path / "more.irpa"))
    linked = changed(whole, (16, len(whole))) + (tmp_path / "more.irpa").read_bytes()
    assert list(arrays(linked, tmp_path)) == ["layer.weight", "bias", "ones", "more"]
    assert arrays(linked, tmp_path)["more"].tolist() == BIAS.tolist()


def test_erased_entries_and_empty_tensors_are_read(whole: bytes, tmp_path: Path) -> None:
    erased = whole[:TYPE] + bytes(4) + whole[TYPE + 4 :]
    assert list(arrays(erased, tmp_path)) == ["bias", "ones"]
    assert arrays(changed(whole, (DATA_SIZE, 0)), tmp_path)["layer.weight"].shape == (0,)


def changed(data: bytes, *numbers: tuple[int, int]) -> bytes:
    """Return a copy with 64-bit numbers written at some offsets."""
    content = bytearray(data)
    for place, number in numbers:
        struct.pack_into("<Q", content, place, number)
    return bytes(content)


LARGE = 1 << 63

FAULTS: dict[str, tuple[list[tuple[int, int]], str]] = {
    "another version": (
        [(0, 0x00000001_41505249)],
        "no archive of version 0 begins at byte 0",
    ),
    "a link to the middle": ([(16, 64)], "no archive of version 0 begins at byte 64"),
    "a link beyond the end": ([(16, 4096)], "its header would end at byte 4128, after byte 4096"),
    "too many entries": ([(COUNT, 1 << 40)], "its table would end at byte 412, after byte 341"),
    "a table beyond the end": (
        [(TABLE_SIZE, LARGE)],
        f"its table would end at byte {LARGE + 96}, after byte 4096",
    ),
    "names beyond the end": (
        [(NAMES, 4090)],
        "its names would end at byte 4110, after byte 4096",
    ),
    "data beyond the end": (
        [(DATA, LARGE)],
        f"its data would end at byte {LARGE + 68}, after byte 4096",
    ),
    "an entry without a size": ([(ENTRY, 0)], "the entry at byte 96 has 0 bytes"),
    "a long name": (
        [(NAME_SIZE, 21)],
        "its names would end at byte 362, after byte 361",
    ),
    "a long tensor": (
        [(DATA_SIZE, 69)],
        "its 'layer.weight' would end at byte 453, after byte 452",
    ),
    "tensors that overlap": ([(SECOND_DATA_START, 20)], "two parameters overlap at byte 404"),
    "a pattern that does not fit": ([(SPLAT_SIZE, 13)], "'ones' repeats 4 bytes to fill 13"),
    "a pattern of no bytes": (
        [(PATTERN_SIZE, 0)],
        "'ones' repeats 0 bytes to fill 12",
    ),
    "a pattern for more than memory": (
        [(SPLAT_SIZE, LARGE)],
        f"'ones' has {LARGE} bytes, more than memory can hold",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_damaged_archives_are_refused(fault: str, whole: bytes, tmp_path: Path) -> None:
    numbers, text = FAULTS[fault]
    file = tmp_path / "net.irpa"
    with pytest.raises(ArtifactError) as caught:
        arrays(changed(whole, *numbers), tmp_path)
    assert str(caught.value) == f"'{file}' is damaged, or is not a weight file: {text}."


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (b"IRPA", b"IRPB", "no archive of version 0 begins at byte 0"),
        (b"\2\0\0\0", b"\3\0\0\0", "'layer.weight' is neither stored in the file nor one repeated"),
        (b"layer", b"\xffayer", "a name in it is not text"),
    ],
)
def test_other_damage_is_refused(
    old: bytes, new: bytes, text: str, whole: bytes, tmp_path: Path
) -> None:
    with pytest.raises(ArtifactError, match=text):
        arrays(whole.replace(old, new), tmp_path)


def test_two_tensors_of_one_name_are_refused(whole: bytes, tmp_path: Path) -> None:
    index = whole.index(b"layer.weightbias")
    twice = whole[:index] + b"biasr.weightbias" + whole[index + 16 :]
    with pytest.raises(ArtifactError, match="it has 'bias' twice"):
        arrays(changed(twice, (NAME_SIZE, 4)), tmp_path)


@pytest.mark.parametrize("size", [0, 3, 31, 90, 384])
def test_truncated_archives_are_refused(size: int, whole: bytes, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"net\.irpa' is damaged, or is not a weight file: "):
        arrays(whole[:size], tmp_path)


def test_random_damage_is_refused_or_harmless(whole: bytes, tmp_path: Path) -> None:
    """Names and offsets of the same size may change unseen: the manifest's hashes notice."""
    chance = random.Random(11)
    refused = 0
    for _ in range(1000):
        place = chance.randrange(384)
        data = bytearray(whole)
        data[place] ^= 1 << chance.randrange(8)
        try:
            arrays(bytes(data), tmp_path)
        except ArtifactError:
            refused += 1
    assert refused > 300
