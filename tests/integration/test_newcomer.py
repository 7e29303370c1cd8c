"""Compiling without a home or temporary folder, and in folders with odd names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ODD = """a space, it's "quoted", ümläut 日本"""

COMPILE = """
import farrier as fr, farrier_runtime, numpy as np
x = fr.InputInfo((2, 3), fr.float32)
net = fr.Linear(3, 4)
net.reset_parameters(seed=0)
path = fr.compile(net, args=[x], target="cpu").save("net.vmfb")
print(farrier_runtime.load(path)(np.ones((2, 3), np.float32)).shape)
"""


def compile_in(folder: Path, **environment: str) -> str:
    """Compile in another process, and return its messages."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", COMPILE],
        cwd=folder,
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "(2, 4)\n"
    return done.stderr


def test_names_of_folders_may_be_odd(tmp_path: Path) -> None:
    folder = tmp_path / ODD
    folder.mkdir()
    assert compile_in(folder, TMPDIR=str(folder), FARRIER_CACHE=str(folder / "cache")) == ""
    assert len(list((folder / "cache").iterdir())) == 1


def test_home_and_temporary_folder_may_be_missing(
    tmp_path: Path,
) -> None:
    messages = compile_in(
        tmp_path, TMPDIR="/no/such/folder", XDG_CACHE_HOME=str(tmp_path / "cache")
    )
    assert messages == ""


def test_a_home_that_cannot_be_written_gives_a_warning(tmp_path: Path) -> None:
    messages = compile_in(tmp_path, HOME="/dev/null")
    assert messages == (
        "Compiled programs are not cached: /dev/null/.cache/farrier cannot be written (Not a "
        "directory). Set FARRIER_CACHE to a folder of your own, or to 0.\n"
    )
