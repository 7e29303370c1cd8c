"""Weight files: safetensors, including sharded ones, and npz."""

from __future__ import annotations

import io
import os
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from farrier_compiler.graph import Array
from farrier_runtime import files, safetensors
from farrier_runtime.errors import ArgumentError, ArtifactError
from farrier_runtime.wording import shown

_FORMATS = "Weights are read from .safetensors, .safetensors.index.json and .npz files"


def load(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read a weight file.

    Args:
        path: a .safetensors file, whose arrays stay in the file until they are used, the
            .index.json of a sharded one, or an .npz file.

    Returns:
        The arrays by name; those of safetensors are read-only. One of a data type that Farrier
        lacks does not hinder the others: what uses it raises a DtypeError that names it.

    Raises:
        ArtifactError: the file is damaged; the text names it and the tensor.
        ArgumentError: the name has none of these endings.
        OSError: the file cannot be read.

    Example:
        >>> save("scale.safetensors", {"scale": np.ones(2, np.float32)})
        >>> load("scale.safetensors")
        {'scale': array([1., 1.], dtype=float32)}
    """
    file = files.path_of(path)
    if file.name.endswith(".index.json"):
        return _load_sharded(file)
    if file.suffix == ".safetensors":
        return safetensors.read(file)
    if file.suffix == ".npz":
        return _load_npz(file)
    if file.suffix in (".pt", ".pth", ".bin", ".ckpt"):
        raise ArgumentError(
            f"{_FORMATS}, not '{file}': such files hold pickles, which can run code. With torch, "
            "pass load_weights(torch.load(path, weights_only=True)), or convert the file."
        )
    raise ArgumentError(f"{_FORMATS}, not '{file}'.")


def save(path: str | os.PathLike[str], arrays: Mapping[str, Array]) -> None:
    """Write a weight file; on an error, nothing is written.

    Args:
        path: a .safetensors or .npz file; an existing one is replaced, and a missing
            folder is made.
        arrays: the arrays by name.

    Raises:
        ArgumentError: the name has another ending, or the format lacks a data type.
        OSError: the file cannot be written.
    """
    file = files.path_of(path)
    if file.suffix == ".safetensors":
        safetensors.write(file, arrays)
    elif file.suffix == ".npz":
        files.write(file, [_to_npz(arrays)])
    else:
        raise ArgumentError(f"Weights are written to .safetensors and .npz files, not '{file}'.")


# ---------------------------------------------------------------------- shards


def _load_sharded(file: Path) -> dict[str, Array]:
    with files.reading(file) as stream:
        index = safetensors.read_json(file, stream.read())
    weight_map = index.get("weight_map")
    if not isinstance(weight_map, dict):
        raise safetensors.damaged(file, "it has no weight_map")
    checked = dict(_checked_names(file, cast("dict[str, Any]", weight_map)))
    shards = {name: _load_shard(file, name) for name in sorted(set(checked.values()))}
    for tensor, shard in checked.items():
        if tensor not in shards[shard]:
            raise safetensors.damaged(
                file, f"it places tensor '{tensor}' in '{shard}', which lacks it"
            )
    return {tensor: shards[shard][tensor] for tensor, shard in checked.items()}


def _checked_names(file: Path, weight_map: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for tensor, shard in weight_map.items():
        plain = isinstance(shard, str) and Path(shard).name == shard and "\\" not in shard
        if not plain or not shard.endswith(".safetensors"):
            raise safetensors.damaged(
                file,
                f"it places tensor '{tensor}' in {shown(shard)}, not a .safetensors file beside it",
            )
        yield tensor, shard


def _load_shard(index: Path, name: str) -> dict[str, Array]:
    shard = index.parent / name
    if not shard.is_file():
        raise ArtifactError(f"'{index}' needs the file '{shard}', which is not there.")
    return safetensors.read(shard)


# ---------------------------------------------------------------------- npz


def _load_npz(file: Path) -> dict[str, Array]:
    with files.reading(file) as stream:
        if not zipfile.is_zipfile(stream):
            raise safetensors.damaged(file, "it is not a ZIP file")
        stream.seek(0)
        try:
            with np.load(stream, allow_pickle=False) as archive:
                return {name: _member(file, archive, name) for name in archive.files}
        except UNREADABLE as error:
            raise safetensors.damaged(file, str(error).rstrip(".")) from None


def _member(file: Path, archive: Any, name: str) -> Any:
    try:
        return archive[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        with archive.zip.open(f"{name}.npy") as member:
            is_first = np.lib.format.read_magic(member) == (1, 0)
            form = np.lib.format
            read = form.read_array_header_1_0 if is_first else form.read_array_header_2_0
            shape, _, dtype = read(member)
        return safetensors.UnreadTensor(file, name, str(dtype), shape)


# An OSError here comes from seeking to a damaged offset: the file is open already.
UNREADABLE = (
    *(EOFError, KeyError, MemoryError, OSError, RuntimeError, SyntaxError, ValueError),
    *(tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
"""The exceptions that numpy raises for damaged .npy and .npz files."""


def _to_npz(arrays: Mapping[str, Array]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            array = np.asarray(array)  # raises for an UnreadTensor
            if array.dtype.isbuiltin != 1:
                raise ArgumentError(
                    f"An npz file cannot hold '{name}', {array.dtype} {array.shape}: numpy itself "
                    "lacks the data type. Write a .safetensors file."
                )
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return buffer.getvalue()
