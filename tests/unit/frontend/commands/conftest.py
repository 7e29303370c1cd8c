"""A folder with a model, and the command on it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.command import Run, command_in

MODEL = """\
import farrier as fr

class Net(fr.Module):
    def __init__(self):
        self.linear = fr.Linear(3, 2)

    def forward(self, x):
        return fr.relu(self.linear(x))

class Wide(fr.Module):
    def __init__(self, width):
        self.linear = fr.Linear(width, width)

class Failing(fr.Module):
    def __init__(self):
        self.table = {}["weights"]

class Plain:
    pass

def double(x):
    return x + x

def wrong(x):
    y = fr.ones((4,))
    return x + y

def raising(x):
    return helper(x)

def helper(x):
    return [x][1]

def leaving(x):
    raise SystemExit("enough")

def counting(x):
    return 0.5

net = Net()
number = 3
"""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with model.py, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("FARRIER_CACHE", "0")
    (tmp_path / "model.py").write_text(MODEL)
    return tmp_path


@pytest.fixture
def run(model: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process; returns exit code, output and errors."""
    return command_in(model, capsys)
