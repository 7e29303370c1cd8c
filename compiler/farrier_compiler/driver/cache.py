"""Cache of compiled artifacts, keyed by the hash of everything that they depend on."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import mmap
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from farrier_compiler.graph import Graph
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.types.elements import Array
from farrier_runtime import artifact, files
from farrier_runtime.errors import ArtifactError
from farrier_runtime.manifest import Manifest

_logger = logging.getLogger("farrier")

# The most bytes that the cache may hold; the least recently used artifacts are evicted first.
LIMIT = 2 << 30

# Part of every key: raise it when what a key covers changes.
_FORMAT = 1


def find() -> Cache | None:
    """Return the cache that the environment selects; None where `FARRIER_CACHE` is 0."""
    setting = os.environ.get("FARRIER_CACHE", "")
    if setting == "0":
        return None
    return Cache(Path(setting) if setting not in ("", "1") else default_directory())


def default_directory() -> Path:
    """Return the folder for Farrier's cache by the conventions of this platform."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "farrier"


def key(graphs: Sequence[Graph], *texts: str) -> str:
    """Return the hash of graphs, the elements of their constants, and texts.

    Args:
        graphs: the graphs after all passes; source locations are ignored.
        texts: everything else that the result depends on.
    """
    digest = hashlib.sha256(f"farrier cache {_FORMAT}".encode())
    for text in (*texts, *(print_graph(graph, locations=False) for graph in graphs)):
        digest.update(f"\n{len(text)} ".encode())
        digest.update(text.encode())
    for graph in graphs:
        for name, value in graph.constants.items():
            digest.update(f"\n{name} {value.type} ".encode())
            if value.data is not None:
                digest.update(_bytes_of(value.data))
    return digest.hexdigest()


def _bytes_of(array: Array) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


@functools.cache
def digest_of_files(directory: Path) -> str:
    """Return the hash of all Python source below a folder, computed once per process."""
    digest = hashlib.sha256()
    for file in sorted(directory.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Cache:
    """A folder of artifacts, one file each; several processes may use it at the same time.

    Attributes:
        directory: the folder; it is made when something is stored.
        limit: the most bytes that it may hold.
    """

    directory: Path
    limit: int = LIMIT

    def get(self, key: str) -> tuple[BinaryIO, Manifest] | None:
        """Return the artifact stored under a key, open, and its manifest; remove a damaged one."""
        path = self._file(key)
        try:
            file = files.opened(path)
            manifest = artifact.read(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except OSError:
            return None
        except (ArtifactError, ValueError) as error:
            _logger.info("The cache drops %s: %s", path, error)
            _remove(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # eviction goes by the time of last use
        return file, manifest

    def new_file(self) -> BinaryIO | None:
        """Open a file to store; warn once and return None where that is not possible."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            return files.temporary(self.directory)
        except OSError as error:
            _warn_once(str(self.directory), str(error.strerror))
            return None

    def put(self, key: str, file: BinaryIO) -> None:
        """Store an artifact; warn once where that is not possible.

        Args:
            key: from `key`.
            file: the artifact, from `new_file`.
        """
        if os.fstat(file.fileno()).st_size > self.limit:
            return
        try:
            files.publish(file, self._file(key))
        except OSError as error:
            _warn_once(str(self.directory), str(error.strerror))
            return
        self._evict()

    def size(self) -> int:
        """Return how many bytes the cache holds."""
        return sum(size for _, size, _ in self._entries())

    def clear(self) -> None:
        """Remove everything that is stored."""
        for _, _, file in self._entries():
            _remove(file)

    def _file(self, key: str) -> Path:
        return self.directory / f"{key}.vmfb"

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        """Yield the time of last use, the size and the path of each entry."""
        for file in self.directory.glob("*.vmfb"):
            with contextlib.suppress(OSError):  # another process may remove it right now
                status = file.stat()
                yield status.st_mtime, status.st_size, file

    def _evict(self) -> None:
        entries = sorted(self._entries())
        excess = sum(size for _, size, _ in entries) - self.limit
        for _, size, file in entries:
            if excess <= 0:
                return
            _remove(file)
            excess -= size


def _remove(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()


@functools.cache
def _warn_once(directory: str, reason: str) -> None:
    _logger.warning(
        "Compiled programs are not cached: %s cannot be written (%s). Set FARRIER_CACHE to a "
        "folder, or to 0.",
        directory,
        reason,
    )
