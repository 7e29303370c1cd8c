"""The `farrier` command: accepted arguments, and one-line errors for all others."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from farrier.commands import targets
from farrier.commands.files import check_folder
from farrier.commands.inputs import types as inputs
from farrier.commands.inputs.types import InputType
from farrier_runtime import dtypes
from farrier_runtime.dimension import Dimension
from farrier_runtime.errors import ArgumentError
from support.command import Run

# ------------------------------------------------------------------ options for compiling

BAD_OPTIONS = {
    "model.py:double --input x=3,3": (
        "--input x=3,3: the form is [NAME=]SHAPExDTYPE, for example x=1x1x8x8xf32, or f32 for a "
        "scalar. A dynamic size is (MIN,OPT,MAX), or with a name: "
        "x=batch(1,4,64)x128xf32."
    ),
    "model.py:double --input x=max_lenx3xf32": (
        "--input x=max_lenx3xf32: the dimension 'max_len' has no bounds. Give them where it "
        "first occurs: max_len(MIN,OPT,MAX)."
    ),
    "model.py:double --input x=batch(1,4)x3xf32": (
        "--input x=batch(1,4)x3xf32: batch(1,4) is not a range of sizes: give three whole numbers, "
        "batch(MIN,OPT,MAX)."
    ),
    "model.py:double --input x=3x(1,four,8)xf32": (
        "--input x=3x(1,four,8)xf32: (1,four,8) is not a range of sizes: give three whole numbers, "
        "(MIN,OPT,MAX)."
    ),
    "model.py:double --input n=(8,4,1)": (
        "--input n=(8,4,1): Dimension '(8,4,1)' got min=8, opt=4 and max=1: they must be "
        "0 <= min <= opt <= max."
    ),
    "model.py:double --input x=3xf23": (
        "--input x=3xf23: there is no data type 'f23'; did you mean 'f32'? The data types are: "
        "f64, f32, f16, bf16, f8e4m3fn, f8e5m2, i64, i32, i16, i8, i4, u64, u32, u16, u8, bool."
    ),
    "model.py:Net --seed 1 --weights w.npz": (
        "Give one of --weights, --seed and --dummy-parameters."
    ),
    "model.py:double --dump hall": "--dump hall: there is no such stage; did you mean 'hal'?",
    "model.py:double --dump mlir": (
        "--dump mlir: there is no such stage; stages are graph, stablehlo, iree-input, input, abi, "
        "preprocessing, global-optimization, dispatch-creation, flow, stream, executable-sources, "
        "executable-configurations, executable-targets, hal, vm, ptx, asm, llvm, all."
    ),
    "net.graph --input x=3xf32": (
        "--input is for Python models; net.graph declares its inputs itself."
    ),
    "net.mlir --seed 1": "--seed is for Python models; net.mlir declares its inputs itself.",
    "net.mlir --passes canonicalize": "--passes is for graphs; net.mlir is StableHLO already.",
}


@pytest.mark.parametrize(("words", "text"), BAD_OPTIONS.items(), ids=BAD_OPTIONS)
def test_bad_option(run: Run, model: Path, words: str, text: str) -> None:
    (model / "net.graph").touch()
    (model / "net.mlir").touch()
    assert run("compile", *words.split()) == (2, "", f"farrier: error: {text}\n")


def test_a_folder_that_is_read_only(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere
    with pytest.raises(ArgumentError) as raised:
        check_folder(model / "net.vmfb")
    assert str(raised.value) == (
        f"{model}/net.vmfb cannot be written: the directory {model} is read-only."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f32", InputType("", (), dtypes.float32)),
        ("x=1x1x8x8xf32", InputType("x", (1, 1, 8, 8), dtypes.float32)),
        ("mask_2=0x10xbool", InputType("mask_2", (0, 10), dtypes.bool)),
        ("3xfloat16", InputType("", (3,), dtypes.float16)),
        ("3xf8e4m3fn", InputType("", (3,), dtypes.float8)),
    ],
)
def test_types_of_inputs(text: str, expected: InputType) -> None:
    assert InputType.parse(text) == expected


BATCH, LENGTH = Dimension("batch", 1, 4, 64), Dimension("max_len", 0, 2, 8)


@pytest.mark.parametrize(
    ("texts", "shapes"),
    [
        (["x=(1,4,64)x128xf32"], [((1, 4, 64), 128)]),
        (["2x(0, 4, 64)xf32"], [(2, (0, 4, 64))]),
        (["x=batch(1,4,64)x3xf32", "y=batchxf32"], [(BATCH, 3), (BATCH,)]),
        (["batch(1,4,64)xbatchxf32"], [(BATCH, BATCH)]),
        (
            ["max_len(0,2,8)xbatch(1,4,64)xf32", "max_lenx2xbatchxf32"],
            [(LENGTH, BATCH), (LENGTH, 2, BATCH)],
        ),
        (["batch(1,4,64)xf32", "batchxmax_len(0,2,8)xf32"], [(BATCH,), (BATCH, LENGTH)]),
        (["n=(0,2,8)", "y=nxf32"], [(), (Dimension("n", 0, 2, 8),)]),
    ],
)
def test_types_of_inputs_with_dynamic_dimensions_are_parsed(
    texts: list[str], shapes: list[tuple[object, ...]]
) -> None:
    types = inputs.parse(texts)
    assert [type.shape for type in types] == shapes
    assert inputs.parse([str(type) for type in types]) == types


def test_input_that_is_a_size() -> None:
    parsed = InputType.parse("n=(1,4,8)")
    assert parsed == InputType("n", (), dtypes.int32, value=(1, 4, 8))
    assert str(parsed.info) == "DimensionInputInfo((1, 4, 8))"


# ------------------------------------------------------------------ the model

BAD_MODELS = {
    "modle.py:Net": "modle.py: no such file; did you mean 'model.py'?",
    "elsewhere/net.py:Net": "elsewhere/net.py: no such file.",
    ".:Net": ". is a directory: MODEL is FILE.py:NAME, FILE.graph or FILE.mlir.",
    "net.vmfb": "net.vmfb is compiled already: see 'farrier run' and 'farrier inspect'.",
    "notes.txt": "notes.txt cannot be compiled: MODEL is FILE.py:NAME, FILE.graph or FILE.mlir.",
    "model.py": (
        "model.py: which one? Say model.py:NAME; it defines Net, Wide, Failing, double, wrong, "
        "raising, helper, leaving, counting, net."
    ),
    "empty.py": "empty.py: which one? Say empty.py:NAME; it defines no Module or function.",
    "model.py:Nett": "model.py has no 'Nett'; did you mean 'Net'?",
    "model.py:q": (
        "model.py has no 'q'; it defines Net, Wide, Failing, double, wrong, raising, helper, "
        "leaving, counting, net."
    ),
    "model.py:number": (
        "model.py:number is of type int. NAME must be a Module class, a Module or a function."
    ),
    "model.py:Plain": "model.py:Plain is a class, but not a Module: derive it from farrier.Module.",
    "model.py:Wide": (
        "model.py:Wide(width) cannot be made without arguments: missing a required argument: "
        "'width'. Name a Module instead: add a line such as 'net = Wide(...)' to the file, and "
        "compile model.py:net."
    ),
    "model.py:Failing": (
        "KeyError: 'weights'\n"
        "  --> model.py:16 in Failing.__init__()\n"
        '     16 |         self.table = {}["weights"]\n'
        "        |                      ^^^^^^^^^^^^^"
    ),
    "broken.py:f": ("SyntaxError: '(' was never closed\n  --> broken.py:2\n    2 | def f(x:"),
    "importing.py:f": (
        "ModuleNotFoundError: No module named 'missing_module'\n"
        "  --> importing.py:1 in <module>()\n"
        "      1 | import missing_module\n"
        "        | ^^^^^^^^^^^^^^^^^^^^^"
    ),
}


@pytest.mark.parametrize(("name", "text"), BAD_MODELS.items(), ids=BAD_MODELS)
def test_bad_model(run: Run, model: Path, name: str, text: str) -> None:
    (model / "net.vmfb").touch()
    (model / "notes.txt").touch()
    (model / "empty.py").touch()
    (model / "broken.py").write_text("\ndef f(x:")
    (model / "importing.py").write_text("import missing_module")
    assert run("compile", name) == (1, "", f"farrier: error: {text}\n")


OWN = """import farrier as fr

class Own(fr.Module):
    def __init__(self):
        self.scale = fr.Parameter((3,), fr.float32)

    def forward(self, x):
        return x * self.scale
"""

BAD_CALLS = {
    "model.py:double": (
        "The model takes x, but got no --input: missing a required argument: 'x'. Give each input "
        "its type, for example --input x=1x1x8x8xf32."
    ),
    "model.py:double --input 3xf32 --input 2xf32": (
        "The model takes x, but got --input 3xf32 --input 2xf32: too many positional arguments. "
        "Give each input its type, for example --input x=1x1x8x8xf32."
    ),
    "model.py:double --input y=3xf32": (
        "The model takes x, but got --input y=3xf32: missing a required argument: 'x'. Give each "
        "input its type, for example --input x=1x1x8x8xf32."
    ),
    "own.py:Own --input x=3xf32 --seed 0": (
        "own.py:Own has parameters without a value: scale. Give --weights FILE."
    ),
    "model.py:Net --input x=1x3xf32 --weights w.npz": "w.npz: no such file.",
    "model.py:double --seed 1": "model.py:double is a function, which has no parameters to set.",
    "model.py:Net --input x=1x3xf32 --weights partial.npz": (
        "The names do not fit the parameters of Net.\n"
        "Missing: linear.bias.\n"
        "Unknown: linear.biass (did you mean linear.bias?).\n"
        "With strict=False, the names that fit are loaded."
    ),
    "model.py:Net --input x=1x4xf32 --seed 0": (
        "Linear(3, 2) takes an input of shape (*, 3), but got float32 (1, 4).\n"
        "  --> model.py:8 in Net.forward(), layer 'linear'\n"
        "      8 |         return fr.relu(self.linear(x))\n"
        "        |                        ^^^^^^^^^^^^^^\n"
        "  x: float32 (1, 4), made here:\n"
        "  --> <command line>:1 in farrier()\n"
        "      1 | farrier compile model.py:Net --input x=1x4xf32 --seed 0\n"
        "        | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"
    ),
    "model.py:wrong --input x=3xf32": (
        "add cannot broadcast shapes (3,) and (4,): dimension -1 has sizes 3 and 4. Sizes must be "
        "equal, or one of them 1.\n"
        "  --> model.py:26 in wrong()\n"
        "     26 |     return x + y\n"
        "        |            ^^^^^\n"
        "  input: float32 (3,), made here:\n"
        "  --> <command line>:1 in farrier()\n"
        "      1 | farrier compile model.py:wrong --input x=3xf32\n"
        "        | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  other: float32 (4,), made here:\n"
        "  --> model.py:25 in wrong()\n"
        "     25 |     y = fr.ones((4,))\n"
        "        |         ^^^^^^^^^^^^^"
    ),
    "model.py:raising --input x=3xf32": (
        "IndexError: list index out of range\n"
        "  --> model.py:32 in helper()\n"
        "     32 |     return [x][1]\n"
        "        |            ^^^^^^"
    ),
    "model.py:double --input x=batch(1,4,64)xf32 --input y=batchx2xf32": (
        "The model takes x, but got --input x=batch(1,4,64)xf32 --input y=batch(1,4,64)x2xf32: got "
        "an unexpected keyword argument 'y'. Give each input its type, for example --input "
        "x=1x1x8x8xf32."
    ),
    "model.py:double --input x=side(1,4,8)xside(1,4,16)xf32": (
        "Dimension 'side' has the bounds (1, 4, 8) and also (1, 4, 16). One name means one size: "
        "give it the same bounds, or another name."
    ),
    "model.py:leaving --input x=3xf32": (
        "SystemExit: enough\n"
        "  --> model.py:35 in leaving()\n"
        '     35 |     raise SystemExit("enough")\n'
        "        |     ^^^^^^^^^^^^^^^^^^^^^^^^^^"
    ),
    "model.py:counting --input x=3xf32": (
        "A compiled function returns tensors, or lists, tuples and dicts of them, but this one "
        "returned a float: 0.5"
    ),
    "model.py:double --input x=3xf32 --target cdua": (
        "There is no target 'cdua'. Did you mean cuda? Targets are cpu, cuda, rocm, vulkan, metal, "
        "with a model after a colon: cpu:x86-64-v3, cuda:sm_80, rocm:gfx942, vulkan:rdna3. "
        "`farrier targets` lists all."
    ),
    "model.py:double --input x=3xf32 --passes canonicalise": (
        "Pipeline, line 1, column 1: there is no pass 'canonicalise'; "
        "did you mean 'canonicalize'?\n"
        "  canonicalise\n"
        "  ^"
    ),
    "model.py:double --input x=3xf32 --iree-flag O3": (
        "'O3' is not an IREE flag: flags begin with '--'."
    ),
    "model.py:double --input x=3xf32 --dump-to model.py": (
        "--dump-to model.py: this is a file, not a directory."
    ),
    "model.py:double --input x=3xf32 -o .": ". is a directory: name a file to write.",
    "model.py:double --input x=3xf32 -o model.py/deep/net.vmfb": (
        "model.py/deep/net.vmfb cannot be written: model.py is not a directory."
    ),
}


@pytest.mark.parametrize(("words", "text"), BAD_CALLS.items(), ids=BAD_CALLS)
def test_bad_call(run: Run, model: Path, words: str, text: str) -> None:
    weights = {"linear.weight": np.ones((2, 3)), "linear.biass": np.ones(2)}
    (model / "own.py").write_text(OWN)
    np.savez(model / "partial.npz", **weights)  # pyright: ignore[reportArgumentType]
    outcome = run("compile", *words.split())
    assert outcome == (1, "", f"farrier: error: {text}\n")


def test_graph_of_dynamic_dimensions(run: Run) -> None:
    words = ("--input", "x=batch(1,4,64)x3xf32", "--target", "cpu", "--dump", "graph")
    status, output, errors = run("compile", "model.py:double", *words)
    assert (status, errors) == (0, "")
    assert output.partition("\n")[0] == (
        "graph @double[batch in (1, 4, 64)](%x: f32[batch,3]) -> f32[batch,3] {"
    )


def test_unset_parameters_become_random_with_a_warning(run: Run, model: Path) -> None:
    code, out, err = run("compile", "model.py:Net", "--input", "x=1x3xf32", "--dump", "graph")
    assert (code, "constant @linear.weight" in out) == (0, True)
    assert err == (
        "farrier: warning: model.py:Net has parameters without a value; random ones are used. "
        "Give --weights FILE for trained ones.\n"
    )


def test_a_bug_in_farrier_is_reported_as_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(options: object) -> int:
        raise RuntimeError("unexpected")

    monkeypatch.setattr(targets, "run", fail)
    text = "RuntimeError: unexpected\nThis is a bug in Farrier: please report it.\n"
    assert run("targets") == (1, "", f"farrier: error: {text}The option -v shows more.\n")


def test_interrupt(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(targets, "run", stop)
    assert run("targets") == (130, "", "")


# ------------------------------------------------------------------ odd files


@pytest.mark.parametrize(
    "words",
    [
        *("compile pipe.py:f", "compile pipe.graph", "compile pipe.mlir", "run pipe.vmfb"),
        *("inspect pipe.vmfb", "compile model.py:Net --weights pipe.npz"),
        "compile model.py:Net --input 1x3xf32 --quantize int8 --calibration pipe.npz --seed 0",
    ],
)
def test_pipes_and_devices_are_refused(run: Run, model: Path, words: str) -> None:
    name = next(word for word in words.split() if "pipe" in word).partition(":")[0]
    os.mkfifo(model / name)
    text = f"farrier: error: {name} is a pipe or a device: name a file to read.\n"
    assert run(*words.split()) == (1, "", text)
    (model / name).unlink()
    (model / name).symlink_to("/dev/zero")
    assert run(*words.split()) == (1, "", text)


def test_a_broken_link_is_a_missing_file(run: Run, model: Path) -> None:
    (model / "network.vmfb").symlink_to("gone")
    assert run("inspect", "network.vmfb") == (
        *(1, ""),
        "farrier: error: network.vmfb: no such file.\n",
    )


def test_a_model_may_be_a_link_to_a_file_without_a_suffix(run: Run, model: Path) -> None:
    (model / "model.py").rename(model / "0f1e")
    (model / "model.py").symlink_to("0f1e")
    status, output, errors = run("compile", "model.py:double", "--input", "3xf32", "--dump=graph")
    assert (status, output[:13], errors) == (0, "graph @double", "")


def test_names_that_are_not_text_are_escaped(run: Run) -> None:
    assert run("run", "net\udcff.vmfb") == (
        *(1, ""),
        "farrier: error: net\\udcff.vmfb: no such file.\n",
    )


def test_names_that_the_terminal_lacks_are_escaped(
    run: Run, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (model / "größe.py").write_text((model / "model.py").read_text())
    output = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", output)
    words = ("--input", "größe(1,2,3)xf32", "--dump", "graph")
    assert run("compile", "größe.py:double", *words) == (0, "", "")
    output.seek(0)
    assert output.readline().startswith("graph @double[")


def test_the_command_works_without_standard_output(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command is run as after `>&-` in a shell."""
    monkeypatch.setattr(sys, "stdout", None)
    assert run("inspect", "net.vmfb") == (1, "", "farrier: error: net.vmfb: no such file.\n")
