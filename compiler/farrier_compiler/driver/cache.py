"""Cache of compiled artifacts, keyed by the hash of everything that they depend on."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import mmap
import os
import shutil
import stat
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

# With fewer free bytes than this, filling the disk would make compiles fail.
_LEAST_FREE = 16 << 20

# Part of every key: raise it when what a key covers changes.
_FORMAT = 1


def find() -> Cache | None:
    """Return the cache that the environment selects; None where `FARRIER_CACHE` is 0."""
    setting = os.environ.get("FARRIER_CACHE", "")
    if setting == "0":
        return None
    directory = Path(setting) if setting not in ("", "1") else default_directory()
    if directory is None:
        _warn_once("", "this user has no home folder")
        return None
    return Cache(directory)


def default_directory() -> Path | None:
    """Return the folder for Farrier's cache by the conventions of this platform.

    None for a user without a home folder, as in containers with an arbitrary user ID.
    """
    variables = {"win32": "LOCALAPPDATA", "darwin": None}
    variable = variables.get(sys.platform, "XDG_CACHE_HOME")
    base = os.environ.get(variable, "") if variable else ""
    if os.path.isabs(base):
        return Path(base) / "farrier"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    folders = {"win32": "AppData/Local", "darwin": "Library/Caches"}
    return home / folders.get(sys.platform, ".cache") / "farrier" if home.is_absolute() else None


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

    An artifact is a program, so one that other users own or may write is not used.

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
            if self._distrust():
                return None
            file = files.opened(path)
            manifest = _read(file)
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
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            reason = self._distrust() or self._fullness()
            if not reason:
                return files.temporary(self.directory)
            self._warn(reason)
        except OSError as error:
            self._warn(f"cannot be written ({error.strerror})")
        return None

    def _distrust(self) -> str:
        """Return why other users could have put files here, or an empty text."""
        return _distrust(self.directory.stat())

    def _fullness(self) -> str:
        free = shutil.disk_usage(self.directory).free
        return f"is on a full disk ({free} bytes are free)" if free < _LEAST_FREE else ""

    def _warn(self, reason: str) -> None:
        _warn_once(str(self.directory), f"{self.directory} {reason}")

    def put(self, key: str, file: BinaryIO) -> None:
        """Store an artifact; warn once where that is not possible.

        Args:
            key: from `key`.
            file: the artifact, from `new_file`.
        """
        if os.fstat(file.fileno()).st_size > self.limit:
            return
        try:
            if self._distrust():
                return
            files.publish_privately(file, self._file(key))
        except OSError as error:
            self._warn(f"cannot be written ({error.strerror})")
            return
        self._evict()

    def size(self) -> int:
        """Return how many bytes the cache holds, unfinished files included."""
        return sum(size for _, size, _ in (*self._entries(), *self._entries(files.PARTS)))

    def clear(self) -> None:
        """Remove everything that is stored."""
        for _, _, file in (*self._entries(), *self._entries(files.PARTS)):
            _remove(file)

    def _file(self, key: str) -> Path:
        return self.directory / f"{key}.vmfb"

    def _entries(self, pattern: str = "*.vmfb") -> Iterator[tuple[float, int, Path]]:
        """Yield the time of last use, the size and the path of each entry."""
        for file in self.directory.glob(pattern):
            with contextlib.suppress(OSError):  # another process may remove it right now
                status = file.lstat()
                yield status.st_mtime, status.st_size, file

    def _evict(self) -> None:
        files.remove_abandoned(self.directory)
        excess = self.size() - self.limit
        for _, size, file in sorted(self._entries()):
            if excess <= 0:
                return
            _remove(file)
            excess -= size


def _read(file: BinaryIO) -> Manifest:
    """Verify an open entry.

    Raises:
        ArtifactError: it is damaged, or other users could have written it.
        ValueError: it is empty.
    """
    if reason := _distrust(os.fstat(file.fileno())):
        raise ArtifactError(reason)
    return artifact.read(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _distrust(status: os.stat_result) -> str:
    if status.st_uid != os.geteuid():
        return "belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"may be written by other users (mode {stat.S_IMODE(status.st_mode):o})"
    return ""


def _remove(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()


_warned: set[str] = set()


def _warn_once(directory: str, reason: str) -> None:
    if directory in _warned:
        return
    _warned.add(directory)
    _logger.warning(
        "Compiled programs are not cached: %s. Set FARRIER_CACHE to a folder of your own, or to 0.",
        reason,
    )
