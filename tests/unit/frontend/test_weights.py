"""Weight files: round trips, and refusal of damaged ones."""

from __future__ import annotations

import json
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import HealthCheck, given, settings, strategies as st
from numpy.typing import NDArray

from farrier import ArgumentError, ArtifactError, weights
from farrier.commands.inputs.arrays import read_array
from farrier_runtime.dtypes import DTYPES, float16, float32, int4
from farrier_runtime.safetensors import UnreadTensor

STORABLE = [dtype for dtype in DTYPES.values() if dtype is not int4]
KNOWN = "F64, F32, F16, BF16, F8_E4M3, F8_E5M2, I64, I32, I16, I8, U64, U32, U16, U8, BOOL"


def samples() -> dict[str, NDArray[Any]]:
    """Return an array of every data type, wide and narrow ones mixed, and empty and scalar ones."""
    generator = np.random.default_rng(0)
    arrays = {
        f"layer.{dtype.name}": generator.integers(0, 2, (3, 5)).astype(dtype.numpy)
        for dtype in reversed(STORABLE)
    }
    return arrays | {
        "empty": np.empty((0, 4), np.float32),
        "scalar": np.array(7, np.int8),
        "strided": np.arange(12, dtype=np.float32).reshape(3, 4).T,
        "näme": np.ones(1, np.float64),
    }


def safetensors_file(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def deserialized(data: bytes) -> dict[str, Any]:
    """Return what the safetensors library, an independent reader, finds in a file."""
    library: Any = safetensors
    return dict(library.deserialize(data))


def entry(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def assert_same(arrays: dict[str, NDArray[Any]], expected: dict[str, NDArray[Any]]) -> None:
    assert arrays.keys() == expected.keys()
    for name, array in expected.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].shape == array.shape
        assert arrays[name].tobytes() == array.tobytes()


# ---------------------------------------------------------------------- round trips


def test_safetensors_round_trip(tmp_path: Path) -> None:
    weights.save(tmp_path / "net.safetensors", samples())
    loaded = weights.load(tmp_path / "net.safetensors")
    assert_same(loaded, samples())
    assert all(array.flags.aligned for array in loaded.values())


def test_safetensors_are_mapped_not_read(tmp_path: Path) -> None:
    weights.save(tmp_path / "net.safetensors", samples())
    loaded = weights.load(tmp_path / "net.safetensors")
    copied = [name for name, array in loaded.items() if array.flags.writeable]
    assert copied == []


def test_the_safetensors_library_reads_what_is_written(tmp_path: Path) -> None:
    weights.save(tmp_path / "net.safetensors", samples())
    entries = deserialized((tmp_path / "net.safetensors").read_bytes())
    assert entries.keys() == samples().keys()
    for name, array in samples().items():
        assert tuple(entries[name]["shape"]) == array.shape
        assert bytes(entries[name]["data"]) == array.tobytes()
    assert {entries[f"layer.{dtype.name}"]["dtype"] for dtype in STORABLE} == set(KNOWN.split(", "))


def test_what_the_safetensors_library_writes_is_read(tmp_path: Path) -> None:
    arrays = {name: np.ascontiguousarray(array) for name, array in samples().items()}
    arrays["scalar"] = arrays["scalar"].reshape(())
    data = safetensors.numpy.save(arrays, metadata={"format": "np"})
    (tmp_path / "net.safetensors").write_bytes(data)
    assert_same(weights.load(tmp_path / "net.safetensors"), arrays)


def test_unaligned_tensors_are_copied(tmp_path: Path) -> None:
    header = {"a": entry("U8", [1], [0, 1]), "b": entry("F32", [1], [1, 5])}
    data = b"\x07" + np.float32(1.5).tobytes()
    (tmp_path / "net.safetensors").write_bytes(safetensors_file(header, data))
    loaded = weights.load(tmp_path / "net.safetensors")
    assert loaded["b"].flags.aligned
    assert loaded["b"].tolist() == [1.5]


def test_npz_round_trip(tmp_path: Path) -> None:
    plain = (float16, float32, *(k for k in STORABLE if k.numpy.kind in "iub"))
    arrays = {f"layer.{dtype.name}": np.ones((2, 3), dtype.numpy) for dtype in plain}
    arrays["file"] = np.array(3, np.int32)  # a name that numpy.savez itself cannot take
    weights.save(tmp_path / "net.npz", arrays)
    assert_same(weights.load(tmp_path / "net.npz"), arrays)


def test_npz_of_numpy_is_read(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "net.npz", weight=np.arange(3))
    assert_same(weights.load(tmp_path / "net.npz"), {"weight": np.arange(3)})


def test_sharded_weights(tmp_path: Path) -> None:
    weights.save(tmp_path / "a.safetensors", {"x": np.ones(2), "unused": np.ones(1)})
    weights.save(tmp_path / "b.safetensors", {"y": np.zeros(3)})
    index = {
        "metadata": {"total_size": 40},
        "weight_map": {"x": "a.safetensors", "y": "b.safetensors"},
    }
    (tmp_path / "net.safetensors.index.json").write_text(json.dumps(index))
    loaded = weights.load(tmp_path / "net.safetensors.index.json")
    assert_same(loaded, {"x": np.ones(2), "y": np.zeros(3)})


def test_files_are_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    weights.save(path, {"x": np.ones(2)})
    mapped = weights.load(path)["x"]
    weights.save(path, {"x": np.zeros(2)})
    assert mapped.tolist() == [1, 1]
    assert weights.load(path)["x"].tolist() == [0, 0]
    with pytest.raises(ArgumentError):
        weights.save(path, {"x": np.zeros(2, int4.numpy)})
    assert weights.load(path)["x"].tolist() == [0, 0]
    assert [file.name for file in tmp_path.iterdir()] == ["net.safetensors"]


# ---------------------------------------------------------------------- damage

SAFETENSORS_FAULTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it has 0 bytes, and its header alone takes more"),
    "no header": (
        safetensors_file(b"{}", length=3),
        "its header would end at byte 11, but the file has 10",
    ),
    "huge header": (
        safetensors_file(b"{}", length=1 << 40),
        "its header would be 1099511627776 bytes long; 100 MB is the limit",
    ),
    "no JSON": (
        safetensors_file(b"{"),
        "its header is not JSON (Expecting property name enclosed in double quotes: line 1 "
        "column 2 (char 1))",
    ),
    "no UTF-8": (
        safetensors_file(b"\xff\xff"),
        "its header is not JSON ('utf-8' codec can't decode byte 0xff in position 0: invalid "
        "start byte)",
    ),
    "no object": (safetensors_file([]), "its header is not a JSON object"),
    "name twice": (
        safetensors_file(b'{"a": 1, "a": 2}'),
        "its header is not JSON (it has 'a' twice)",
    ),
    "no entry": (
        safetensors_file({"a": 1}),
        "tensor 'a' needs a dtype, a shape and data_offsets",
    ),
    "unknown key": (
        safetensors_file({"a": entry() | {"x": 1}}),
        "tensor 'a' needs a dtype, a shape and data_offsets",
    ),
    "unknown dtype": (
        safetensors_file({"a": entry("F4", offsets=[8, 0])}),
        "tensor 'a', F4 (2,), takes 0 bytes, but has -8",
    ),
    "dtype is a number": (
        safetensors_file({"a": entry(4)}),
        "tensor 'a' has data type 4, not the name of one",
    ),
    "negative shape": (
        safetensors_file({"a": entry(shape=[-2])}),
        "tensor 'a' has a shape or data_offsets that are not integers",
    ),
    "fraction": (
        safetensors_file({"a": entry(shape=[2.0])}),
        "tensor 'a' has a shape or data_offsets that are not integers",
    ),
    "true": (
        safetensors_file({"a": entry(shape=[True])}),
        "tensor 'a' has a shape or data_offsets that are not integers",
    ),
    "three offsets": (
        safetensors_file({"a": entry(offsets=[0, 4, 8])}),
        "tensor 'a' has a shape or data_offsets that are not integers",
    ),
    "wrong size": (
        safetensors_file({"a": entry(offsets=[0, 7])}, bytes(7)),
        "tensor 'a', F32 (2,), takes 8 bytes, but has 7",
    ),
    "backwards": (
        safetensors_file({"a": entry(offsets=[8, 0])}, bytes(8)),
        "tensor 'a', F32 (2,), takes 8 bytes, but has -8",
    ),
    "outside": (
        safetensors_file({"a": entry()}, bytes(7)),
        "tensor 'a' ends at byte 8 of 7 bytes of data",
    ),
    "overlap": (
        safetensors_file({"a": entry(), "b": entry(offsets=[4, 12])}, bytes(12)),
        "tensor 'b' overlaps another one at byte 4",
    ),
    "hole": (
        safetensors_file({"a": entry(), "b": entry(offsets=[9, 17])}, bytes(17)),
        "tensor 'b' begins after a hole at byte 9",
    ),
    "rest": (
        safetensors_file({"a": entry()}, bytes(9)),
        "its tensors take 8 bytes, but there are 9",
    ),
}


@pytest.mark.parametrize("name", SAFETENSORS_FAULTS)
def test_damaged_safetensors(tmp_path: Path, name: str) -> None:
    data, reason = SAFETENSORS_FAULTS[name]
    path = tmp_path / "net.safetensors"
    path.write_bytes(data)
    with pytest.raises(ArtifactError) as raised:
        weights.load(path)
    assert str(raised.value) == f"'{path}' is damaged, or is not a weight file: {reason}."
    with pytest.raises(safetensors.SafetensorError):
        deserialized(data)


def test_shapes_beyond_numpy(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(safetensors_file({"a": entry(shape=[0, 1 << 70], offsets=[0, 0])}))
    with pytest.raises(ArtifactError, match="tensor 'a' has a shape beyond limits: "):
        weights.load(path)


def test_nested_json_bomb(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(safetensors_file(b"[" * 1_000_000))
    with pytest.raises(ArtifactError, match="its header is not JSON"):
        weights.load(path)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_mutated_safetensors_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "net.safetensors"
    content = bytearray(safetensors_file({"a": entry(), "b": entry("U8", [3], [8, 11])}, bytes(11)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        loaded = weights.load(path)
    except ArtifactError:
        return
    if not any(isinstance(array, UnreadTensor) for array in loaded.values()):
        assert sum(array.nbytes for array in loaded.values()) == 11


SHARD_FAULTS: dict[str, tuple[Any, str]] = {
    "no map": ({}, "it has no weight_map"),
    "outside": (
        {"weight_map": {"x": "../a.safetensors"}},
        "it places tensor 'x' in '../a.safetensors', not a .safetensors file beside it",
    ),
    "absolute": (
        {"weight_map": {"x": "/a.safetensors"}},
        "it places tensor 'x' in '/a.safetensors', not a .safetensors file beside it",
    ),
    "backslash": (
        {"weight_map": {"x": "..\\a.safetensors"}},
        "it places tensor 'x' in '..\\\\a.safetensors', not a .safetensors file beside it",
    ),
    "number": (
        {"weight_map": {"x": 3}},
        "it places tensor 'x' in 3, not a .safetensors file beside it",
    ),
    "other format": (
        {"weight_map": {"x": "a.bin"}},
        "it places tensor 'x' in 'a.bin', not a .safetensors file beside it",
    ),
    "lacking tensor": (
        {"weight_map": {"x": "a.safetensors"}},
        "it places tensor 'x' in 'a.safetensors', which lacks it",
    ),
}


@pytest.mark.parametrize("name", SHARD_FAULTS)
def test_damaged_index(tmp_path: Path, name: str) -> None:
    index, reason = SHARD_FAULTS[name]
    weights.save(tmp_path / "a.safetensors", {"y": np.ones(1)})
    path = tmp_path / "net.safetensors.index.json"
    path.write_text(json.dumps(index))
    with pytest.raises(ArtifactError) as raised:
        weights.load(path)
    assert str(raised.value) == f"'{path}' is damaged, or is not a weight file: {reason}."


def test_missing_shard(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": {"x": "a.safetensors"}}))
    with pytest.raises(ArtifactError) as raised:
        weights.load(path)
    shard = tmp_path / "a.safetensors"
    assert str(raised.value) == f"'{path}' needs the file '{shard}', which is not there."


def test_an_npz_that_is_not_a_zip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    path.write_bytes(b"\x80\x04]\x94.")  # a pickle, which numpy would be asked to load
    with pytest.raises(ArtifactError) as raised:
        weights.load(path)
    assert str(raised.value) == (
        f"'{path}' is damaged, or is not a weight file: it is not a ZIP file."
    )


def test_npz_with_a_damaged_member(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    weights.save(path, {"x": np.arange(100)})
    content = bytearray(path.read_bytes())
    content[400] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ArtifactError) as raised:
        weights.load(path)
    assert str(raised.value) == (
        f"'{path}' is damaged, or is not a weight file: Bad CRC-32 for file 'x.npy'."
    )


def test_npz_with_a_damaged_header(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00\xff\xff{'descr'")
    with pytest.raises(ArtifactError, match="is damaged, or is not a weight file: "):
        weights.load(path)


def test_an_npz_with_an_unreadable_header_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones(3, np.float32))
    content = (tmp_path / "x.npy").read_bytes().replace(b"(3,)", b"(3,(")
    (tmp_path / "x.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
        archive.writestr("x.npy", content)
    with pytest.raises(ArtifactError, match="is damaged, or is not a weight file: "):
        weights.load(tmp_path / "net.npz")
    with pytest.raises(ArgumentError) as raised:
        read_array(tmp_path / "x.npy")
    text = f"{tmp_path / 'x.npy'} is not a .npy file of numbers, or is damaged."
    assert str(raised.value) == text


def test_an_npz_with_a_misplaced_table_of_contents_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    weights.save(path, {"x": np.arange(100)})
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, len(content) - 6, 1 << 24)
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match="is damaged, or is not a weight file: "):
        weights.load(path)


@pytest.mark.parametrize("name", ["net.npz", "net.index.json"])
def test_pipes_are_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(OSError, match="Not a regular file"):
        weights.load(tmp_path / name)
