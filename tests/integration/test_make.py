"""The Makefile's choice of interpreter, its output of pip, and CI's choice of interpreters."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = "/usr/bin:/bin"


def script(file: Path, *lines: str) -> Path:
    """Write a shell script that stands for a program, and return its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    file.chmod(0o755)
    return file


def python(file: Path, version: str) -> Path:
    """Write a fake interpreter, which reports a version and runs Python of that version."""
    numbers = ", ".join(version.split("."))
    program = f"import sys; sys.version_info = ({numbers}); exec(sys.argv.pop(1))"
    return script(
        file,
        f'if [ "$1" = --version ]; then echo "Python {version}"; exit; fi',
        f'shift; exec {sys.executable} -c "{program}" "$@"',
    )


def make(*words: str | Path, path: str | Path = TOOLS) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *map(str, words)],
        cwd=ROOT,
        env={"PATH": f"{path}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("version", ["2.7.18", "3.10.13", "3.15.0"])
def test_a_python_that_is_not_supported_is_refused(version: str, tmp_path: Path) -> None:
    given = python(tmp_path / "it's a python", version)
    done = make("demo", f"PYTHON={given}", f"VENV={tmp_path}/venv")
    assert done.returncode != 0
    assert done.stdout == (
        f"Farrier needs Python 3.11 to 3.14, and {given} is not:\nPython {version}\n"
    )


def test_a_python_that_does_not_run_is_refused(tmp_path: Path) -> None:
    done = make("demo", "PYTHON=/no/such/python", f"VENV={tmp_path}/venv")
    assert done.returncode != 0
    assert done.stdout == "Farrier needs Python 3.11 to 3.14, and /no/such/python is not:\n"
    assert "/no/such/python: " in done.stderr


def tools_alone(folder: Path) -> Path:
    """Return a folder with the programs that make and this Makefile run, and no Python."""
    folder.mkdir()
    for name in ("make", "sh", "touch"):
        path = shutil.which(name, path=TOOLS)
        assert path is not None
        (folder / name).symlink_to(path)
    return folder


def test_a_path_without_python_is_refused(tmp_path: Path) -> None:
    done = make("demo", f"VENV={tmp_path}/venv", path=tools_alone(tmp_path / "bin"))
    assert done.returncode != 0
    assert done.stdout == (
        "Farrier needs Python 3.11 to 3.14, and none is on the path: make PYTHON=/path/to/python "
        "...\n"
    )


def test_the_first_python_that_runs_and_is_supported_is_taken(tmp_path: Path) -> None:
    folder = tools_alone(tmp_path / "bin")
    python(folder / "python3", "3.10.1")
    script(folder / "python3.14", "exit 127")  # a shim of a version that is not installed
    python(folder / "python3.12", "3.12.9")
    python(folder / "python3.11", "3.11.1")
    done = make("-n", "demo", f"VENV={tmp_path}/venv", path=folder)
    assert f"\n'python3.12' -m venv '{tmp_path}/venv'\n" in done.stdout


def environment(folder: Path, version: str, *pip: str) -> Path:
    """Make a fake virtual environment, whose pip runs a given script."""
    interpreter = python(folder / "bin" / "python", version)
    lines = interpreter.read_text().splitlines()
    script(interpreter, 'if [ "$2" = pip ]; then', *pip, "fi", *lines[1:])
    (folder / "python").touch()
    return folder


def test_an_environment_of_another_python_is_refused(tmp_path: Path) -> None:
    venv = environment(tmp_path / "venv", "3.12.1")
    given = python(tmp_path / "python3.13", "3.13.0")
    done = make("demo", f"PYTHON={given}", f"VENV={venv}")
    assert done.returncode != 0
    assert done.stdout == (
        f"{venv} is of another Python than {given}: say make clean first, or VENV=build/venv-other "
        "too.\n"
    )


def test_what_pip_says_is_shown_if_it_fails(tmp_path: Path) -> None:
    lines = ("echo 'WARNING: a notice'", r"printf '%s\n' 'ERROR: C:\new' >&2")
    venv = environment(tmp_path / "fails", "3.12.1", *lines, "exit 1")
    done = make(venv / "installed", f"VENV={venv}")
    assert done.returncode != 0
    command = 'pip install -e ./runtime -e "."\n'
    assert done.stdout == command + "WARNING: a notice\nERROR: C:\\new\n"
    venv = environment(tmp_path / "works", "3.12.1", *lines, "exit 0")
    done = make(venv / "installed", f"VENV={venv}")
    assert (done.returncode, done.stdout, done.stderr) == (0, command, "")


def test_ci_tests_one_of_each_other_python(tmp_path: Path) -> None:
    pyenv, path = tmp_path / "pyenv", tmp_path / "bin"
    for version in ("3.9.1", "3.12.1", "3.12.10", "3.13.0"):
        python(pyenv / "versions" / version / "bin" / "python3", version)
    python(path / "python3.11", "3.11.4")
    python(path / "python3.14", "3.14.0")
    script(path / "python3.13", "exit 127")
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "pythons.py", "3.13"],
        env={"PATH": str(path), "PYENV_ROOT": str(pyenv)},
        capture_output=True,
        text=True,
        check=True,
    )
    versions = pyenv / "versions"
    assert done.stdout.splitlines() == [
        f"3.12 {versions}/3.12.10/bin/python3",
        f"3.11 {path}/python3.11",
        f"3.14 {path}/python3.14",
    ]
    assert done.stderr.splitlines() == [
        f"skipped {versions}/3.13.0/bin/python3: of Python 3.13, it ran all tests",
        f"skipped {versions}/3.12.1/bin/python3: of Python 3.12, {versions}/3.12.10/bin/python3 is "
        "tested",
        f"skipped {versions}/3.9.1/bin/python3: Python 3.9 is not supported",
        f"skipped {path}/python3.13: it does not run",
    ]


def test_ci_is_a_script() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)


def test_make_lit_finds_the_tests(tmp_path: Path) -> None:
    venv = environment(tmp_path / "venv", "3.12.1", "exit 0")
    (*_, command) = make("-n", "lit", f"VENV={venv}").stdout.splitlines()
    interpreter = f"'{venv}'/bin/python"
    assert command.startswith(f"{interpreter} ")
    listing = command.replace(interpreter, shlex.quote(sys.executable)) + " --show-tests"
    done = subprocess.run(listing, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "farrier :: filecheck/tools/run.test" in done.stdout
