"""Lookup and validation of external weights."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np

from farrier_runtime import archive, files, safetensors
from farrier_runtime.arrays import host_array, type_text
from farrier_runtime.artifact import Source
from farrier_runtime.dtypes import Array
from farrier_runtime.errors import ArgumentError, ArtifactError
from farrier_runtime.hashes import hashes
from farrier_runtime.manifest import Parameters

Weights: TypeAlias = str | os.PathLike[str] | Mapping[str, Any]


def find(
    source: Source,
    wanted: Parameters | None,
    weights: Weights | None,
    exchange: bool = False,
) -> dict[str, Array] | None:
    """Find an artifact's weights and check that they match its manifest.

    Args:
        source: the artifact.
        wanted: the manifest's description of the weights.
        weights: the file or arrays that the user chose, or None for the file that the manifest
            names.
        exchange: whether elements may differ from those whose hashes the manifest holds.

    Returns:
        Arrays by name, those of files mapped; None where the weights are in the artifact.

    Raises:
        ArgumentError: the weights are in the artifact, or the arrays do not match its manifest.
        ArtifactError: the file does not exist, is damaged, or holds other weights.
        DtypeError: the file holds a weight in a data type that Farrier lacks.
    """
    if wanted is None:
        if weights is not None:
            raise ArgumentError("weights= is not possible: this artifact's weights are in it")
        return None
    subject: ArgumentError | ArtifactError
    if isinstance(weights, Mapping):
        arrays = _given(wanted, weights)
        subject = ArgumentError("the weights that were given")
    else:
        path = _path(source, wanted, weights)
        arrays = _read(path, wanted)
        subject = ArtifactError(f"its weights in {path.name}")
    _check(wanted, arrays, subject)
    arrays = {spec.name: arrays[spec.name] for spec in wanted.entries}
    if not exchange:
        _check_hashes(wanted, arrays, subject)
    return arrays


def _given(wanted: Parameters, weights: Mapping[str, Any]) -> dict[str, Array]:
    names = [spec.name for spec in wanted.entries if spec.name in weights]
    arrays: dict[str, Array] = {}
    for name in names:
        try:
            arrays[name], _ = host_array(weights[name])
        except (TypeError, ValueError, BufferError, RuntimeError) as error:
            raise ArgumentError(f"weight {name!r}: {error}") from None
    return arrays


def _path(source: Source, wanted: Parameters, weights: str | os.PathLike[str] | None) -> Path:
    if weights is None and isinstance(source, bytes):
        raise ArgumentError(f"the weights are in {wanted.file}: pass its path as weights=")
    if weights is None:
        path = Path(cast("str", source)).parent / wanted.file
    else:
        path = files.path_of(weights)
    if not path.is_file():
        raise ArtifactError(
            f"its weights are not there: {path}. Put the file there, or pass weights="
        )
    return path


def _read(path: Path, wanted: Parameters) -> dict[str, Array]:
    try:
        if path.suffix == ".safetensors":
            return safetensors.read(path)
        return dict(_typed(archive.read(path), wanted))
    except OSError as error:
        raise ArtifactError(f"its weights in {path} cannot be read: {error.strerror}") from None


def _typed(stored: Mapping[str, Array], wanted: Parameters) -> Iterator[tuple[str, Array]]:
    """Give an archive's untyped bytes the wanted types, where the sizes agree."""
    for spec in wanted.entries:
        array = stored.get(spec.name)
        if array is not None:
            if array.nbytes == math.prod(spec.sizes) * spec.dtype.numpy.itemsize:
                flat = np.ascontiguousarray(array).reshape(-1)
                array = flat.view(spec.dtype.numpy).reshape(spec.sizes)
            yield spec.name, array


def _check(
    wanted: Parameters, arrays: Mapping[str, Array], subject: ArgumentError | ArtifactError
) -> None:
    fault = _fault(wanted, arrays)
    if fault is not None:
        raise type(subject)(
            f"{subject} do not match: {fault}. Use those that were saved with the artifact, or "
            "compile again"
        )


def _check_hashes(
    wanted: Parameters, arrays: Mapping[str, Array], subject: ArgumentError | ArtifactError
) -> None:
    actual = hashes({name: array for name, array in arrays.items() if name in wanted.hashes})
    others = [name for name, hash in actual.items() if hash != wanted.hashes[name]]
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise type(subject)(
            f"{subject} are not those that it was compiled with: {others[0]!r}{more} changed. Use "
            "those that were saved with the artifact, or pass exchange_weights=True (farrier run: "
            "--exchange-weights) to use these"
        )


def _fault(wanted: Parameters, arrays: Mapping[str, Array]) -> str | None:
    missing = [repr(spec.name) for spec in wanted.entries if spec.name not in arrays]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        are = "is" if len(missing) == 1 else "are"
        return f"{', '.join(missing[:3])}{more} {are} missing"
    for spec in wanted.entries:
        array = np.asarray(arrays[spec.name])  # raises for a data type that Farrier lacks
        if array.shape != spec.shape or array.dtype != spec.dtype.numpy:
            actual = type_text(array.shape, array.dtype)
            return f"{spec.name!r} should be {spec.type}, but is {actual}"
    return None
