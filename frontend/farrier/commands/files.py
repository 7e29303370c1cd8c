"""Checks of paths before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path

from farrier_compiler.graph.syntax import did_you_mean
from farrier_runtime.errors import ArgumentError


def check_file(path: Path, form: str = "") -> None:
    """Refuse a path that is not a file.

    Raises:
        ArgumentError: the path is a directory, a pipe or a device, or does not exist.
    """
    if path.is_dir():
        raise ArgumentError(f"{path} is a directory" + (f": {form}." if form else "."))
    if not path.exists():
        folder = path.parent
        names = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set[str]()
        hint = did_you_mean(path.name, names - {path.name})  # which may be a broken link
        raise ArgumentError(f"{path}: no such file" + (hint if "you mean" in hint else "."))
    if not path.is_file():
        raise ArgumentError(f"{path} is a pipe or a device: name a file to read.")


def check_folder(path: Path) -> None:
    """Refuse an output file that cannot be written; a missing folder is made later.

    Raises:
        ArgumentError: the path is a directory, or its folder is read-only or cannot be made.
    """
    if path.is_dir():
        raise ArgumentError(f"{path} is a directory: name a file to write.")
    folder = next(folder for folder in path.parents if folder.exists() or folder == folder.parent)
    if not folder.is_dir():
        raise ArgumentError(f"{path} cannot be written: {folder} is not a directory.")
    if not os.access(folder, os.W_OK):
        raise ArgumentError(f"{path} cannot be written: the directory {folder} is read-only.")
