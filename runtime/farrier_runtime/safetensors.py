"""Weight files in the safetensors format: a JSON header of names, types and offsets, then data.

Data that overlap, leave holes or do not end with the file are refused, so that a truncated or
damaged file is never read as weights.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from farrier_runtime import dtypes, files
from farrier_runtime.dtypes import Array, dtype
from farrier_runtime.errors import ArgumentError, ArtifactError, DtypeError

NAMES: dict[dtype, str] = {
    dtypes.float64: "F64",
    dtypes.float32: "F32",
    dtypes.float16: "F16",
    dtypes.bfloat16: "BF16",
    dtypes.float8: "F8_E4M3",
    dtypes.float8_e5m2: "F8_E5M2",
    dtypes.int64: "I64",
    dtypes.int32: "I32",
    dtypes.int16: "I16",
    dtypes.int8: "I8",
    dtypes.uint64: "U64",
    dtypes.uint32: "U32",
    dtypes.uint16: "U16",
    dtypes.uint8: "U8",
    dtypes.bool: "BOOL",
}

_TYPES = {name: dtype.numpy for dtype, name in NAMES.items()}
_NAMES = {dtype: name for name, dtype in _TYPES.items()}
_METADATA = "__metadata__"

_LENGTH = 8  # bytes at the start, which hold the length of the header
_LARGEST_HEADER = 100_000_000  # bytes, the format's limit
_ALIGNMENT = 64


# ---------------------------------------------------------------------- writing


def write(path: str | os.PathLike[str], tensors: Mapping[str, Array]) -> None:
    """Write arrays to a file atomically.

    Args:
        path: where to write; an existing file is replaced, and a missing
            folder is made.
        tensors: arrays by name, of any data type except int4.

    Raises:
        ArgumentError: the format cannot hold a tensor.
        OSError: the file cannot be written.

    Example:
        >>> write("net.safetensors", {"weight": np.ones((2, 3), np.float32)})
        >>> read("net.safetensors")["weight"].shape
        (2, 3)
    """
    for name, array in tensors.items():
        if name == _METADATA:
            raise ArgumentError(
                f"Safetensors files reserve the name '{name}': give the tensor another one."
            )
        if array.dtype not in _NAMES:
            raise ArgumentError(
                f"A safetensors file cannot hold '{name}', {array.dtype} {array.shape}. Its data "
                f"types are {', '.join(_TYPES)}."
            )
    files.write(path, _chunks(tensors))


def _chunks(tensors: Mapping[str, Array]) -> Iterator[bytes | memoryview]:
    # Large data types come first, which aligns each array for its type.
    ordered = sorted(tensors.items(), key=lambda item: -item[1].dtype.itemsize)
    yield _header(ordered)
    for _, array in ordered:
        yield np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _header(tensors: Sequence[tuple[str, Array]]) -> bytes:
    entries: dict[str, object] = {}
    position = 0
    for name, array in tensors:
        offsets = [position, position + array.nbytes]
        dtype = _NAMES[array.dtype]
        entries[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": offsets}
        position += array.nbytes
    text = json.dumps(entries).encode()
    text += b" " * (-(_LENGTH + len(text)) % _ALIGNMENT)
    return len(text).to_bytes(_LENGTH, "little") + text


# ---------------------------------------------------------------------- reading


class _Entry(NamedTuple):
    """A tensor as the header describes it; one of an unknown data type has that type's name."""

    name: str
    dtype: np.dtype[Any] | str
    shape: tuple[int, ...]
    start: int
    stop: int


class UnreadTensor:
    """A tensor in a file whose data type has no array: what needs its elements raises.

    Attributes:
        file: the file.
        name: the tensor's name in it.
        dtype: the data type as the file spells it.
        shape: the size of each dimension.
    """

    def __init__(self, file: Path, name: str, dtype: str, shape: tuple[int, ...]) -> None:
        self.file, self.name, self.dtype, self.shape = file, name, dtype, shape

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        raise DtypeError(
            f"'{self.file}' holds '{self.name}' as {self.dtype:.40} {self.shape}, a data type that "
            f"Farrier lacks. Convert it; the data types are {', '.join(_TYPES)}."
        )

    def __repr__(self) -> str:
        return f"UnreadTensor({self.name!r}, {self.dtype:.40} {self.shape})"


def read(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read a file's tensors; they are mapped, so elements are read when they are used.

    Args:
        path: a .safetensors file.

    Returns:
        Read-only arrays by name; in the place of one of an unknown data type an `UnreadTensor`.

    Raises:
        ArtifactError: the file is damaged; the text names it and the tensor.
        OSError: the file cannot be read.

    Example:
        >>> write("net.safetensors", {"bias": np.zeros(2, np.int8)})
        >>> read("net.safetensors")
        {'bias': array([0, 0], dtype=int8)}
    """
    file = files.path_of(path)
    view, length = _open(file)
    data = view[_LENGTH + length :]
    header = read_json(file, bytes(view[_LENGTH : _LENGTH + length]))
    entries = [_entry(file, name, fields) for name, fields in header.items()]
    _check_layout(file, entries, len(data))
    return {entry.name: _array(file, entry, data) for entry in entries}


def _open(file: Path) -> tuple[memoryview, int]:
    """Map a file, and return it with the length of its header."""
    size = file.stat().st_size
    if size < _LENGTH:
        raise damaged(file, f"it has {size} bytes, and its header alone takes more")
    view = memoryview(files.MappedFile.open(file))
    length = int.from_bytes(view[:_LENGTH], "little")
    if length > _LARGEST_HEADER:
        raise damaged(file, f"its header would be {length} bytes long; 100 MB is the limit")
    end = _LENGTH + length
    if end > size:
        raise damaged(file, f"its header would end at byte {end}, but the file has {size}")
    return view, length


def damaged(file: Path, reason: str) -> ArtifactError:
    """Return the error for a file that is not what its name says.

    Args:
        file: the file.
        reason: what is wrong in it.
    """
    return ArtifactError(f"'{file}' is damaged, or is not a weight file: {reason}.")


def read_json(file: Path, text: bytes) -> dict[str, Any]:
    """Parse a header, and drop its metadata, which is for people.

    Args:
        file: the file that contains it, for errors.
        text: the header.

    Returns:
        The fields by name.

    Raises:
        ArtifactError: the text is not a JSON object, or has a name twice.
    """
    try:
        header = json.loads(text.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise damaged(file, f"its header is not JSON ({error})") from None
    if not isinstance(header, dict):
        raise damaged(file, "its header is not a JSON object")
    return {k: v for k, v in cast("dict[str, Any]", header).items() if k != _METADATA}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"it has '{next(n for n in names if names.count(n) > 1)}' twice")
    return fields


def _entry(file: Path, name: str, described: Any) -> _Entry:
    fields = cast("dict[str, Any]", described if isinstance(described, dict) else {})
    if set(fields) != {"dtype", "shape", "data_offsets"}:
        raise damaged(file, f"tensor '{name}' needs a dtype, a shape and data_offsets")
    dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if not isinstance(dtype, str):
        raise damaged(file, f"tensor '{name}' has data type {dtype!r:.40}, not the name of one")
    if not _integers(shape) or not _integers(offsets) or len(offsets) != 2:
        raise damaged(file, f"tensor '{name}' has a shape or data_offsets that are not integers")
    known, size = _TYPES.get(dtype), offsets[1] - offsets[0]
    needed = math.prod(shape) * known.itemsize if known else max(size, 0)
    if size != needed:
        tensor = f"tensor '{name}', {dtype:.40} {tuple(shape)},"
        raise damaged(file, f"{tensor} takes {needed} bytes, but has {size}")
    return _Entry(name, known or dtype, tuple(shape), *offsets)


def _integers(value: Any) -> bool:
    items = cast("list[Any]", value if isinstance(value, list) else [None])
    return all(type(item) is int and item >= 0 for item in items)


def _check_layout(file: Path, entries: list[_Entry], size: int) -> None:
    """Refuse data that end outside the file, overlap or leave holes, as the format demands."""
    position = 0
    for entry in sorted(entries, key=lambda entry: (entry.start, entry.stop)):
        if entry.stop > size:
            raise damaged(
                file, f"tensor '{entry.name}' ends at byte {entry.stop} of {size} bytes of data"
            )
        if entry.start != position:
            fault = "overlaps another one" if entry.start < position else "begins after a hole"
            raise damaged(file, f"tensor '{entry.name}' {fault} at byte {entry.start}")
        position = entry.stop
    if position != size:
        raise damaged(file, f"its tensors take {position} bytes, but there are {size}")


def _array(file: Path, entry: _Entry, data: memoryview) -> Any:
    if isinstance(entry.dtype, str):
        return UnreadTensor(file, entry.name, entry.dtype, entry.shape)
    try:
        flat = np.frombuffer(data[entry.start : entry.stop], entry.dtype)
        return np.require(flat.reshape(entry.shape), requirements="A")
    except ValueError as error:  # more or larger dimensions than numpy has
        raise damaged(file, f"tensor '{entry.name}' has a shape beyond limits: {error}") from None
