"""A folder with compiled models, and the command on it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from farrier import cli
from support.command import Run, command_in

MODEL = """\
import farrier as fr

class Net(fr.Module):
    def __init__(self):
        self.first = fr.Linear(16, 32)
        self.second = fr.Linear(32, 2)

    def forward(self, x):
        return self.second(fr.relu(self.first(x)))

def parts(x, n):
    return {"twice": x + x, "rest": (fr.cast(x, fr.bfloat16), n)}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with model.py, and with net.vmfb and parts.vmfb, compiled by the command."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "model.py").write_text(MODEL)
    model = f"{folder}/model.py"
    common = ("--target", "cpu", "--no-cache", "-o")
    net = (f"{model}:Net", "--input", "x=4x16xf32", "--seed", "7")
    parts = (f"{model}:parts", "--input", "2x3xf32", "--input", "n=i32")
    assert cli.main(["compile", *net, *common, f"{folder}/net.vmfb"]) == 0
    assert cli.main(["compile", *parts, *common, f"{folder}/parts.vmfb"]) == 0
    return folder


@pytest.fixture
def run(built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process, in that folder; returns exit code, output and errors."""
    monkeypatch.chdir(built)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("FARRIER_CACHE", "0")
    return command_in(built, capsys)
