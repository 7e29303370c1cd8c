"""Compiled layers with quantised weights: eager's results, small files, work done once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.driver import Options, dump
from farrier_compiler.driver.targets import Target
from support.dynamic import together

LAYERS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "Linear": (lambda **options: fr.Linear(24, 16, **options), (3, 24)),
    "Linear_3d": (lambda **options: fr.Linear(24, 16, **options), (2, 3, 24)),
    "Conv": (lambda **options: fr.Conv(6, 8, (3, 3), stride=(2, 2), **options), (2, 6, 9, 9)),
    "Conv_groups": (lambda **options: fr.Conv(6, 8, (3,), groups=2, **options), (2, 6, 9)),
    "ConvTranspose": (
        lambda **options: fr.ConvTranspose(6, 8, (2, 2), stride=(2, 2), **options),
        (2, 6, 5, 5),
    ),
    "Embedding": (lambda **options: fr.Embedding(12, 8, **options), (2, 3)),
}


def random_layer(name: str, **options: Any) -> tuple[Any, Any, fr.InputInfo]:
    """Return a layer with random parameters, an input, and the input's InputInfo."""
    make, shape = LAYERS[name]
    layer = make(**options)
    layer.reset_parameters(1)
    generator = np.random.default_rng(2)
    if name == "Embedding":
        x = generator.integers(0, 12, shape).astype(np.int32)
        return layer, x, fr.InputInfo(shape, fr.int32)
    x = generator.normal(0, 1, shape).astype(np.float32)
    return layer, x, fr.InputInfo(shape, fr.float32)


STORAGE = (fr.int8, fr.int4, fr.uint8, fr.int16, fr.float8)


def with_scales(name: str, dtype: fr.dtype, dim: int | None) -> tuple[Any, Any, fr.InputInfo]:
    """Return a layer as `random_layer` does, which multiplies integers where it can."""
    layer, x, info = random_layer(name, quant_dtype=dtype, weight_quant_dim=dim)
    if dim and name != "Embedding":
        layer.input_scale = 0.0625
    return layer, x, info


def with_a_zero_point(name: str) -> tuple[Any, Any, fr.InputInfo]:
    layer, x, info = random_layer(name, quant_dtype=fr.int8, weight_quant_dim=0)
    layer.input_scale, layer.input_zero_point = 0.0625, -90
    return layer, x, info


@functools.cache
def compiled(name: str) -> dict[str, tuple[Any, Any, Any]]:
    """Return all layers of a name, what they are called with, and the layers compiled."""
    cases = {
        f"{dtype}_{dim}": with_scales(name, dtype, dim) for dtype in STORAGE for dim in (None, 0, 1)
    }
    if name != "Embedding":
        cases["zero_point"] = with_a_zero_point(name)
    functions = {case: (layer, [info]) for case, (layer, _, info) in cases.items()}
    return {case: (*cases[case][:2], run) for case, run in together(functions).items()}


def assert_compiled_is_eager(layer: Any, x: Any, run: Any) -> None:
    expected = layer(fr.Tensor(x)).numpy()
    np.testing.assert_allclose(np.asarray(run(x)), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", STORAGE)
@pytest.mark.parametrize("name", LAYERS)
def test_compiled_is_eager(name: str, dtype: fr.dtype) -> None:
    for dim in (None, 0, 1):
        assert_compiled_is_eager(*compiled(name)[f"{dtype}_{dim}"])


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "Embedding"])
def test_compiled_is_eager_with_a_zero_point(name: str) -> None:
    assert_compiled_is_eager(*compiled(name)["zero_point"])


def test_compiled_is_eager_with_block_scales() -> None:
    layer, x, info = random_layer("Linear", quant_dtype=fr.int4)
    layer.weight_scale = np.full((4, 6), 0.05, np.float32)
    assert_compiled_is_eager(layer, x, fr.compile(layer, args=[info], target="cpu"))


# One row is one kernel, 32 and more scale the weights: with even and odd numbers of tiles, and
# blocks whose size no vector divides.
ROWS: tuple[int | tuple[int, int, int], ...] = (1, 2, 32, (1, 4, 64))


@pytest.mark.parametrize(("n", "k", "blocks"), [(20, 35, 5), (128, 256, 2), (96, 6, 6)])
def test_block_scales_fit_any_number_of_rows(n: int, k: int, blocks: int) -> None:
    generator = np.random.default_rng(0)
    layer = fr.Linear(k, n, quant_dtype=fr.int4)
    layer.reset_parameters()
    scales = generator.uniform(0.01, 0.1, (n, blocks)).astype(np.float32)
    layer.weight_scale = fr.Tensor(scales)
    infos = {f"rows{index}": fr.InputInfo((rows, k), fr.float32) for index, rows in enumerate(ROWS)}
    programs = together({name: (layer, [info]) for name, info in infos.items()})
    for rows, run in zip(ROWS, programs.values(), strict=True):
        for count in (1, 7, 64) if isinstance(rows, tuple) else (rows,):
            x = generator.normal(0, 1, (count, k)).astype(np.float32)
            assert_compiled_is_eager(layer, x, run)


@pytest.mark.parametrize("dtype", [fr.int8, fr.int4])
def test_weights_are_stored_in_their_bits(dtype: fr.dtype, tmp_path: Path) -> None:
    size = 256
    layer = fr.Linear(size, size, bias=False, quant_dtype=dtype, weight_quant_dim=0)
    layer.reset_parameters()
    info = fr.InputInfo((4, size), fr.float32)
    run = fr.compile(layer, args=[info], target="cpu")
    run.save(tmp_path / "net.vmfb")
    weights = size * size * dtype.bits // 8
    assert weights < (tmp_path / "net.vmfb").stat().st_size < weights + 60_000
    x = np.random.default_rng(0).normal(0, 1, (4, size)).astype(np.float32)
    result = np.asarray(run(fr.Tensor(x)))
    np.testing.assert_allclose(result, layer(fr.Tensor(x)).numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", LAYERS)
def test_weights_are_quantised_before_they_are_compiled(name: str) -> None:
    layer, _, info = random_layer(name, quant_dtype=fr.int8, weight_quant_dim=0)
    graph = trace(layer, [info], name="layer").graph
    text = dump([graph], [Target.parse("cpu")], Options(cache=False), "graph")["graph"]
    assert " = quantize(" not in text
    assert " = dequantize(" in text


def test_external_weights_are_integers(tmp_path: Path) -> None:
    layer, x, info = random_layer("Linear", quant_dtype=fr.int8, weight_quant_dim=0)
    run = fr.compile(layer, args=[info], target="cpu", weights="external")
    run.save(tmp_path / "net.vmfb")
    (file,) = tmp_path.glob("*.safetensors")
    assert b'"dtype":"I8"' in file.read_bytes().replace(b" ", b"")[:1000]
    again = fr.Executable.load(tmp_path / "net.vmfb")
    result = np.asarray(again(fr.Tensor(x)))
    np.testing.assert_allclose(result, layer(fr.Tensor(x)).numpy(), rtol=1e-5, atol=1e-5)
