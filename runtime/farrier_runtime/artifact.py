"""Artifacts, which are vmfb files with a manifest: writing and verification."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import BinaryIO, TypeAlias

from farrier_runtime import container, files, safetensors
from farrier_runtime.dtypes import Array
from farrier_runtime.errors import ArtifactError
from farrier_runtime.hashes import hashes
from farrier_runtime.manifest import (
    CpuRequirements,
    Function,
    Manifest,
    Parameters,
    ResultTree,
    TensorSpec,
)

__all__ = [
    "CpuRequirements",
    "Function",
    "Manifest",
    "Parameters",
    "ResultTree",
    "Source",
    "TensorSpec",
    "describe",
    "mapped",
    "read",
    "seal",
    "to_bytes",
    "write",
]


Source: TypeAlias = str | os.PathLike[str] | bytes | mmap.mmap


def to_bytes(vmfb: bytes, manifest: Manifest) -> bytes:
    """Append the manifest to a compiled module.

    Args:
        vmfb: the output of IREE's compiler.
        manifest: its description; `module_hash` is computed here.

    Returns:
        The artifact: a vmfb with one more member, `farrier.json`.

    Raises:
        ArtifactError: `vmfb` is not a vmfb, or the manifest is not valid.

    Example:
        >>> x = fr.InputInfo((2,), fr.float32)
        >>> double = fr.compile(lambda x: x * 2, args=[x], target="cpu", name="double")
        >>> artifact = double.save("double.vmfb").read_bytes()
        >>> vmfb, _ = container.split(memoryview(artifact))
        >>> to_bytes(bytes(vmfb), read(artifact)) == artifact
        True
    """
    return b"".join((vmfb, _tail(memoryview(vmfb), manifest)[1]))


def _tail(vmfb: memoryview, manifest: Manifest) -> tuple[Manifest, bytes]:
    """Return the manifest with the module's hash, and the bytes that follow the module."""
    manifest = replace(manifest, module_hash=hashlib.sha256(vmfb).hexdigest())
    document = manifest.to_json()
    Manifest.from_json(document)
    return manifest, container.tail(vmfb, document.encode())


def seal(file: BinaryIO, manifest: Manifest) -> Manifest:
    """Append the manifest to a compiled module in a file, which makes it an artifact.

    Args:
        file: the output of IREE's compiler, open for reading and writing.
        manifest: its description; `module_hash` is computed here.

    Returns:
        The manifest with the hash.

    Raises:
        ArtifactError: the file is not a vmfb, or the manifest is not valid.
        OSError: the file cannot be written.
    """
    vmfb = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    manifest, tail = _tail(vmfb, manifest)
    file.seek(0, os.SEEK_END)
    file.write(tail)
    file.flush()
    return manifest


def write(
    path: str | os.PathLike[str],
    vmfb: bytes,
    manifest: Manifest,
    weights: Mapping[str, Array] | None = None,
) -> None:
    """Write an artifact atomically.

    Args:
        path: where to write; an existing file is replaced, and a missing
            folder is made.
        vmfb: the output of IREE's compiler.
        manifest: its description; `module_hash` is computed here.
        weights: the external weights, if the manifest has any; they are written beside the
            artifact, to NAME.weights.safetensors.

    Raises:
        ArgumentError: the weights have a data type that safetensors files lack.
        ArtifactError: `vmfb` is not a vmfb, or the manifest is not valid.
        OSError: the file cannot be written.

    Example:
        >>> x = fr.InputInfo((2,), fr.float32)
        >>> double = fr.compile(lambda x: x * 2, args=[x], target="cpu", name="double")
        >>> artifact = double.save("double.vmfb").read_bytes()
        >>> vmfb, _ = container.split(memoryview(artifact))
        >>> write("copy.vmfb", bytes(vmfb), replace(read(artifact), graph="left out"))
        >>> read("copy.vmfb").graph
        'left out'
    """
    parameters = manifest.parameters
    path = files.path_of(path)
    beside = path.with_suffix(".weights.safetensors")
    if parameters is not None and weights is not None:
        parameters = replace(parameters, file=beside.name, hashes=hashes(weights))
        manifest = replace(manifest, parameters=parameters)
    data = to_bytes(vmfb, manifest)
    if parameters is not None and weights is not None:
        safetensors.write(beside, weights)
    files.write(path, [data])


def describe(source: Source) -> str:
    """Name an artifact in messages.

    Args:
        source: a path, or the artifact's bytes, also mapped ones.

    Returns:
        The path, or "artifact in memory".
    """
    return "artifact in memory" if isinstance(source, bytes | mmap.mmap) else os.fspath(source)


def read(source: Source, any_version: bool = False) -> Manifest:
    """Verify an artifact's structure, CRCs, versions and hash, and read its manifest.

    Args:
        source: a path, or the artifact's bytes.
        any_version: also read artifacts of other IREE versions, which cannot be run here.

    Returns:
        The manifest.

    Raises:
        ArtifactError: the file does not exist, is not an artifact, is damaged, or was made by
            another version.

    Example:
        >>> x = fr.InputInfo((2,), fr.float32)
        >>> double = fr.compile(lambda x: x * 2, args=[x], target="cpu", name="double")
        >>> print(read(double.save("double.vmfb")).functions[0])
        double(x: float32[2]) -> float32[2]
    """
    _, manifest = opened(source, any_version)
    return manifest


def opened(source: Source, any_version: bool = False) -> tuple[bytes | mmap.mmap, Manifest]:
    """Return a verified artifact's bytes, as `mapped` does, and its manifest.

    Args:
        source: see `read`, also for what follows.
        any_version: also artifacts of other IREE versions.

    Raises:
        ArtifactError: see `read`.
    """
    try:
        data = mapped(source)
        return data, _verify(memoryview(data), any_version)
    except ArtifactError as error:
        raise ArtifactError(f"{describe(source)}: {error}") from None


def mapped(source: Source) -> bytes | mmap.mmap:
    """Return an artifact's bytes; a file is mapped, not read.

    Args:
        source: a path, or the artifact's bytes, also mapped ones.

    Raises:
        ArgumentError: the source is neither a path nor bytes.
        ArtifactError: the file does not exist, or is empty.
    """
    if isinstance(source, bytes | mmap.mmap):
        return source
    path = files.path_of(source)
    try:
        return files.MappedFile.open(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the file is empty"
        raise ArtifactError(f"cannot be read: {reason}") from None


def _verify(view: memoryview, any_version: bool) -> Manifest:
    vmfb, document = container.split(view)
    if document is None:
        raise ArtifactError(_NO_MANIFEST)
    manifest = Manifest.from_json(document)
    if not any_version:
        _check_iree(manifest.iree)
    if hashlib.sha256(vmfb).hexdigest() != manifest.module_hash:
        raise ArtifactError("the file is damaged: the module is not the one it was made with")
    return manifest


_NO_MANIFEST = (
    "this vmfb has no farrier.json: iree-compile made it, not Farrier, so its inputs are unknown. "
    "Run it with: iree-run-module --module=FILE --function=NAME --input=..."
)


def _check_iree(made_by: str) -> None:
    import importlib.metadata  # takes 20 ms

    installed = importlib.metadata.version("iree-base-runtime")
    if made_by.split(".")[:2] != installed.split(".")[:2]:
        minor = ".".join(made_by.split(".")[:2])
        raise ArtifactError(
            f"the module was compiled by IREE {made_by}, but IREE {installed} is installed, and "
            f"IREE runs only modules of its own version. Compile it again, or install "
            f'"iree-base-runtime=={minor}.*"'
        )
