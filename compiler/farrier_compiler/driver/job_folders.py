"""Folders of jobs, each locked while its job runs and free to be removed afterwards."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import time

_NAME = re.compile(r"farrier-[0-9a-f]{16}")

# Folders changed within so many seconds stay: other versions of Farrier do not lock theirs.
_LONGEST_PAUSE = 3600.0


def new_path(parent: str) -> str:
    """Return a path for a new folder.

    Args:
        parent: the folder for temporary files.
    """
    return os.path.join(parent, f"farrier-{os.urandom(8).hex()}")


def enter(path: str) -> None:
    """Make a folder, lock it until this process ends, and make it the current one.

    Args:
        path: from `new_path`.

    Raises:
        OSError: the folder cannot be made.
    """
    os.mkdir(path, 0o700)
    with contextlib.suppress(OSError):  # some file systems have no locks
        _lock(path)
    os.chdir(path)


def remove(path: str) -> None:
    """Remove the folder of a job that has ended, and those that killed processes have left.

    Args:
        path: from `new_path`.
    """
    shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError), os.scandir(os.path.dirname(path)) as entries:
        for entry in entries:
            if _NAME.fullmatch(entry.name) and _is_abandoned(entry):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_abandoned(entry: os.DirEntry[str]) -> bool:
    status = entry.stat(follow_symlinks=False)
    is_ours = entry.is_dir(follow_symlinks=False) and status.st_uid == os.geteuid()
    if not is_ours or status.st_mtime > time.time() - _LONGEST_PAUSE:
        return False
    try:
        os.close(_lock(entry.path))
    except OSError:
        return False
    return True


def _lock(path: str) -> int:
    """Lock a folder, and return its descriptor, which must stay open.

    Raises:
        OSError: another process has locked it.
    """
    number = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(number)
        raise
    return number
