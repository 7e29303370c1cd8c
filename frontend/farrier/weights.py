"""Files of weights: safetensors, also sharded ones, and npz."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from farrier_compiler.graph import Array
from farrier_runtime import files, safetensors
from farrier_runtime.errors import ArgumentError, ArtifactError

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
        safetensors.write(file, arrays)
    elif file.suffix == ".npz":
        files.write(file, [_to_npz(arrays)])
    else:
        raise ArgumentError(f"Weights are written to .safetensors and .npz files, not '{file}'.")


# ---------------------------------------------------------------------- shards


def _load_sharded(file: Path) -> dict[str, Array]:
    index = safetensors.read_json(file, file.read_bytes())
    places = index.get("weight_map")
    if not isinstance(places, dict):
        raise safetensors.damaged(file, "it has no weight_map")
    checked = dict(_places(file, cast("dict[str, Any]", places)))
    shards = {name: _load_shard(file, name) for name in sorted(set(checked.values()))}
    for tensor, shard in checked.items():
        if tensor not in shards[shard]:
            raise safetensors.damaged(
                file, f"it places tensor '{tensor}' in '{shard}', which lacks it"
            )
    return {tensor: shards[shard][tensor] for tensor, shard in checked.items()}


def _places(file: Path, places: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for tensor, shard in places.items():
        plain = isinstance(shard, str) and Path(shard).name == shard and "\\" not in shard
        if not plain or not shard.endswith(".safetensors"):
            raise safetensors.damaged(
                file,
                f"it places tensor '{tensor}' in {shard!r:.80}, no .safetensors file beside it",
            )
        yield tensor, shard


def _load_shard(index: Path, name: str) -> dict[str, Array]:
    shard = index.parent / name
    if not shard.is_file():
        raise ArtifactError(f"'{index}' needs the file '{shard}', which is not there.")
    return safetensors.read(shard)


# ---------------------------------------------------------------------- npz


def _load_npz(file: Path) -> dict[str, Array]:
    with file.open("rb") as stream:
        if not zipfile.is_zipfile(stream):
            raise safetensors.damaged(file, "it is no ZIP file")
        stream.seek(0)
        try:
            with np.load(stream, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        except (*_NPZ_ERRORS, zipfile.BadZipFile, zlib.error) as error:
            raise safetensors.damaged(file, str(error).rstrip(".")) from None


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
