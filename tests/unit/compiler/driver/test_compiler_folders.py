"""The compiler process's folders, long names and deep programs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

import farrier_runtime
from farrier_compiler.driver import compile_graphs
from farrier_compiler.driver.compile import Job
from farrier_runtime.errors import CompileError
from support.compiler_process import (
    CPU,
    UNCACHED,
    X,
    assert_computes,
    compiled,
    refusal,
    wait_until,
)
from support.programs import (
    affine,
    apply,
    argument,
    expected_affine,
    function,
)

pytestmark = pytest.mark.usefixtures("temporary")


@pytest.mark.parametrize("name", ["a space", "it's", 'quo"te', "$HOME", "ümläut", "a;b&c"])
def test_temporary_folders_may_have_any_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(tempfile.gettempdir()) / name
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert_computes(compiled(affine("f")))
    wait_until(lambda: not os.listdir(folder))
    folder.rmdir()


def test_without_a_folder_for_temporary_files_compiling_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", None)
        patch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/no/such/folder"])
        assert str(refusal(affine("f"))) == (
            "Compiling needs a writable folder for temporary files, and there is none: set TMPDIR "
            "to one."
        )


def test_a_folder_for_temporary_files_that_is_gone_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = str(tmp_path / "gone")
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", gone)
        assert str(refusal(affine("f"))) == (
            f"The artifact cannot be written to {gone}: No such file or directory. Set TMPDIR to "
            "a writable folder."
        )
        with pytest.raises(CompileError) as raised:
            list(Job.prepare([affine("f")], CPU, UNCACHED).replies("stablehlo", weights=False))
        assert str(raised.value).startswith(
            f"The compiler cannot begin: [Errno 2] No such file or directory: '{gone}"
        )


def test_what_the_linker_writes_is_not_noise(capfd: pytest.CaptureFixture[str]) -> None:
    error = refusal(affine("f"), "--iree-llvmcpu-embedded-linker-path=/no/such/linker")
    assert str(error).startswith("IREE cannot compile the function f for cpu: its linker failed. ")
    assert "/no/such/linker" in "".join(error.__notes__)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["n" * 100, "n" * 240, "n" * 5000, "ä" * 99, "a/b", "../c"])
def test_functions_may_have_any_name(name: str) -> None:
    graph = function(name, apply("tanh", argument(3)))
    for artifact in (compiled(graph), compiled(graph, layout="compact")):
        loaded = farrier_runtime.load(artifact, function=name)
        np.testing.assert_allclose(loaded(np.ones(3, np.float32)), np.tanh(np.ones(3)), rtol=1e-5)


def test_functions_with_long_names_are_told_apart() -> None:
    graphs = [affine("n" * 300 + end, seed=seed) for seed, end in enumerate("abc")]
    artifact = compile_graphs(graphs, CPU, UNCACHED).to_bytes()
    for seed, graph in enumerate(graphs):
        result = farrier_runtime.load(artifact, function=graph.name)(X)
        np.testing.assert_allclose(result, expected_affine(X, seed=seed), rtol=0, atol=2e-5)


def test_deep_programs_compile() -> None:
    x = argument(3)
    value = x
    for _ in range(3000):
        value = apply("add", value, x)
    artifact = compiled(function("f", value), passes="")
    ones = np.ones(3, np.float32)
    np.testing.assert_array_equal(farrier_runtime.load(artifact)(ones), ones * 3001)
