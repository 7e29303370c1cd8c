"""The `farrier` command on artifacts: `compile`, `inspect`, `run`, and their errors."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import farrier_runtime
from farrier_compiler.mlir.text import PHASES
from support.command import Run
from support.tolerances import assert_close

GRAPH = """\
graph @scale(%x: f32[2,3]) -> f32[2,3] {
  constant @factor: f32[300,3]
  %0: f32[2,3] = multiply(%x, 2.5: f32)
  return %0
}
"""

STABLEHLO = """\
func.func @main(%x: tensor<2x3xf32> {iree.abi.name = "x"}, %n: tensor<ui8>, %b: tensor<i1>)
    -> (tensor<2x3xf32>, tensor<ui8>, tensor<i1>) {
  %0 = stablehlo.add %x, %x : tensor<2x3xf32>
  return %0, %n, %b : tensor<2x3xf32>, tensor<ui8>, tensor<i1>
}
"""


# ------------------------------------------------------------------ compile


def test_compile_writes_one_line(run: Run, built: Path) -> None:
    outcome = run(
        "compile", "model.py:parts", "--input", "2xf32", "--input", "n=i8", "-o", "p.vmfb"
    )
    assert (outcome[0], outcome[2]) == (0, "")
    line = r"p\.vmfb: \d+\.\d kB for cpu:[\w-]+, compiled in [\d.]+ m?s\n"
    assert re.fullmatch(line, outcome[1]), outcome[1]
    (built / "p.vmfb").unlink()


def test_missing_folders_are_created(run: Run, tmp_path: Path) -> None:
    words = ("--input", "2xf32", "--target", "cpu", "-o", str(tmp_path / "new" / "deep" / "p.vmfb"))
    folder = tmp_path / "dumps" / "deep"
    dumped = ("--dump", "graph", "--dump-to", str(folder))
    assert run("compile", "model.py:parts", "--input", "n=i8", *words, *dumped)[0] == 0
    assert (
        farrier_runtime.load(tmp_path / "new" / "deep" / "p.vmfb")
        .save(tmp_path / "copies" / "p.vmfb")
        .is_file()
    )
    assert [file.name for file in folder.iterdir()] == ["00-graph.graph"]


def test_artifact_without_a_name_is_called_after_the_function(run: Run, built: Path) -> None:
    words = ["--input", "2xf32", "--input", "2xf32", "--function-name", "both", "--target", "cpu"]
    status, output, _ = run("compile", "model.py:parts", *words)
    assert (status, output.partition(":")[0]) == (0, "both.vmfb")
    assert farrier_runtime.load(built / "both.vmfb").functions == ("both",)
    (built / "both.vmfb").unlink()


def test_weights_are_read_from_a_file(run: Run, built: Path) -> None:
    generator = np.random.default_rng(0)
    weights = {
        name: generator.standard_normal(shape).astype(np.float32)
        for name, shape in {
            "first.weight": (32, 16),
            "first.bias": (32,),
            "second.weight": (2, 32),
            "second.bias": (2,),
        }.items()
    }
    np.savez(built / "w.npz", **weights)  # pyright: ignore[reportArgumentType]
    words = ["--input", "x=4x16xf32", "--target", "cpu", "--weights", "w.npz"]
    assert run("compile", "model.py:Net", *words, "-o", "w.vmfb")[0] == 0
    assert run("compile", "model.py:Net", *words, "-o", "o.vmfb", "--weights-external")[0] == 0
    x = generator.standard_normal((4, 16)).astype(np.float32)
    first = x.astype(np.float64) @ weights["first.weight"].T + weights["first.bias"]
    expected = np.maximum(first, 0) @ weights["second.weight"].T + weights["second.bias"]
    assert_close(farrier_runtime.load("w.vmfb")(x), expected, scale=8)
    assert_close(farrier_runtime.load("o.vmfb")(x), expected, scale=8)
    assert "in o.weights.safetensors beside it" in run("inspect", "o.vmfb")[1]


def test_a_graph_file_compiles(run: Run, built: Path) -> None:
    (built / "scale.graph").write_text(GRAPH.replace("  constant @factor: f32[300,3]\n", ""))
    assert run("compile", "scale.graph", "--target", "cpu")[0] == 0
    x = np.random.default_rng(1).standard_normal((2, 3)).astype(np.float32)
    assert_close(farrier_runtime.load("scale.vmfb")(x), x * np.float64(2.5))


def test_dumped_graph_compiles_again(run: Run, built: Path) -> None:
    """What --dump graph prints, and weights by the names it gives them, make the same program."""
    words = ["--input", "2xf32", "--input", "n=2xf32", "--target", "cpu"]
    graph = run("compile", "model.py:parts", *words, "--dump", "graph")[1]
    (built / "again.graph").write_text(graph)
    assert run("compile", "again.graph", "--target", "cpu", "--dump", "graph")[1] == re.sub(
        r"   # .*", "", graph
    )


def test_a_stablehlo_file_compiles(run: Run, built: Path) -> None:
    (built / "add.mlir").write_text(STABLEHLO)
    status, _, errors = run("compile", "add.mlir", "--target", "cpu")
    assert (status, errors) == (0, "")
    net = farrier_runtime.load("add.vmfb")
    assert [str(spec) for spec in (*net.inputs, *net.outputs)] == [
        "x: float32[2, 3]",
        "input1: uint8[]",
        "input2: bool[]",
        "output0: float32[2, 3]",
        "output1: uint8[]",
        "output2: bool[]",
    ]
    x = np.random.default_rng(2).standard_normal((2, 3)).astype(np.float32)
    doubled, number, flag = net(x, np.uint8(200), np.bool_(True))
    assert_close(doubled, x * np.float64(2))
    assert (number, flag) == (200, True)


REFUSED = {
    "bad.mlir": (
        "func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> { return %y : tensor<2xf32> }",
        "IREE cannot compile bad.mlir: line 1, column 59: use of undeclared SSA value name.\n"
        "The option -v shows more.",
    ),
    "empty.mlir": ("", "empty.mlir is empty."),
    "torch.mlir": (
        "func.func @f(%x: !torch.vtensor<[2],f32>) -> !torch.vtensor<[2],f32> "
        "{ return %x : !torch.vtensor<[2],f32> }",
        "torch.mlir exports no synchronous function: make one public, on tensors of MLIR's own "
        "types. Functions of the torch dialect are asynchronous: convert them first.",
    ),
    "dynamic.mlir": (
        "func.func @f(%x: tensor<?xf32>) -> tensor<?xf32> { return %x : tensor<?xf32> }",
        "dynamic.mlir: %input0: tensor<?xf32> cannot be passed: inputs and outputs are tensors of "
        "fixed sizes and of Farrier's data types.",
    ),
    "unset.graph": (
        GRAPH,
        "unset.graph names constants without elements: factor. Give --weights FILE.",
    ),
    "bad.graph": (
        GRAPH.replace("multiply", "multiplie"),
        "bad.graph: Graph text, line 3, column 18: there is no op 'multiplie'; "
        "did you mean 'multiply'?\n"
        "    %0: f32[2,3] = multiplie(%x, 2.5: f32)\n"
        "                   ^",
    ),
    "binary.graph": (
        "\udcff",
        "binary.graph is not a text file: 'utf-8' codec can't decode byte 0xff in position 0: "
        "invalid start byte.",
    ),
}


@pytest.mark.parametrize("file", REFUSED)
def test_bad_files_are_refused(run: Run, built: Path, file: str) -> None:
    source, text = REFUSED[file]
    (built / file).write_bytes(source.encode(errors="surrogateescape"))
    assert run("compile", file, "--target", "cpu") == (1, "", f"farrier: error: {text}\n")
    assert not (built / file).with_suffix(".vmfb").exists()


def test_a_stablehlo_file_has_only_dumps_of_irees_phases(run: Run, built: Path) -> None:
    (built / "add.mlir").write_text(STABLEHLO)
    outcome = run("compile", "add.mlir", "--target", "cpu", "--dump", "iree-input")
    text = (
        "--dump iree-input: add.mlir is StableHLO already, which has only IREE's phases: "
        f"{', '.join(PHASES)}."
    )
    assert outcome == (1, "", f"farrier: error: {text}\n")


def test_unwritable_output_leaves_nothing(run: Run, built: Path) -> None:
    (built / "taken.vmfb").mkdir()
    outcome = run(
        "compile", "model.py:Net", "--input", "x=4x16xf32", "--seed", "1", "-o", "taken.vmfb"
    )
    text = "taken.vmfb is a directory: name a file to write."
    assert outcome == (1, "", f"farrier: error: {text}\n")
    assert list((built / "taken.vmfb").iterdir()) == []
    (built / "taken.vmfb").rmdir()


# ------------------------------------------------------------------ inspect


def test_inspect_json_is_the_manifest(run: Run) -> None:
    status, output, errors = run("inspect", "net.vmfb", "--json")
    assert (status, errors) == (0, "")
    manifest = json.loads(output)
    assert manifest["functions"][0]["inputs"] == [
        {"name": "x", "dtype": "float32", "shape": [4, 16]}
    ]


def test_inspect_prints_the_graph(run: Run) -> None:
    status, output, _ = run("inspect", "net.vmfb", "--graph")
    assert (status, output.partition("\n")[0]) == (0, "graph @Net(%x: f32[4,16]) -> f32[4,2] {")
