"""Files of weights: safetensors, also sharded ones, and npz."""

from __future__ import annotations

import io
import json
import math
import mmap
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from farrier_compiler.graph import Array
from farrier_compiler.safetensors import NAMES, write_safetensors
from farrier_runtime.artifact import save as write_file
from farrier_runtime.errors import ArgumentError, ArtifactError

_DTYPES = {name: kind.numpy for kind, name in NAMES.items()}

_LENGTH = struct.Struct("<Q")
_LARGEST_HEADER = 100_000_000  # bytes: the format's own limit

_FORMATS = "Weights are read from .safetensors, .safetensors.index.json and .npz files"


def load(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read a file of weights.

    Args:
        path: a .safetensors file, whose arrays stay in the file until they are used, the
            .index.json of a sharded one, or an .npz file.

    Returns:
        The arrays by name; those of safetensors cannot be written to.

    Raises:
        ArtifactError: the file is damaged; the text names it and the tensor.
        ArgumentError: the name has none of these endings.
        OSError: the file cannot be read.

    Example:
        >>> save("scale.safetensors", {"scale": np.ones(2, np.float32)})
        >>> load("scale.safetensors")
        {'scale': array([1., 1.], dtype=float32)}
    """
    file = Path(path)
    if file.name.endswith(".index.json"):
        return _load_sharded(file)
    if file.suffix == ".safetensors":
        return _load_safetensors(file)
    if file.suffix == ".npz":
        return _load_npz(file)
    if file.suffix in (".pt", ".pth", ".bin", ".ckpt"):
        raise ArgumentError(
            f"{_FORMATS}, not '{file}': such files hold pickles, which can run code. With torch, "
            "pass load_weights(torch.load(path, weights_only=True)), or convert the file."
        )
    raise ArgumentError(f"{_FORMATS}, not '{file}'.")


def save(path: str | os.PathLike[str], arrays: Mapping[str, Array]) -> None:
    """Write a file of weights: the whole file or, on an error, nothing.

    Args:
        path: a .safetensors or .npz file; one that is there is replaced.
        arrays: the arrays by name.

    Raises:
        ArgumentError: the name has another ending, or the format lacks a data type.
        OSError: the file cannot be written.
    """
    file = Path(path)
    if file.suffix == ".safetensors":
        _check_storable(arrays)
        write_safetensors(file, arrays)
    elif file.suffix == ".npz":
        write_file(file, _to_npz(arrays))
    else:
        raise ArgumentError(f"Weights are written to .safetensors and .npz files, not '{file}'.")


# ---------------------------------------------------------------------- safetensors


class _Entry(NamedTuple):
    """A tensor as the header describes it."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    stop: int


def _load_safetensors(file: Path) -> dict[str, Array]:
    size = file.stat().st_size
    if size < _LENGTH.size:
        raise _damaged(file, f"it has {size} bytes, and its header alone takes more")
    with file.open("rb") as stream:
        view = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    (length,) = _LENGTH.unpack_from(view)
    data = _LENGTH.size + length
    if length > _LARGEST_HEADER:
        raise _damaged(file, f"its header would be {length} bytes long; 100 MB is the limit")
    if data > size:
        raise _damaged(file, f"its header would end at byte {data}, but the file has {size}")
    header = _parse_json(file, bytes(view[_LENGTH.size : data]))
    entries = [_entry(file, name, fields) for name, fields in header.items()]
    _check_layout(file, entries, size - data)
    return {entry.name: _array(file, entry, view[data:]) for entry in entries}


def _damaged(file: Path, reason: str) -> ArtifactError:
    return ArtifactError(f"'{file}' is damaged, or no such file of weights: {reason}.")


def _parse_json(file: Path, text: bytes) -> dict[str, Any]:
    """Return the header's tensors; the metadata, which are for people, are left out."""
    try:
        header = json.loads(text.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _damaged(file, f"its header is not JSON ({error})") from None
    if not isinstance(header, dict):
        raise _damaged(file, "its header is no JSON object")
    return {k: v for k, v in cast("dict[str, Any]", header).items() if k != "__metadata__"}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"'{next(n for n in names if names.count(n) > 1)}' stands there twice")
    return found


def _entry(file: Path, name: str, described: Any) -> _Entry:
    fields = cast("dict[str, Any]", described if isinstance(described, dict) else {})
    if set(fields) != {"dtype", "shape", "data_offsets"}:
        raise _damaged(file, f"tensor '{name}' needs a dtype, a shape and data_offsets")
    dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        names = ", ".join(_DTYPES)
        raise _damaged(file, f"tensor '{name}' has data type {dtype!r:.40}; known are {names}")
    if not _integers(shape) or not _integers(offsets) or len(offsets) != 2:
        raise _damaged(file, f"tensor '{name}' has a shape or data_offsets that are no integers")
    kind, size = _DTYPES[dtype], offsets[1] - offsets[0]
    needed = math.prod(shape) * kind.itemsize
    if size != needed:
        what = f"tensor '{name}', {dtype} {tuple(shape)},"
        raise _damaged(file, f"{what} takes {needed} bytes, but has {size}")
    return _Entry(name, kind, tuple(shape), *offsets)


def _integers(value: Any) -> bool:
    items = cast("list[Any]", value if isinstance(value, list) else [None])
    return all(type(item) is int and item >= 0 for item in items)


def _check_layout(file: Path, entries: list[_Entry], size: int) -> None:
    """Refuse data that lie outside of the file, overlap or leave holes, as the format demands."""
    position = 0
    for entry in sorted(entries, key=lambda entry: (entry.start, entry.stop)):
        if entry.stop > size:
            raise _damaged(
                file, f"tensor '{entry.name}' ends at byte {entry.stop} of {size} bytes of data"
            )
        if entry.start != position:
            fault = "overlaps another one" if entry.start < position else "is behind a hole"
            raise _damaged(file, f"tensor '{entry.name}' {fault} at byte {entry.start}")
        position = entry.stop
    if position != size:
        raise _damaged(file, f"its tensors take {position} bytes, but there are {size}")


def _array(file: Path, entry: _Entry, data: memoryview) -> Array:
    try:
        flat = np.frombuffer(data[entry.start : entry.stop], entry.dtype)
        return np.require(flat.reshape(entry.shape), requirements="A")
    except ValueError as error:  # more dimensions or a longer one than numpy has
        raise _damaged(file, f"tensor '{entry.name}' has a shape beyond limits: {error}") from None


def _check_storable(arrays: Mapping[str, Array]) -> None:
    for name, array in arrays.items():
        if array.dtype not in _DTYPES.values() or name == "__metadata__":
            raise ArgumentError(
                f"A safetensors file cannot hold '{name}', {array.dtype} {array.shape}. Its data "
                f"types are {', '.join(_DTYPES)}."
            )


# ---------------------------------------------------------------------- shards


def _load_sharded(file: Path) -> dict[str, Array]:
    index = _parse_json(file, file.read_bytes())
    places = index.get("weight_map")
    if not isinstance(places, dict):
        raise _damaged(file, "it has no weight_map")
    checked = dict(_places(file, cast("dict[str, Any]", places)))
    shards = {name: _load_shard(file, name) for name in sorted(set(checked.values()))}
    for tensor, shard in checked.items():
        if tensor not in shards[shard]:
            raise _damaged(file, f"it places tensor '{tensor}' in '{shard}', which lacks it")
    return {tensor: shards[shard][tensor] for tensor, shard in checked.items()}


def _places(file: Path, places: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for tensor, shard in places.items():
        plain = isinstance(shard, str) and Path(shard).name == shard and "\\" not in shard
        if not plain or not shard.endswith(".safetensors"):
            raise _damaged(
                file,
                f"it places tensor '{tensor}' in {shard!r:.80}, no .safetensors file beside it",
            )
        yield tensor, shard


def _load_shard(index: Path, name: str) -> dict[str, Array]:
    shard = index.parent / name
    if not shard.is_file():
        raise ArtifactError(f"'{index}' needs the file '{shard}', which is not there.")
    return _load_safetensors(shard)


# ---------------------------------------------------------------------- npz


def _load_npz(file: Path) -> dict[str, Array]:
    with file.open("rb") as stream:
        if not zipfile.is_zipfile(stream):
            raise _damaged(file, "it is no ZIP file")
        stream.seek(0)
        try:
            with np.load(stream, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        except (*_NPZ_ERRORS, zipfile.BadZipFile, zlib.error) as error:
            raise _damaged(file, str(error).rstrip(".")) from None


_NPZ_ERRORS = (EOFError, KeyError, MemoryError, NotImplementedError, RuntimeError, ValueError)


def _to_npz(arrays: Mapping[str, Array]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            if array.dtype.isbuiltin != 1:
                raise ArgumentError(
                    f"An npz file cannot hold '{name}', {array.dtype} {array.shape}: numpy itself "
                    "lacks the data type. Write a .safetensors file."
                )
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return buffer.getvalue()
