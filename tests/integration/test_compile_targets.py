"""Programs for each kind of target, and for several targets at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import farrier_runtime
from farrier_compiler.driver import Options, compile_graphs, compile_module, dump
from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import Graph
from farrier_runtime import dtypes
from farrier_runtime.cpu_features import host_architecture
from farrier_runtime.dtypes import dtype
from farrier_runtime.manifest import Function
from support.programs import affine, argument, expected_affine, function, product, random

UNCACHED = Options(cache=False)


def contraction(dtype: dtype) -> Graph:
    """Return a matrix product that tensor cores can compute."""
    x, y = (argument(128, 128, name=name, dtype=dtype) for name in "xy")
    return function("f", product(x, y))


@pytest.mark.parametrize(
    "text",
    [
        "cpu:x86-64",
        "cpu:x86-64-v4",
        "cpu:znver4",
        "cpu:aarch64",
        "cpu:neoverse-v1",
        "cpu:apple-m1",
        "cpu:sifive-x280",
        "rocm:gfx942",
        "rocm:gfx1100",
        "vulkan",
        "vulkan:rdna3",
        "metal",
    ],
)
def test_targets_compile(text: str) -> None:
    compiled = compile_graphs([affine("f")], [Target.parse(text)], UNCACHED)
    assert compiled.manifest.targets == (text,)
    assert (compiled.manifest.cpu is not None) == text.startswith("cpu")


@pytest.mark.parametrize("sm", ["60", "70", "75", "80", "86", "89", "90", "90a", "100", "120"])
def test_half_precision_compiles_for_every_cuda_architecture(sm: str) -> None:
    # With its own table of matrix instructions, IREE 3.13 aborts for sm_70 and sm_75.
    target = Target.parse(f"cuda:sm_{sm}")
    (text,) = dump([contraction(dtypes.float16)], [target], UNCACHED, "ptx").values()
    assert f".target sm_{sm}" in text
    assert ("mma.sync.aligned.m16n8k16" in text) == (int(sm.rstrip("a")) >= 80)


FLOAT8 = """
func.func @f(%x: tensor<128x128xf8E4M3FN>, %y: tensor<128x128xf8E4M3FN>) -> tensor<128x128xf32> {
  %0 = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0]
    : (tensor<128x128xf8E4M3FN>, tensor<128x128xf8E4M3FN>) -> tensor<128x128xf32>
  return %0 : tensor<128x128xf32>
}
"""


@pytest.mark.parametrize("sm", ["89", "90", "100", "120"])
def test_float8_uses_tensor_cores_where_there_are_any(sm: str, tmp_path: Path) -> None:
    options = Options(flags=(f"--iree-hal-dump-executable-files-to={tmp_path}",))
    signature = Function("f", (), (), {"tuple": []})
    compile_module("f.mlir", FLOAT8.encode(), [signature], [Target.parse(f"cuda:sm_{sm}")], options)
    (file,) = tmp_path.glob("*.ptx")
    text = file.read_text()
    assert f".target sm_{sm}" in text
    assert "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32" in text


def test_portable_cuda_is_ptx_for_ampere() -> None:
    (text,) = dump([contraction(dtypes.float16)], [Target("cuda")], UNCACHED, "ptx").values()
    assert ".version 7.6" in text
    assert ".target sm_80" in text


@pytest.mark.parametrize("gpu", ["cuda:sm_90", "vulkan:ada", "metal", "rocm:gfx1100"])
def test_one_artifact_holds_programs_for_a_gpu_and_a_cpu(gpu: str) -> None:
    targets = [Target.parse(gpu), Target("cpu")]
    compiled = compile_graphs([affine("f")], targets, UNCACHED)
    assert compiled.manifest.targets[0] == gpu
    assert compiled.manifest.cpu is not None
    x = random(4, 32, seed=5)
    result = farrier_runtime.load(compiled.to_bytes(), device="cpu")(x)
    np.testing.assert_allclose(result, expected_affine(x), rtol=0, atol=2e-5)


@pytest.mark.parametrize("order", [("cpu", "cuda:sm_80"), ("cuda:sm_80", "cpu")])
def test_one_artifact_holds_all_kernels_of_each_kind(order: tuple[str, str]) -> None:
    x = argument(16, 16, name="x", dtype=dtypes.float32)
    twice = function("f", product(product(x, x), x))
    compiled = compile_graphs([twice], [Target.parse(text) for text in order], UNCACHED)
    values = random(16, 16, seed=6)
    result = farrier_runtime.load(compiled.to_bytes(), device="cpu")(values)
    wide = values.astype(np.float64)
    np.testing.assert_allclose(result, wide @ wide @ wide, rtol=0, atol=2e-4)


def test_code_for_any_cpu_of_this_architecture_runs_here() -> None:
    name = {"x86_64": "x86-64", "aarch64": "aarch64"}[host_architecture()]
    compiled = compile_graphs([affine("f")], [Target("cpu", name)], UNCACHED)
    x = random(4, 32, seed=5)
    result = farrier_runtime.load(compiled.to_bytes())(x)
    np.testing.assert_allclose(result, expected_affine(x), rtol=0, atol=2e-5)


def test_assembly_is_for_the_target() -> None:
    (text,) = dump([affine("f")], [Target.parse("cpu:neoverse-v1")], UNCACHED, "asm").values()
    assert "fmla" in text
