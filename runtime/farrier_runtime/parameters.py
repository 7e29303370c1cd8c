"""Weights beside an artifact: found, and compared with what the artifact expects."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from farrier_runtime import session
from farrier_runtime.artifact import Source
from farrier_runtime.calls import storage
from farrier_runtime.errors import ArgumentError, ArtifactError
from farrier_runtime.manifest import Parameters, TensorSpec

_HEADER_LIMIT = 100_000_000
_SAFETENSORS_NAMES = {"float8": "F8_E4M3", "float8_e5m2": "F8_E5M2", "int4": "I8", "bool": "BOOL"}


def locate(
    source: Source, wanted: Parameters | None, weights: str | os.PathLike[str] | None
) -> tuple[str, str] | None:
    """Find the file with an artifact's weights and check what it holds.

    Args:
        source: the artifact.
        wanted: what its manifest says of weights.
        weights: the file the user chose, or None for the one that the manifest names.

    Returns:
        The file and the scope, as `Program` takes them; None where the weights are in the artifact.

    Raises:
        ArgumentError: the user chose a file, but the weights are in the artifact.
        ArtifactError: the file is not there, is damaged, or holds other weights.
    """
    if wanted is None:
        if weights is not None:
            raise ArgumentError("weights= is not possible: this artifact's weights are in it")
        return None
    if weights is None and isinstance(source, bytes):
        raise ArgumentError(f"the weights are in {wanted.file}: say where with weights=")
    path = Path(weights or Path(cast("str", source)).parent / wanted.file)
    if not path.is_file():
        raise ArtifactError(
            f"its weights are not there: {path}. Put the file there, or use weights="
        )
    read = _safetensors if path.suffix == ".safetensors" else _archive
    read(path, wanted.entries)
    return str(path), wanted.scope


def _size(spec: TensorSpec) -> int:
    return math.prod(spec.shape) * storage(spec.dtype).itemsize


def _archive(path: Path, entries: Sequence[TensorSpec]) -> None:
    """Check an IREE parameter archive: it has sizes, but no types."""
    sizes = session.parameter_sizes(str(path))
    for spec in entries:
        _compare(path, spec, f"{_size(spec)} bytes", f"{sizes.get(spec.name, 'no')} bytes")


def _safetensors(path: Path, entries: Sequence[TensorSpec]) -> None:
    header, data_size = _header(path)
    for spec in entries:
        found = header.get(spec.name)
        _compare(path, spec, _wanted(spec), _found(path, spec.name, found, data_size))


def _compare(path: Path, spec: TensorSpec, wanted: str, found: str) -> None:
    if found != wanted:
        raise ArtifactError(
            f"its weights in {path.name} are not the right ones: {spec.name!r} should be {wanted}, "
            f"but is {found}"
        )


def _wanted(spec: TensorSpec) -> str:
    return (
        f"{_SAFETENSORS_NAMES.get(spec.dtype.name) or spec.dtype.short.upper()}{list(spec.shape)}"
    )


def _found(path: Path, name: str, entry: Any, data_size: int) -> str:
    """A tensor's type as safetensors spells it, once its place in the file is checked."""
    if entry is None:
        return "missing"
    try:
        start, end = entry["data_offsets"]
        inside = 0 <= start <= end <= data_size
        text = f"{entry['dtype']}{list(entry['shape'])}"
    except (KeyError, TypeError, ValueError):
        raise ArtifactError(f"{path.name} is damaged: its entry {name!r} is incomplete") from None
    if not inside:
        raise ArtifactError(f"{path.name} is damaged: its entry {name!r} lies outside of the file")
    return text


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """The table of contents of a safetensors file, and how many bytes of data follow it."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, _HEADER_LIMIT):
            raise ArtifactError(f"{path.name} is no safetensors file, or is truncated")
        text = file.read(length)
    try:
        header: Any = json.loads(text)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise ArtifactError(f"{path.name} is damaged: its header is not JSON")
    return cast("dict[str, Any]", header), size - 8 - length
