"""The `farrier` command on an artifact with dynamic sizes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from farrier import cli
from support.command import Run, command_in

MODEL = """\
import farrier as fr

def rows(x, y, n):
    return fr.concatenate([x, y[:, :2]], dim=0), fr.ones((n,))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rows.vmfb, compiled by the command, and arrays."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "model.py").write_text(MODEL)
    words = inputs("batch(1,2,5)x2xf32", "batchx(2,3,4)xf32", "(1,4,8)")
    common = ("--target", "cpu", "--no-cache", "-o", f"{folder}/rows.vmfb")
    assert cli.main(["compile", f"{folder}/model.py:rows", *words, *common]) == 0
    np.save(folder / "y.npy", np.zeros((4, 2), np.float32))
    np.save(folder / "three.npy", np.zeros((3, 2), np.float32))
    return folder


def inputs(*texts: str) -> list[str]:
    return [word for text in texts for word in ("--input", text)]


@pytest.fixture
def run(built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process, in that folder; returns exit code, output and errors."""
    monkeypatch.chdir(built)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return command_in(built, capsys)


def test_inspect_lists_each_dynamic_dimension_once(run: Run) -> None:
    status, output, errors = run("inspect", "rows.vmfb")
    assert (status, errors) == (0, "")
    assert output.partition("function  ")[2].splitlines() == [
        "rows",
        "  input   x=batch x 2 x f32",
        "  input   y=batch x y_dim1 x f32",
        "  input   n=i32, the size n",
        "  output  output0=(2*batch) x 2 x f32",
        "  output  output1=n x f32",
        "  size    batch: 1 to 5, usually 2",
        "  size    y_dim1: 2 to 4, usually 3",
        "  size    n: 1 to 8, usually 4",
    ]


# The inputs of rows.vmfb, and the shapes of its outputs.
SIZES = {
    "random random random": "(4, 2), output1 (4,)",
    "random zeros n=3 --size batch=5": "(10, 2), output1 (3,)",
    "ones ones random --size n=8 --size batch=1": "(2, 2), output1 (8,)",
    "x=1,2,3,4,5,6 random n=1": "(6, 2), output1 (1,)",
    "random y=@y.npy n=1": "(8, 2), output1 (1,)",
    "7 y=1,2,3,4 n=1 --size batch=1": "(2, 2), output1 (1,)",
}


def words_of(text: str) -> list[str]:
    given, *sizes = text.split(" --size ")
    return inputs(*given.split()) + [word for size in sizes for word in ("--size", size)]


@pytest.mark.parametrize(("text", "shapes"), SIZES.items(), ids=SIZES)
def test_sizes_of_a_call_decide_the_outputs(run: Run, text: str, shapes: str) -> None:
    outcome = run("run", "rows.vmfb", *words_of(text), "--output", "o.npz")
    assert outcome == (0, f"o.npz: output0 {shapes}\n", "")


ROWS = (
    "rows(x: float32[batch, 2], y: float32[batch, y_dim1], n: int32[]) -> (float32[2*batch, 2], "
    "float32[n])"
)
BAD_SIZES = {
    "ones ones 1 --size batch=6": (1, "--size batch=6: 'batch' must be 1 to 5."),
    "ones ones 1 --size bath=2": (
        1,
        f"--size bath=2: {ROWS} has no size 'bath'; did you mean 'batch'?",
    ),
    "ones ones 1 --size batch": (
        2,
        "--size batch: the form is NAME=NUMBER, for example batch=3.",
    ),
    "ones ones 1 --size batch=2 --size batch=3": (
        2,
        "--size batch=3: 'batch' is given twice.",
    ),
    "@y.npy ones 1 --size batch=3": (
        1,
        "--size batch=3, but dimension 0 of input 'x' is 4.",
    ),
    "ones ones 2 --size n=3": (1, "--size n=3, but input 'n' is 2."),
    "1,2,3 ones 1": (
        1,
        "--input x=1,2,3: x: float32[batch, 2] takes a multiple of 2 numbers, but 3 were given.",
    ),
    "1,2,3 ones 1 --size batch=1": (
        1,
        "--input x=1,2,3: x: float32[1, 2] has 2 elements, but 3 numbers were given. Give one for "
        "each element, or one for all.",
    ),
    "ones 1,2,3,4 1": (
        1,
        "--input y=1,2,3,4: y: float32[batch, y_dim1] has several dynamic sizes, so 4 numbers "
        "do not determine its shape. Add --size batch=N --size y_dim1=N, or give @FILE.npy.",
    ),
    "1,2,3,4,5,6,7,8,9,10,11,12 ones 1": (
        1,
        "Input 'x' of rows: dimension 0, 'batch', is 6, but must be 1 to 5",
    ),
    "ones ones 9": (1, "Input 'n' of rows is 9, but must be 1 to 8"),
    "@y.npy @three.npy 1": (
        1,
        "Input 'y' of rows: dimension 0, 'batch', is 3, but input 'x' of rows: dimension 0, "
        "'batch', is 4: all sizes 'batch' must be equal",
    ),
}


@pytest.mark.parametrize(("text", "expected"), BAD_SIZES.items(), ids=BAD_SIZES)
def test_bad_sizes_are_refused(run: Run, text: str, expected: tuple[int, str]) -> None:
    status, problem = expected
    assert run("run", "rows.vmfb", *words_of(text)) == (status, "", f"farrier: error: {problem}\n")
