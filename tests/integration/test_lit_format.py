"""Failures that the lit format of the FileCheck tests must report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.lit_format import Line, run_filecheck

PYTHON = sys.executable


@pytest.mark.parametrize(
    "text",
    [
        f"{PYTHON} a.py > out",
        f"{PYTHON} a.py && {PYTHON} b.py",
        f"{PYTHON} a.py | sort | filecheck a.py",
        f"{PYTHON} -c 'print()' | filecheck a.py",
        "iree-opt a.mlir | filecheck a.mlir",
        f"env A=1 {PYTHON} a.py | filecheck a.py",
    ],
)
def test_lines_that_need_a_shell_are_left_to_lit(text: str) -> None:
    assert Line.parse(text) is None


def test_other_lines_are_parsed() -> None:
    text = f'not {PYTHON} -m farrier.cli run "a b" 2>&1 | filecheck a.py --check-prefix=A'
    line = Line.parse(text)
    assert line == Line(
        text,
        tool=["-m", "farrier.cli", "run", "a b"],
        check=["filecheck", "a.py", "--check-prefix=A"],
        fails=True,
        merge=True,
    )


def test_filecheck_complains(tmp_path: Path) -> None:
    checks = tmp_path / "checks"
    checks.write_text("CHECK: one\nCHECK-NEXT: two\n")
    assert run_filecheck(["filecheck", str(checks)], "one\ntwo\n") is None
    complaint = run_filecheck(["filecheck", str(checks)], "one\nthree\n")
    assert complaint is not None
    assert complaint.startswith(f'{checks}:2: error: Couldn\'t match "two".')
    assert "is empty" in (run_filecheck(["filecheck", str(checks)], "") or "")


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("print('fine')", "None"),
        ("raise SystemExit(3)", "exit status 3"),
        ("raise SystemExit('reason')", "exit status 1"),
        ("1 / 0", "exit status 1"),
        ("import os; os.abort()", "exit status -6"),
        ("import warnings; warnings.warn('old')", "exit status 1"),
    ],
)
def test_tools_run_in_forks(tmp_path: Path, script: str, complaint: str) -> None:
    (tmp_path / "tool.py").write_text(script)
    program = (
        "import sys; from support.lit_format import Line\n"
        f"line = Line.parse(sys.executable + ' ' + {str(tmp_path / 'tool.py')!r})\n"
        "print(line.run())"
    )
    tests = Path(__file__).parents[1]
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=tests, capture_output=True, text=True, timeout=60
    )
    assert finished.stdout.splitlines()[0] == complaint, finished.stderr
