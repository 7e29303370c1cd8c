"""Checks of paths before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path

from farrier_compiler.graph.syntax import did_you_mean
from farrier_runtime.errors import ArgumentError


def check_file(path: Path, form: str = "") -> None:
    """Refuse a path that is not a file.

    Raises:
        ArgumentError: the path is a directory or does not exist.
    """
    if path.is_dir():
        raise ArgumentError(f"{path} is a directory" + (f": {form}." if form else "."))
    if not path.exists():
        folder = path.parent
        names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        hint = did_you_mean(path.name, names)
        raise ArgumentError(f"{path}: no such file" + (hint if "you mean" in hint else "."))


def check_folder(path: Path) -> None:
    """Refuse an output file that cannot be written.

    Raises:
        ArgumentError: the path is a directory, or its folder does not exist or is read-only.
    """
    if path.is_dir():
        raise ArgumentError(f"{path} is a directory: name a file to write.")
    if not path.parent.is_dir():
        raise ArgumentError(f"{path} cannot be written: there is no directory {path.parent}.")
    if not os.access(path.parent, os.W_OK):
        raise ArgumentError(f"{path} cannot be written: the directory {path.parent} is read-only.")
