"""Files are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

Chunk: TypeAlias = bytes | bytearray | memoryview


def write(path: str | os.PathLike[str], chunks: Iterable[Chunk]) -> None:
    """Write a file under a temporary name and rename it, so that no half of it is ever seen.

    Args:
        path: where to; a file that is there is replaced, a device or pipe is written to.
        chunks: the contents, one part after the other.

    Raises:
        OSError: the file cannot be written; what was there is there still.

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
    except OSError as error:  # it names the temporary file, or none
        raise OSError(error.errno, error.strerror or str(error), str(target)) from error


def _replace(target: Path, chunks: Iterable[Chunk]) -> None:
    # Not tempfile: its files are private, but this one gets the permissions of any new file.
    part = target.with_name(f".farrier-{os.urandom(8).hex()}.tmp")
    try:
        _fill(part, "xb", chunks)
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _fill(path: Path, mode: str, chunks: Iterable[Chunk]) -> None:
    with open(path, mode) as file:
        file.writelines(chunks)
