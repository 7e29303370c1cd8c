"""`farrier run`, and the command as a process."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from support.command import Run


def test_run_prints_each_output(run: Run) -> None:
    status, output, errors = run("run", "parts.vmfb", "--input", "1,2,3,4,5,6.5", "--input", "n=-7")
    assert (status, errors) == (0, "")
    assert output == (
        "output0: float32 (2, 3)\n[[2, 4, 6],\n [8, 10, 13]]\n"
        "output1: bfloat16 (2, 3)\n[[1, 2, 3],\n [4, 5, 6.5]]\n"
        "output2: int32 ()\n-7\n"
    )


def test_run_reads_and_writes_files(run: Run, built: Path) -> None:
    x = np.random.default_rng(3).standard_normal((4, 16)).astype(np.float32)
    np.save(built / "x.npy", x)
    words = ["--input", "x=@x.npy", "--output", "y.npy", "--device", "cpu", "--threads", "1"]
    assert run("run", "net.vmfb", *words) == (0, "y.npy: output0 (4, 2)\n", "")
    assert np.array_equal(np.load("y.npy"), farrier_runtime.load("net.vmfb")(x))
    for plain in ("x.npy", "x=x.npy", str(built / "x.npy")):
        assert run("run", "net.vmfb", "--input", plain, *words[2:])[0] == 0


def test_run_writes_an_archive(run: Run) -> None:
    words = ["--input", "ones", "--input", "zeros", "--output", "y.npz"]
    output = "y.npz: output0 (2, 3), output1 (2, 3), output2 ()\n"
    assert run("run", "parts.vmfb", *words) == (0, output, "")
    with np.load("y.npz") as archive:
        assert {name: archive[name].dtype.name for name in archive} == {
            "output0": "float32",
            "output1": "float32",  # numpy cannot read bfloat16 back
            "output2": "int32",
        }
        assert np.array_equal(archive["output0"], np.full((2, 3), 2, np.float32))


def test_random_inputs_repeat(run: Run) -> None:
    first = run("run", "net.vmfb", "--input", "random")
    assert first[0] == 0
    assert run("run", "net.vmfb", "--input", "random") == first
    assert run("run", "net.vmfb", "--input", "random", "--seed", "1") != first


def test_a_size_for_a_function_with_fixed_sizes_is_refused(run: Run) -> None:
    outcome = run("run", "net.vmfb", "--input", "zeros", "--size", "batch=2")
    text = "--size batch=2: Net(x: float32[4, 16]) -> float32[4, 2] has fixed sizes only."
    assert outcome == (1, "", f"farrier: error: {text}\n")


def test_benchmark_prints_times(run: Run) -> None:
    status, output, errors = run("run", "net.vmfb", "--input", "zeros", "--benchmark", "5")
    assert (status, errors) == (0, "")
    time = r"[\d.]+ (us|ms|s)"
    line = (
        rf"Net on cpu:0: median {time}, fastest {time}, 90 % below {time}, [\d.e+]+ calls/s "
        r"\(5 calls\)\n"
    )
    assert re.fullmatch(line, output), output


BAD_RUNS = {
    "net.vmf --input zeros": "net.vmf: no such file; did you mean 'net.vmfb'?",
    ". --input zeros": ". is a directory.",
    "model.py --input zeros": "model.py: this is not a vmfb file",
    "cut.vmfb --input zeros": (
        "cut.vmfb: the file is truncated, or something was added to its end"
    ),
    "net.vmfb": (
        "Net(x: float32[4, 16]) -> float32[4, 2]: no --input for x: float32[4, 16]. Give "
        "NAME=@FILE.npy, NAME=random, NAME=zeros or numbers: NAME=1,2,3."
    ),
    "net.vmfb --input y=zeros": (
        "--input y=zeros: Net(x: float32[4, 16]) -> float32[4, 2] has no input 'y'; known are x"
    ),
    "net.vmfb --input zeros --input ones": (
        "--input ones: the inputs of Net(x: float32[4, 16]) -> float32[4, 2] are all given."
    ),
    "net.vmfb --input x=1,2": (
        "--input x=1,2: x: float32[4, 16] has 64 elements, but 2 numbers were given. Give one for "
        "each element, or one for all."
    ),
    "net.vmfb --input x=zero": (
        "--input x=zero: 'zero' is not of type float32. Give numbers between commas, @FILE.npy, "
        "random, zeros or ones."
    ),
    "parts.vmfb --input zeros --input n=1.5": (
        "--input n=1.5: '1.5' is not of type int32. Give numbers between commas, @FILE.npy, "
        "random, zeros or ones."
    ),
    "parts.vmfb --input zeros --input n=3000000000": (
        "--input n=3000000000: '3000000000' is not of type int32. Give numbers between commas, "
        "@FILE.npy, random, zeros or ones."
    ),
    "net.vmfb --input x=@data/a.npy": "data/a.npy: no such file.",
    "net.vmfb --input x=data/b.npy": "data/b.npy: no such file.",
    "net.vmfb --input x=@model.py": "model.py is not a .npy file of numbers, or is damaged.",
    "net.vmfb --input x=@several.npz": (
        "several.npz holds several arrays: save one with numpy.save."
    ),
    "net.vmfb --input x=@wrong.npy": (
        "Input 'x' of Net: expected float32[4, 16], but got float32[4, 3]"
    ),
    "net.vmfb --input zeros --function Nett": "No function is called 'Nett'; did you mean 'Net'?",
    "net.vmfb --input zeros --device gpux": (
        "'gpux' is not a device. Devices are cpu, cuda, metal, rocm, vulkan and gpu, with an index "
        "where there are several: cuda:1"
    ),
    "net.vmfb --input zeros --threads 0": (
        "threads=0 is not possible: give 1 or more, or leave it out"
    ),
    "parts.vmfb --input zeros --input zeros --output y.npy": (
        "--output y.npy: 3 outputs (output0, output1, output2) can be written to a .npz file."
    ),
    "net.vmfb --input zeros --output y.txt": (
        "--output y.txt: 1 output (output0) can be written to a .npy file."
    ),
    "net.vmfb --input zeros --output net.vmfb/y.npy": (
        "net.vmfb/y.npy cannot be written: net.vmfb is not a directory."
    ),
}


@pytest.mark.parametrize(("words", "text"), BAD_RUNS.items(), ids=BAD_RUNS)
def test_bad_runs_are_refused(run: Run, built: Path, words: str, text: str) -> None:
    data = (built / "net.vmfb").read_bytes()
    (built / "cut.vmfb").write_bytes(data[: len(data) // 2])
    np.savez(built / "several.npz", a=np.zeros(1), b=np.zeros(1))
    np.save(built / "wrong.npy", np.zeros((4, 3), np.float32))
    assert run("run", *words.split()) == (1, "", f"farrier: error: {text}\n")


def test_input_given_twice_is_wrong_usage(run: Run) -> None:
    outcome = run("run", "net.vmfb", "--input", "x=zeros", "--input", "x=ones")
    assert outcome == (2, "", "farrier: error: --input x=ones: 'x' is given twice.\n")


def test_a_device_that_is_not_in_the_artifact_is_refused(run: Run) -> None:
    cpu = farrier_runtime.load("net.vmfb").targets[0]
    text = (
        f"net.vmfb: there is no code for cuda:0: it was compiled for {cpu}. Compile with "
        "target='cuda' too"
    )
    outcome = run("run", "net.vmfb", "--input", "zeros", "--device", "cuda:0")
    assert outcome == (1, "", f"farrier: error: {text}\n")


def test_inspect_refuses_the_same_files(run: Run) -> None:
    for file in ("net.vmf", ".", "model.py", "cut.vmfb"):
        outcome = run("inspect", file)
        assert (outcome[0], outcome[1], outcome[2].count("\n")) == (1, "", 1)


def test_tool_and_command_are_the_same(built: Path) -> None:
    tool = Path(fr.__file__).parents[2] / "tools" / "compile.py"
    words = [f"{built}/model.py:parts", "--input", "2xf32", "--input", "n=2xf32", "--dump", "graph"]
    by_tool = _process(sys.executable, str(tool), *words)
    assert by_tool.returncode == 0, by_tool.stderr
    by_command = _process(sys.executable, "-m", "farrier.cli", "compile", *words)
    assert by_command.stdout == by_tool.stdout


def test_inspect_and_run_need_no_compiler(built: Path) -> None:
    program = (
        "import sys; sys.modules['iree.compiler'] = None\n"
        "from farrier.cli import main\n"
        "for words in (['--help'], ['targets'], ['inspect', 'net.vmfb'],\n"
        "              ['run', 'net.vmfb', '--input', 'zeros']):\n"
        "    assert main(words) == 0"
    )
    done = _process(sys.executable, "-c", program, folder=built)
    assert done.returncode == 0, done.stderr


def test_verbose_shows_the_traceback(built: Path) -> None:
    done = _process(
        sys.executable, "-m", "farrier.cli", "compile", "-v", "absent.py:f", folder=built
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert done.stderr.endswith("farrier: error: absent.py: no such file.\n")


def test_output_may_be_cut_off(built: Path) -> None:
    """As `farrier ... | head -1` does."""
    command = f"{sys.executable} -m farrier.cli targets | {sys.executable} -c 'input()'"
    shell = shutil.which("bash") or "sh"
    done = _process(shell, "-c", f"set -o pipefail; {command}", folder=built)
    assert done.stderr == ""


def _process(*words: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
