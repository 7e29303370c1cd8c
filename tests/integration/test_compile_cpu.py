"""Compiled graphs on this machine's CPU: layouts, weights, flags and several functions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier_runtime
from farrier_compiler.driver import Compiled, Options, compile_graphs, compile_module
from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import Graph
from farrier_compiler.ops.elementwise import Cast
from farrier_runtime import dtypes
from farrier_runtime.errors import ArgumentError
from farrier_runtime.manifest import Function
from support.programs import affine, apply, argument, expected_affine, function, random, weight

CPU = [Target("cpu")]
X = random(4, 32, seed=5)


def assert_computes(path: Any, seed: int = 0, name: str | None = None) -> None:
    """Compare with float64: a product of 32 terms and tanh, whose slope is at most 1."""
    result = farrier_runtime.load(path, function=name)(X)
    np.testing.assert_allclose(result, expected_affine(X, seed=seed), rtol=0, atol=2e-5)


@pytest.mark.parametrize(
    "options",
    [
        Options(cache=False),
        Options(cache=False, layout="compact"),
        Options(cache=False, optimization_level=0),
        Options(cache=False, passes=""),
        Options(cache=False, flags=("--iree-llvmcpu-distribution-size=16",)),
    ],
    ids=["default", "compact", "unoptimized", "no passes", "flag of the process"],
)
def test_a_graph_computes_the_same_whatever_the_options(options: Options) -> None:
    assert_computes(compile_graphs([affine("f")], CPU, options).to_bytes())


def test_several_functions_share_an_artifact() -> None:
    graphs = [affine("first"), affine("second", seed=7)]
    artifact = compile_graphs(graphs, CPU, Options(cache=False)).to_bytes()
    assert_computes(artifact)
    assert_computes(artifact, name="first")
    assert_computes(artifact, seed=7, name="second")


def test_float64_stays_float64() -> None:
    graph = function("f", apply("exp", argument(3, dtype=dtypes.float64)))
    x = np.array([0.1, 1.0, -2.0])
    result = farrier_runtime.load(compile_graphs([graph], CPU, Options(cache=False)).to_bytes())(x)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, np.exp(x), rtol=1e-14)


def test_a_graph_without_nodes_compiles() -> None:
    x = argument(2, 3)
    graph = function("same", x, weight(random(2, 3), "w"), apply("tanh", x))
    first, second, _ = farrier_runtime.load(
        compile_graphs([graph], CPU, Options(cache=False)).to_bytes()
    )(random(2, 3, seed=9))
    np.testing.assert_array_equal(first, random(2, 3, seed=9))
    np.testing.assert_array_equal(second, random(2, 3))


ASSERTION = """
func.func @f(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?xf32>
  %n = tensor.dim %y, %c0 : tensor<?xf32>
  %same = arith.cmpi eq, %m, %n : index
  cf.assert %same, "sizes differ"
  %0 = stablehlo.add %x, %y : tensor<?xf32>
  return %0 : tensor<?xf32>
}
"""


F = Function("f", (), (), {"tuple": []})


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_assertions_are_kept_at_every_level(level: int) -> None:
    options = Options(optimization_level=level)
    compiled = compile_module("f.mlir", ASSERTION.encode(), [F], CPU, options)
    assert b"sizes differ" in bytes(compiled.vmfb)


# ---------------------------------------------------------------------- weights outside


def external(tmp_path: Path, graphs: list[Graph]) -> tuple[Compiled, Path]:
    compiled = compile_graphs(graphs, CPU, Options(cache=False, weights="external"))
    return compiled, compiled.save(tmp_path / "net.vmfb")


def test_external_weights_lie_beside_the_artifact(tmp_path: Path) -> None:
    compiled, path = external(tmp_path, [affine("f")])
    assert sorted(os.listdir(tmp_path)) == ["net.vmfb", "net.weights.safetensors"]
    assert list(compiled.weights) == ["layer.weight", "layer.bias"]
    assert path.stat().st_size < 32 * 32 * 4 + 20_000
    assert_computes(path)


def test_external_weights_can_be_exchanged(tmp_path: Path) -> None:
    _, path = external(tmp_path, [affine("f")])
    other = tmp_path / "other"
    other.mkdir()
    compiled, _ = external(other, [affine("f", seed=3)])
    (other / "net.weights.safetensors").rename(tmp_path / "net.weights.safetensors")
    result = farrier_runtime.load(path, exchange_weights=True)(X)
    w, b = (compiled.weights[f"layer.{name}"].astype(np.float64) for name in ("weight", "bias"))
    np.testing.assert_allclose(result, np.tanh(X.astype(np.float64) @ w + b), rtol=0, atol=2e-5)


def test_external_weights_of_two_functions_have_names_of_their_own(tmp_path: Path) -> None:
    compiled, path = external(tmp_path, [affine("first"), affine("second", seed=7)])
    names = ["layer.weight", "layer.bias"]
    assert list(compiled.weights) == [*names, *(f"second.{name}" for name in names)]
    assert_computes(path, name="first")
    assert_computes(path, seed=7, name="second")


@pytest.mark.parametrize(
    "dtype",
    [
        dtypes.float64,
        dtypes.float16,
        dtypes.bfloat16,
        dtypes.float8,
        dtypes.int64,
        dtypes.int8,
        dtypes.uint64,
        dtypes.uint32,
        dtypes.uint8,
        dtypes.bool,
        dtypes.int4,
    ],
    ids=str,
)
def test_external_weights_may_have_every_type(dtype: dtypes.dtype, tmp_path: Path) -> None:
    data = (np.arange(60 * 60).reshape(60, 60) % 15 - 7).astype(dtype.numpy)
    if dtype.is_unsigned:
        data = np.abs(np.arange(60 * 60).reshape(60, 60) % 250).astype(dtype.numpy)
    chosen = apply("where", argument(dtype=dtypes.bool), *pair(data))
    if dtype is dtypes.int4:  # stored two to a byte, and not allowed as an output
        chosen, data = apply(Cast(dtypes.int8), chosen), data.astype(np.int8)
    options = Options(cache=False, weights="external", passes="")
    compiled = compile_graphs([function("f", chosen)], CPU, options)
    path = compiled.save(tmp_path / "net.vmfb")
    assert bool(compiled.weights) == (dtype is not dtypes.bool)
    executable = farrier_runtime.load(path)
    np.testing.assert_array_equal(np.asarray(executable(np.array(True))), data)
    np.testing.assert_array_equal(np.asarray(executable(np.array(False))), data[::-1])


def pair(data: Any) -> tuple[Any, Any]:
    return weight(data, "a"), weight(data[::-1].copy(), "b")


# ---------------------------------------------------------------------- cache

COLD = """
import sys
import farrier_runtime
from farrier_compiler.driver import compile_graphs, compiler_process
from farrier_compiler.driver.targets import Target
sys.path.insert(0, sys.argv[1])
from support.programs import affine
compiled = compile_graphs([affine("f")], [Target("cpu")])
print(len(compiled.vmfb), compiler_process._process._server is not None)
"""


def test_a_second_process_needs_no_compiler(tmp_path: Path) -> None:
    environment = {**os.environ, "FARRIER_CACHE": str(tmp_path)}
    tests = str(Path(__file__).parents[1])

    def run() -> list[str]:
        child = subprocess.run(
            [sys.executable, "-c", COLD, tests],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return child.stdout.split()

    first, second = run(), run()
    assert first == [second[0], "True"]
    assert second[1] == "False"


def test_whatever_changes_a_program_changes_its_cache_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARRIER_CACHE", str(tmp_path))
    compile_graphs([affine("f")], CPU)
    compile_graphs([affine("f")], CPU)
    assert len(os.listdir(tmp_path)) == 1
    compile_graphs([affine("f")], CPU, Options(layout="compact"))
    compile_graphs([affine("f")], CPU, Options(weights="external"))
    compile_graphs([affine("f")], CPU, results=[{"list": [0]}])
    compile_graphs([affine("f", seed=3)], CPU)
    compile_graphs([affine("f")], [Target.parse("cpu:x86-64-v3")])
    assert len(os.listdir(tmp_path)) == 6
    compile_graphs([affine("f")], CPU, Options(cache=False, optimization_level=1))
    assert len(os.listdir(tmp_path)) == 6


def test_a_cached_program_with_external_weights_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARRIER_CACHE", str(tmp_path / "cache"))
    options = Options(weights="external")
    for _ in range(2):
        path = compile_graphs([affine("f")], CPU, options).save(tmp_path / "net.vmfb")
        assert_computes(path)


def test_refused_programs_are_not_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARRIER_CACHE", str(tmp_path))
    with pytest.raises(ArgumentError):
        compile_graphs([affine("f")], CPU, Options(flags=("--no-such-flag",)))
    assert os.listdir(tmp_path) == []
