"""Atomic writes, temporary files and memory maps."""

from __future__ import annotations

import contextlib
import errno
import io
import mmap
import os
import stat
import tempfile
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from farrier_runtime.errors import ArgumentError
from farrier_runtime.wording import shown

Chunk: TypeAlias = bytes | bytearray | memoryview


def path_of(path: Any) -> Path:
    """Return the path that a user passed; a number would be a file descriptor.

    Args:
        path: text, or an object such as `pathlib.Path`.

    Raises:
        ArgumentError: it is something else, or no file can have this name.
    """
    try:
        name = "" if isinstance(path, str) and not path else str(Path(path))
        os.fsencode(name)
    except (TypeError, ValueError):
        name = ""
    if not name or "\0" in name:
        raise ArgumentError(f"A file's name is a string or a pathlib.Path, not {shown(path)}")
    return Path(name)


def write(path: str | os.PathLike[str], chunks: Iterable[Chunk]) -> None:
    """Write a file under a temporary name and rename it, so that readers never see half of it.

    Args:
        path: where to write; an existing file is replaced, a device or pipe is written to, and a
            missing folder is made.
        chunks: the contents in parts.

    Raises:
        OSError: the file cannot be written; an existing one is not changed.

    Example:
        >>> write("greeting.txt", [b"Hello, ", b"world"])
        >>> Path("greeting.txt").read_text()
        'Hello, world'
    """
    target = path_of(path)
    try:
        _prepare_folder(target)
        if target.exists() and not target.is_file():
            _fill(target, "wb", chunks)
        else:
            _replace(target, chunks)
    except OSError as error:  # it names the temporary file, if any
        raise OSError(error.errno, error.strerror or str(error), str(target)) from error


def _prepare_folder(target: Path) -> None:
    """Make the folder of a file, and remove what killed writers have left there."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(target.parent)
    except FileExistsError:  # a file is in its place: opening the target will say so
        pass
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(target)) from error


def _replace(target: Path, chunks: Iterable[Chunk], permissions: int = 0o666) -> None:
    # Not with tempfile, whose files are private: this one gets the usual permissions.
    part = _part(target)
    try:
        _fill(part, "xb", chunks, permissions)
        os.replace(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


PARTS = ".farrier-*.tmp"
"""The names of unfinished files; those that killed writers left stay for an hour."""


# A file that has not changed for so many seconds was left by a killed writer.
_LONGEST_PAUSE = 3600.0


def remove_abandoned(folder: Path) -> None:
    """Remove the unfinished files of killed writers from a folder; `write` does so too.

    Args:
        folder: the folder.
    """
    for part in folder.glob(PARTS):
        with contextlib.suppress(OSError):  # another process may remove it right now
            if part.lstat().st_mtime < time.time() - _LONGEST_PAUSE:
                part.unlink()


def _part(target: Path) -> Path:
    return target.with_name(PARTS.replace("*", os.urandom(8).hex()))


def _fill(path: Path, mode: str, chunks: Iterable[Chunk], permissions: int = 0o666) -> None:
    with open(path, mode, opener=lambda name, flags: os.open(name, flags, permissions)) as file:
        file.writelines(chunks)


def temporary(folder: str | os.PathLike[str] | None = None) -> BinaryIO:
    """Open a new file without a name, which vanishes unless `publish` gives it one.

    Args:
        folder: a folder on the file system to use; by default that for temporary files.

    Returns:
        The file, open for reading and writing; it is closed when nothing refers to it any more.

    Raises:
        OSError: the folder does not exist, or is not writable.
    """
    where = os.fspath(folder) if folder is not None else tempfile.gettempdir()
    try:
        # tempfile would add O_EXCL to O_TMPFILE, with which the file could never get a name.
        number = os.open(where, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o666)
    except (AttributeError, OSError):  # not on every file system, nor outside of Linux
        with tempfile.TemporaryFile(dir=where) as file:
            number = os.dup(file.fileno())
    return io.BufferedRandom(_KeptOpen(number, "r+", closefd=False))


def opened(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading; it is closed when nothing refers to it any more.

    Args:
        path: the file.

    Raises:
        OSError: the file cannot be read, or is a link, a folder, a pipe or a device.
    """
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    file = io.BufferedReader(_KeptOpen(number, "r", closefd=False))
    _check_regular(file, path)
    return file


@contextlib.contextmanager
def reading(path: str | os.PathLike[str]) -> Generator[BinaryIO]:
    """Open a file for reading, without waiting for the other end of a pipe.

    Args:
        path: the file, or a link to it.

    Raises:
        OSError: the file cannot be read, or is a folder, a pipe or a device.
    """
    without_waiting = getattr(os, "O_NONBLOCK", 0)
    with open(
        path, "rb", opener=lambda name, flags: os.open(name, flags | without_waiting)
    ) as file:
        _check_regular(file, path)
        yield file


def _check_regular(file: BinaryIO, path: str | os.PathLike[str]) -> None:
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        raise OSError(errno.EINVAL, "Not a regular file", os.fspath(path))


class _KeptOpen(io.FileIO):
    """A file that is closed when its owner dies, without Python's warning about that."""

    def close(self) -> None:
        """Close the descriptor last: the buffer still uses it when it is closed."""
        if not self.closed:
            number = self.fileno()
            super().close()
            os.close(number)


def publish(file: BinaryIO, path: str | os.PathLike[str]) -> None:
    """Give a finished temporary file a name, by a link where the file system can, else by a copy.

    A file that has a name already is copied: two names never share their contents.

    Args:
        file: from `temporary`.
        path: its name; an existing file is replaced, a device or pipe is written to, and a
            missing folder is made.

    Raises:
        OSError: the file cannot be written; an existing one is not changed.

    Example:
        >>> with temporary(".") as file:
        ...     count = file.write(b"Hello, world")
        ...     publish(file, "greeting.txt")
        >>> Path("greeting.txt").read_text()
        'Hello, world'
    """
    file.flush()
    target = path_of(path)
    _prepare_folder(target)
    if not ((target.is_file() or not target.exists()) and _linked(file, target)):
        with _content(file) as chunks:
            write(target, chunks)


def publish_privately(file: BinaryIO, path: str | os.PathLike[str]) -> None:
    """Give a finished temporary file a name, as `publish` does, for this user only.

    Args:
        file: from `temporary`.
        path: its name; whatever is there is replaced, also a device, a pipe or a link.

    Raises:
        OSError: the file cannot be written, or there is a folder; it is not changed.
    """
    file.flush()
    os.fchmod(file.fileno(), 0o600)
    target = path_of(path)
    if not _linked(file, target):
        with _content(file) as chunks:
            _replace(target, chunks, 0o600)


@contextlib.contextmanager
def _content(file: BinaryIO) -> Generator[list[memoryview]]:
    if not os.fstat(file.fileno()).st_size:
        yield []
        return
    access = mmap.ACCESS_READ
    with mmap.mmap(file.fileno(), 0, access=access) as content, memoryview(content) as view:
        yield [view]


def _linked(file: BinaryIO, target: Path) -> bool:
    """Give an unnamed file this name, and return whether that is possible."""
    part = _part(target)
    if not _link(file.fileno(), part):
        return False
    try:
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return True


def _link(number: int, path: Path) -> bool:
    if os.fstat(number).st_nlink:
        return False
    try:
        files = os.open("/proc/self/fd", os.O_RDONLY)
    except OSError:
        return False
    try:
        os.link(str(number), path, src_dir_fd=files)  # follows links, thanks to src_dir_fd
    except OSError:
        return False
    finally:
        os.close(files)
    return True


class MappedFile(mmap.mmap):
    """A read-only map of a file that knows its file, so that other processes can map it too.

    Attributes:
        path: the path of the file when it was mapped.
        identity: device, number, size and modification time of the file, which show whether the
            file at that path is still this one.
    """

    path: str
    identity: tuple[int, ...]

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> MappedFile:
        """Map a file.

        Args:
            path: the file.

        Returns:
            Its bytes.

        Raises:
            OSError: the file cannot be read.
            ValueError: the file is empty.
        """
        path = path_of(path)
        with reading(path) as file:
            mapped = cls(file.fileno(), 0, access=mmap.ACCESS_READ)
            mapped.path = os.path.abspath(path)
            mapped.identity = identity_of(os.fstat(file.fileno()))
        return mapped


def identity_of(status: os.stat_result) -> tuple[int, ...]:
    """Return what distinguishes a file from others, and from itself after a change.

    Args:
        status: the status of the file.
    """
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
