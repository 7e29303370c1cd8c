"""Execution of Python code in a process of its own, with a time limit."""

from __future__ import annotations

import os
import subprocess
import sys


def run(code: str, *arguments: str, status: int = 0, limit: float = 120) -> str:
    """Run code without a cache; return what it prints.

    Args:
        code: the code; every warning in it is an error.
        arguments: the command-line arguments.
        status: the exit status that it must have.
        limit: the seconds after which it must have ended.
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=limit,
        env=os.environ | {"FARRIER_CACHE": "0"},
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", status), done.stdout
    return done.stdout
