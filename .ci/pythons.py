"""Prints version and path of an interpreter of each supported Python but one; says what is skipped.

Usage: pythons.py VERSION, with the version that is tested already, for example 3.11.
"""

from __future__ import annotations

import glob
import os
import subprocess
import sys
from collections.abc import Iterator

SUPPORTED = {(3, minor) for minor in range(11, 15)}
ASK = "import sys; print(*sys.version_info[:3])"


def main(tested: str) -> None:
    """Print a line for each interpreter to test."""
    done = {tuple(map(int, tested.split("."))): "it ran all tests"}
    for path in candidates():
        version = version_of(path)
        reason = why_not(version, done)
        if reason:
            print(f"skipped {path}: {reason}", file=sys.stderr)
        else:
            print(f"{version[0]}.{version[1]} {path}")
            done[version[:2]] = f"{path} is tested"


def candidates() -> Iterator[str]:
    """Yield the interpreters of pyenv, the newest first, and those on the path."""
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    installed = glob.glob(f"{glob.escape(root)}/versions/3.*/bin/python3")
    yield from sorted(installed, key=lambda path: version_of(path), reverse=True)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for minor in range(11, 16):
            path = os.path.join(folder, f"python3.{minor}")
            if os.access(path, os.X_OK):
                yield path


def version_of(path: str) -> tuple[int, ...]:
    """Return the version that an interpreter says it has; nothing if it does not run."""
    try:
        done = subprocess.run([path, "-c", ASK], capture_output=True, text=True, timeout=60)
    except OSError:
        return ()
    return tuple(map(int, done.stdout.split())) if done.returncode == 0 else ()


def why_not(version: tuple[int, ...], done: dict[tuple[int, ...], str]) -> str:
    """Return why an interpreter is not tested; nothing if it is."""
    if not version:
        return "it does not run"
    if version[:2] not in SUPPORTED:
        return f"Python {version[0]}.{version[1]} is not supported"
    earlier = done.get(version[:2])
    return f"of Python {version[0]}.{version[1]}, {earlier}" if earlier else ""


if __name__ == "__main__":
    main(sys.argv[1])
