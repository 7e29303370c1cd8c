"""Atomic writes, temporary files and memory maps."""

from __future__ import annotations

import contextlib
import io
import mmap
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, TypeAlias

Chunk: TypeAlias = bytes | bytearray | memoryview


def write(path: str | os.PathLike[str], chunks: Iterable[Chunk]) -> None:
    """Write a file under a temporary name and rename it, so that readers never see half of it.

    Args:
        path: where to write; an existing file is replaced, a device or pipe is written to.
        chunks: the contents in parts.

    Raises:
        OSError: the file cannot be written; an existing one is not changed.

    Example:
        >>> write("greeting.txt", [b"Hello, ", b"world"])
        >>> Path("greeting.txt").read_text()
        'Hello, world'
    """
    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            _fill(target, "wb", chunks)
        else:
            _replace(target, chunks)
    except OSError as error:  # it names the temporary file, if any
        raise OSError(error.errno, error.strerror or str(error), str(target)) from error


def _replace(target: Path, chunks: Iterable[Chunk]) -> None:
    # Not with tempfile, whose files are private: this one gets the usual permissions.
    part = _part(target)
    try:
        _fill(part, "xb", chunks)
        os.replace(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def _part(target: Path) -> Path:
    return target.with_name(f".farrier-{os.urandom(8).hex()}.tmp")


def _fill(path: Path, mode: str, chunks: Iterable[Chunk]) -> None:
    with open(path, mode) as file:
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
        OSError: the file cannot be read.
    """
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return io.BufferedReader(_KeptOpen(number, "r", closefd=False))


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

    Args:
        file: from `temporary`.
        path: its name; an existing file is replaced, a device or pipe is written to.

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
    target = Path(path)
    part = _part(target)
    if (target.is_file() or not target.exists()) and _link(file.fileno(), part):
        try:
            os.replace(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    elif os.fstat(file.fileno()).st_size:
        access = mmap.ACCESS_READ
        with mmap.mmap(file.fileno(), 0, access=access) as content, memoryview(content) as view:
            write(target, [view])
    else:
        write(target, [])


def _link(number: int, path: Path) -> bool:
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
        with open(path, "rb") as file:
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
