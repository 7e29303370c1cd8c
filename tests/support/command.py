"""The `farrier` command in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from farrier import cli

Run = Callable[..., tuple[int, str, str]]
"""Runs the command with these words; returns exit code, output and errors."""


def command_in(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command; errors name files without the folder."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = cli.main(words)
        output, errors = capsys.readouterr()
        return status, output, errors.replace(f"{folder}/", "")

    return run
