"""`farrier compile --quantize`: batches from samples, output and errors."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.commands.inputs import samples, types as inputs
from farrier_runtime.errors import ArgumentError
from support.command import Run, command_in

MODEL = """\
import farrier as fr

class Net(fr.Module):
    def __init__(self):
        self.linear = fr.Linear(3, 2)

    def forward(self, x):
        return fr.relu(self.linear(x))

class Plain(fr.Module):
    def forward(self, x):
        return x

class Failing(fr.Module):
    def __init__(self):
        self.linear = fr.Linear(3, 2)

    def forward(self, x):
        return {}[x.shape]

def double(x):
    return x + x

small = fr.Linear(3, 2, quant_dtype=fr.int8)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with model.py and samples, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("FARRIER_CACHE", "0")
    (tmp_path / "model.py").write_text(MODEL)
    x = np.linspace(0, 255, 30, dtype=np.float32).reshape(10, 3)
    save("x.npz", x=x)
    save("other.npz", y=x, source=np.array("somewhere"))
    save("only.npz", samples=x)
    save("wide.npz", x=np.ones((10, 4), np.float32))
    save("numbers.npz", x=np.ones((10, 3), np.int64))
    save("nan.npz", x=np.full((10, 3), np.nan, np.float32))
    save("none.npz", x=np.ones((0, 3), np.float32))
    save("empty.npz")
    np.save("x.npy", x)
    (tmp_path / "text.npz").write_text("no zip")
    np.savez_compressed(tmp_path / "deflated.npz", x=np.ones((10, 3), np.float32))
    content = (tmp_path / "deflated.npz").read_bytes()
    begin = 30 + content[26] + content[28]  # after the name and the extra field
    (tmp_path / "deflated.npz").write_bytes(content[:begin] + b"\xff" + content[begin + 1 :])
    (tmp_path / "broken.npz").write_bytes((tmp_path / "x.npz").read_bytes()[:100])
    return tmp_path


def save(file: str, **arrays: Any) -> None:
    np.savez(file, allow_pickle=False, **arrays)


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process; returns exit code, output and errors."""
    return command_in(folder, capsys)


# ------------------------------------------------------------------ what is printed

NET = "compile model.py:Net --seed 0 --target cpu --input batch(1,4,8)x3xf32"


def test_the_report_comes_first(run: Run, folder: Path) -> None:
    words = [*NET.split(), "--quantize", "int8", "--calibration", "x.npz", "-o", "net.vmfb"]
    status, output, errors = run(*words)
    assert (status, errors) == (0, "")
    lines = output.splitlines()
    assert [line.split()[0] for line in lines] == [
        "Layer",
        lines[1],
        "linear:",
        lines[1],
        "Total",
        "net.vmfb:",
    ]
    assert "  0 to 255               1        -128  " in lines[2]
    assert (folder / "net.vmfb").exists()


def test_the_report_beside_a_dump_is_not_part_of_it(run: Run) -> None:
    words = [*NET.split(), "--quantize", "int8", "--calibration", "x.npz", "--dump", "graph"]
    status, output, errors = run(*words, "--observer", "mse")
    assert status == 0
    assert output.startswith("graph @Net[")
    assert "quant.uniform<i8:f32" in output
    assert errors.startswith("Layer ")
    status, output, errors = run(*words, "--dump-to", "dumps")
    assert (status, errors) == (0, "")
    assert output.startswith("Layer ")


def test_weights_only_need_no_samples(run: Run) -> None:
    status, output, errors = run(
        *NET.split(), "--quantize", "int8-weight-only", "--dump", "stablehlo"
    )
    assert status == 0
    assert "tensor<1x3x16xi8>" in output  # packed
    assert errors.splitlines()[2].split()[:4] == ["linear:", "Linear", "int8,", "dim"]


def test_an_input_scale_may_stay_unset(run: Run) -> None:
    words = ["--input", "x=1x3xf32", "--seed", "0", "--target", "cpu", "--dump", "graph"]
    status, output, errors = run("compile", "model.py:small", *words)
    assert (status, errors) == (0, "")
    assert output.startswith("graph @Linear(")


# ------------------------------------------------------------------ what is refused

USAGE = {
    "--quantize int-8": "--quantize int-8: there is no such scheme; did you mean 'int8'?",
    "--quantize w8a8": (
        "--quantize w8a8: there is no such scheme; known are float8, int4-weight-only, int8, "
        "int8-weight-only."
    ),
    "--quantize int8 --calibration x.npz --observer max": (
        "--observer max: there is no such observer; did you mean 'minmax'?"
    ),
    "--quantize float8": (
        "--quantize float8 quantizes inputs too, so it needs --calibration FILE.npz. "
        "int8-weight-only and int4-weight-only can do without."
    ),
    "--calibration x.npz": "--calibration is for --quantize SCHEME.",
    "--observer mse": "--observer is for --quantize SCHEME.",
}


@pytest.mark.parametrize(("words", "text"), USAGE.items(), ids=USAGE)
def test_wrong_usage(run: Run, words: str, text: str) -> None:
    assert run(*NET.split(), *words.split()) == (2, "", f"farrier: error: {text}\n")


def test_only_python_models(run: Run, folder: Path) -> None:
    (folder / "net.graph").touch()
    assert run("compile", "net.graph", "--quantize", "int8-weight-only") == (
        2,
        "",
        "farrier: error: --quantize is for Python models; net.graph declares its inputs itself.\n",
    )


MISTAKES = {
    "model.py:double --input 3xf32 --calibration x.npz": (
        "model.py:double is a function, which has no layers to quantize."
    ),
    "model.py:Plain --input 3xf32 --calibration x.npz": (
        "Plain has no layer that can be quantized: those are Linear, Conv, ConvTranspose and "
        "Embedding."
    ),
    "model.py:Net --seed 0 --input 3xf32 --calibration xx.npz": (
        "xx.npz: no such file; did you mean 'x.npz'?"
    ),
    "model.py:Net --seed 0 --input 3xf32 --calibration text.npz": (
        "text.npz is not an .npz file of numbers, or is damaged."
    ),
    "model.py:Net --seed 0 --input 3xf32 --calibration broken.npz": (
        "broken.npz is not an .npz file of numbers, or is damaged."
    ),
    "model.py:Net --seed 0 --input 3xf32 --calibration deflated.npz": (
        "deflated.npz is not an .npz file of numbers, or is damaged."
    ),
    "model.py:Net --seed 0 --input 3xf32 --calibration x.npy": (
        "x.npy is not an .npz file: save samples with numpy.savez, an array for each input."
    ),
    "model.py:Net --seed 0 --input 3xf32 --calibration other.npz": (
        "other.npz has no array 'x', for that input; it has y, source."
    ),
    "model.py:Net --seed 0 --input 3xf32 --calibration empty.npz": (
        "empty.npz has no array 'x', for that input; it has none."
    ),
    "model.py:Net --seed 0 --input 3xf32 --calibration wide.npz": (
        "wide.npz: 'x' has the shape (10, 4), which does not fit samples for --input 3xf32. Its "
        "first dimension counts samples: that is the input's own first dimension, or one before "
        "it; the others must fit."
    ),
    "model.py:Net --seed 0 --input 3xf32 --calibration numbers.npz": (
        "numbers.npz: 'x' holds int64, but --input 3xf32 takes float32."
    ),
    "model.py:Net --seed 0 --input 16x3xf32 --calibration x.npz": (
        "x.npz: 'x' has 10 samples: too few for a batch of --input 16x3xf32."
    ),
    "model.py:Net --seed 0 --input 3xf32 --calibration none.npz": (
        "none.npz: 'x' has 0 samples: too few for a batch of --input 3xf32."
    ),
    "model.py:Net --seed 0 --input 5x3xf32 --calibration nan.npz": (
        "With calibration batch 0, 15 of 15 elements of the input of layer 'linear' are NaN or "
        "infinite: they have no scale. Look for such elements in the batch, and for overflow in "
        "the layers before.\n"
        "  --> model.py:8 in Net.forward(), layer 'linear'\n"
        "      8 |         return fr.relu(self.linear(x))\n"
        "        |                        ^^^^^^^^^^^^^^"
    ),
    "model.py:Failing --seed 0 --input 3xf32 --calibration x.npz": (
        "KeyError: (3,)\n"
        "  --> model.py:19 in Failing.forward()\n"
        "     19 |         return {}[x.shape]\n"
        "        |                ^^^^^^^^^^^"
    ),
}


@pytest.mark.parametrize(("words", "text"), MISTAKES.items(), ids=MISTAKES)
def test_mistakes(run: Run, words: str, text: str) -> None:
    outcome = run("compile", *words.split(), "--quantize", "int8")
    assert outcome == (1, "", f"farrier: error: {text}\n")


# ------------------------------------------------------------------ batches


class Two(fr.Module):
    def forward(self, x: fr.Tensor, mask: fr.Tensor, *more: fr.Tensor) -> fr.Tensor:
        return x + mask


def read(folder: Path, types: Sequence[str], **arrays: Any) -> list[Any]:
    save(str(folder / "data.npz"), **arrays)
    return samples.read(Path("data.npz"), Two(), inputs.parse(types))


@pytest.mark.parametrize(
    ("type", "shape", "sizes"),
    [
        ("x=3xf32", (10, 3), [(3,)] * 10),
        ("x=1x3xf32", (10, 3), [(1, 3)] * 10),
        ("x=4x3xf32", (10, 3), [(4, 3)] * 2),  # two samples do not fill a batch
        ("x=4x3xf32", (2, 4, 3), [(4, 3)] * 2),
        ("x=(1,4,8)x3xf32", (10, 3), [(4, 3), (4, 3), (2, 3)]),
        ("x=(3,4,8)x3xf32", (10, 3), [(4, 3), (4, 3)]),
        ("x=(0,0,8)x3xf32", (2, 3), [(1, 3), (1, 3)]),
        ("x=batch(1,4,64)x(2,4,8)xf32", (10, 5), [(4, 5), (4, 5), (2, 5)]),
        ("x=f32", (3,), [(), (), ()]),
    ],
)
def test_batches_of_one_input(
    folder: Path, type: str, shape: tuple[int, ...], sizes: list[tuple[int, ...]]
) -> None:
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    batches = read(folder, [type], x=x, labels=np.arange(3))
    assert [tuple(batch) for batch in batches] == [("x",)] * len(sizes)
    parts = [batch["x"] for batch in batches]
    assert [part.shape for part in parts] == sizes
    whole = np.concatenate([part.reshape(-1) for part in parts])
    np.testing.assert_array_equal(whole, x.reshape(-1)[: whole.size])


def test_inputs_without_names_are_positional(folder: Path) -> None:
    x = np.ones((6, 2), np.float64)
    batches = read(
        folder, ["2x2xf32", "2x2xbf16", "2xi32"], x=x, mask=x * 2, more0=np.ones((3, 2), np.int64)
    )
    assert [len(batch) for batch in batches] == [3, 3, 3]
    dtypes = [part.dtype for part in batches[0]]
    assert dtypes == [np.dtype("f4"), fr.bfloat16.numpy, np.dtype("i4")]
    named = read(folder, ["2x2xf32", "mask=2x2xf32"], x=x, mask=x)
    assert [list(batch) for batch in named] == [["x", "mask"]] * 3


def test_an_input_that_is_a_size(folder: Path) -> None:
    batches = read(folder, ["x=1x2xf32", "mask=(1,4,8)"], x=np.ones((2, 2)), mask=np.array([3, 8]))
    assert [batch["mask"].tolist() for batch in batches] == [3, 8]
    assert all(isinstance(batch["mask"], fr.DimensionSize) for batch in batches)
    with pytest.raises(ArgumentError) as raised:
        read(folder, ["x=1x2xf32", "mask=(1,4,8)"], x=np.ones((2, 2)), mask=np.array([3, 9]))
    assert str(raised.value) == "data.npz: 'mask' has the size 9, but must be 1 to 8."


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        (
            {"x": np.ones((4, 2), np.float32), "mask": np.ones((3, 2), np.float32)},
            "data.npz has different numbers of batches: 4 of 'x', 3 of 'mask'.",
        ),
        (
            {"x": np.ones((4, 2), np.float32), "maks": np.ones((4, 2), np.float32)},
            "data.npz has no array 'mask', for that input; did you mean 'maks'?",
        ),
        (
            {"x": np.ones((4, 2), np.float32), "mask": np.ones((4, 2), np.bool_)},
            "data.npz: 'mask' holds bool, but --input mask=1x2xf32 takes float32.",
        ),
        (
            {"x": np.ones((4, 2), np.float32), "mask": np.full((4, 2), "a")},
            "data.npz: 'mask' holds <U1, but --input mask=1x2xf32 takes float32.",
        ),
    ],
)
def test_refused(folder: Path, arrays: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        read(folder, ["x=1x2xf32", "mask=1x2xf32"], **arrays)
    assert str(raised.value) == text


def test_integers_must_fit(folder: Path) -> None:
    assert read(folder, ["x=2xi8"], x=np.ones((1, 2), np.int64))[0]["x"].dtype == np.int8
    with pytest.raises(ArgumentError) as raised:
        read(folder, ["x=2xi8"], x=np.full((1, 2), 300))
    assert str(raised.value) == (
        "data.npz: 'x' cannot become --input x=2xi8: [[300, 300]] does not fit into int8."
    )
