"""The compiler in a child process: results, refusals, crashes, time-outs, and no files left."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import farrier_runtime
from farrier_compiler.driver import Compiled, Options, compile_graphs, worker
from farrier_compiler.driver.targets import Target, flags_for
from farrier_compiler.driver.worker import compile_in_worker, phases_in_worker
from farrier_compiler.graph import Graph
from farrier_compiler.iree_input import IreeBuilder
from farrier_compiler.lower import lower
from farrier_compiler.mlir import CompilationFailed
from farrier_runtime.errors import ArgumentError, CompileError
from support.programs import (
    Cholesky,
    EmptyDot,
    affine,
    apply,
    argument,
    expected_affine,
    function,
    random,
)

CPU = flags_for([Target("cpu")])


def bytecode(graph: Graph) -> bytes:
    return lower([graph], IreeBuilder).bytecode()


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test runs in an empty temporary directory and must leave it empty."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert os.listdir(tmp_path) == []


def test_the_worker_compiles_as_this_process_does() -> None:
    graph = affine("f")
    vmfb = compile_in_worker(bytecode(graph), CPU)
    here = compile_graphs([graph], [Target("cpu")], Options(cache=False))
    x = random(4, 32, seed=5)
    found = farrier_runtime.load(Compiled(vmfb, here.manifest).to_bytes())(x)
    np.testing.assert_allclose(found, expected_affine(x), rtol=2e-6, atol=2e-6)


def test_flags_of_the_process_reach_the_compiler() -> None:
    # Micro-tiles of 4 rows: the dispatch is spread over more workgroups.
    flag = "--iree-llvmcpu-distribution-size=4"
    with_flag = compile_in_worker(bytecode(affine("f", 256)), (*CPU, flag))
    without = compile_in_worker(bytecode(affine("f", 256)), CPU)
    assert with_flag != without


def test_phases_come_back_as_text() -> None:
    found = dict(phases_in_worker(bytecode(affine("f")), CPU, "flow"))
    assert "flow.dispatch" in found["flow"]
    assert list(found)[-1] == "flow"


def test_a_refusal_comes_back_with_its_place() -> None:
    graph = function("f", apply(Cholesky(), argument(3, 3)))
    with pytest.raises(CompilationFailed) as raised:
        compile_in_worker(bytecode(graph), CPU)
    line = graph.nodes[0].location
    assert line is not None
    assert raised.value.errors[0].startswith(
        f"{__file__}:{line.line}:1: failed to legalize operation 'stablehlo.cholesky' "
    )


def test_a_crash_is_an_error_that_names_the_signal() -> None:
    graph = function("f", apply(EmptyDot(), argument(4, 0)))
    with pytest.raises(CompileError) as raised:
        compile_in_worker(bytecode(graph), Target("cpu").flags())  # not with data tiling
    assert str(raised.value) == (
        "IREE's compiler was killed by SIGFPE (Floating point exception): a bug in it, which this "
        "program or these flags reach. Leave out parts of the program to find the one that does, "
        "or compile without the flags."
    )


def test_an_abort_says_what_the_compiler_said() -> None:
    flags = (*Target("cpu").flags()[:2], "--iree-llvmcpu-target-cpu=nonsense")
    with pytest.raises(CompileError) as raised:
        compile_in_worker(bytecode(affine("f")), flags)
    assert str(raised.value) == (
        "IREE's compiler ended with exit code 1: a bug in it, which this program or these flags "
        "reach. It said: 64-bit code requested on a subtarget that doesn't support it. Leave out "
        "parts of the program to find the one that does, or compile without the flags."
    )
    assert "List of accepted CPUs" in "".join(raised.value.__notes__)


def test_a_compiler_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(CompileError) as raised:
        compile_in_worker(bytecode(affine("f")), CPU, timeout=0.01)
    assert str(raised.value) == (
        "IREE's compiler was stopped after 0.01 s. Compile a smaller program, or with a lower "
        "optimization_level."
    )


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--no-such-flag", "Unknown command line argument '--no-such-flag'."),
        (
            "--iree-llvmcpu-distribution-size=many",
            "for the --iree-llvmcpu-distribution-size option: 'many' value invalid for integer "
            "argument!",
        ),
        ("--iree-opt-level=O9", "no session flag has that name or value."),
    ],
)
def test_flags_that_do_not_exist_are_refused(flag: str, reason: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        compile_in_worker(bytecode(affine("f")), (*CPU, flag))
    assert str(raised.value) == f"IREE's compiler does not take the flag '{flag}': {reason}"


def test_a_child_that_ends_otherwise_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.sys, "executable", "/bin/false")
    with pytest.raises(CompileError) as raised:
        compile_in_worker(b"", CPU)
    assert str(raised.value) == (
        "IREE's compiler ended with exit code 1: a bug in it, which this program or these flags "
        "reach. Leave out parts of the program to find the one that does, or compile without the "
        "flags."
    )
