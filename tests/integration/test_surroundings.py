"""Odd surroundings of programs: removed folders, and files with the names of modules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import farrier as fr
import farrier_runtime


def run(code: str, folder: Path, *arguments: str) -> str:
    """Run code in a process of its own, in a folder that Python does not import from."""
    command = [sys.executable, "-P", "-W", "error", "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


REMOVED = """
import os, sys
os.rmdir(os.getcwd())
import numpy as np
import farrier as fr
import farrier_runtime

def double(x):
    return x * 2

x = fr.InputInfo((2,), fr.float32)
print((fr.ones((2,)) * 2).tolist())
print(fr.compile(double, args=[x], target="cpu")(fr.ones((2,))).tolist())
print(farrier_runtime.load(sys.argv[1])(np.ones(2, np.float32)).tolist())
for call in (lambda: farrier_runtime.load("net.vmfb"), lambda: fr.Executable.load("net.vmfb")):
    try:
        call()
    except fr.ArtifactError as error:
        print(str(error).splitlines()[0])
"""


def test_the_working_directory_may_be_missing(tmp_path: Path) -> None:
    saved = tmp_path / "double.vmfb"
    x = fr.InputInfo((2,), fr.float32)
    fr.compile(lambda x: x * 2, args=[x], target="cpu").save(saved)
    (tmp_path / "gone").mkdir()
    assert run(REMOVED, tmp_path / "gone", str(saved)).splitlines() == [
        *["[2.0, 2.0]"] * 3,
        *["net.vmfb: cannot be read: No such file or directory"] * 2,
    ]


def test_the_working_directory_may_be_removed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    names: dict[str, object] = {"fr": fr}
    exec(compile("def add(x):\n    return x + fr.ones((3,))\n", "a file.py", "exec"), names)
    (tmp_path / "gone").rmdir()
    with pytest.raises(fr.ShapeError) as raised:
        fr.compile(names["add"], args=[fr.InputInfo((2,), fr.float32)], target="cpu")  # pyright: ignore[reportArgumentType]
    assert "\n  --> a file.py:2 in add()\n" in str(raised.value)


MODEL = """
import farrier as fr
import helper

class Net(fr.Module):
    def __init__(self):
        super().__init__()
        self.linear = fr.Linear(3, 4)

    def forward(self, x):
        import late_helper
        return self.linear(x)
"""

COMMAND = "import sys; from farrier.cli import main; sys.exit(main())"


def test_files_beside_a_model_hide_no_modules_of_others(tmp_path: Path) -> None:
    """Neither in the command nor in the compiler process."""
    packages = ("numpy", "ml_dtypes", "iree", "farrier", "farrier_compiler", "farrier_runtime")
    for name in (*sys.stdlib_module_names, *packages, "sitecustomize", "usercustomize"):
        (tmp_path / f"{name}.py").write_text(f"raise RuntimeError('{name} of the model')\n")
    for name, text in (("model", MODEL), ("helper", ""), ("late_helper", "")):
        (tmp_path / f"{name}.py").write_text(text)
    words = ["--seed", "1", "--input", "2x3xf32", "--target", "cpu", "--no-cache", "-o", "net.vmfb"]
    run(COMMAND, tmp_path, "compile", "model.py:Net", *words)
    assert farrier_runtime.load(tmp_path / "net.vmfb").outputs[0].shape == (2, 4)
