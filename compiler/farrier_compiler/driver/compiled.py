"""Compiled programs: artifacts in files that have no name until they are saved."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

from farrier_compiler.types.elements import Array
from farrier_runtime import artifact, container, executable, files
from farrier_runtime.artifact import Manifest
from farrier_runtime.errors import CompileError


def sealed(
    file: BinaryIO, manifest: Manifest, weights: Mapping[str, Array] | None = None
) -> Compiled:
    """Append the manifest to the vmfb in a file, and return the compiled program.

    Raises:
        CompileError: there is no space left for it.
    """
    try:
        return Compiled(file, artifact.seal(file, manifest), weights)
    except OSError as error:
        raise CompileError(
            f"The artifact cannot be written: {error.strerror}. Make room, or set TMPDIR and "
            "FARRIER_CACHE to folders elsewhere."
        ) from None


def _restored(data: bytes, weights: Mapping[str, Array]) -> Compiled:
    """Return a compiled program from its artifact in a pickle."""
    manifest = artifact.read(data)
    file = files.temporary()
    file.write(data)
    file.flush()
    return Compiled(file, manifest, weights)


class Compiled:
    """A compiled program and its manifest.

    Args:
        file: the artifact, complete and verified; it stays open.
        manifest: its functions, targets and versions, from `farrier.json`.
        weights: the constants that are not in the artifact, by name.
    """

    def __init__(
        self, file: BinaryIO, manifest: Manifest, weights: Mapping[str, Array] | None = None
    ) -> None:
        self.manifest = manifest
        self.weights = dict(weights or {})
        self._file = file

    def __reduce__(self) -> Any:
        return _restored, (self.to_bytes(), self.weights)

    @cached_property
    def _mapped(self) -> mmap.mmap:
        return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    @property
    def vmfb(self) -> memoryview:
        """The output of IREE's compiler."""
        return container.split(memoryview(self._mapped))[0]

    def to_bytes(self) -> bytes:
        """Return the artifact: the vmfb with its manifest."""
        return self._mapped[:]

    def save(self, path: str | PathLike[str]) -> Path:
        """Save the artifact, with its weights beside it if they are external.

        Args:
            path: where to save; an existing file is replaced, and a missing
                folder is made.

        Returns:
            The path.

        Raises:
            OSError: a file cannot be written; nothing is left half-written.
        """
        target = files.path_of(path)
        if self.manifest.parameters is None:
            files.publish(self._file, target)
        else:
            artifact.write(target, bytes(self.vmfb), self.manifest, self.weights)
        return target

    def load(self) -> executable.Executable:
        """Load the artifact on the first of its targets that this machine has.

        Raises:
            DeviceError: this machine has no device that it was compiled for.
        """
        weights = None if self.manifest.parameters is None else self.weights
        return executable.start(self._mapped, self.manifest, weights=weights, exchange_weights=True)
