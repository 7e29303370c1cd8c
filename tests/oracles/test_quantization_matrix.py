"""Compiled quantize and dequantize, bit for bit against the interpreter."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from farrier.compiling.trace import trace
from farrier_compiler.driver import Options, compile_graphs
from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import Graph
from farrier_compiler.ops.quantization import STORAGE
from farrier_runtime.dtypes import dtype

FLOATS = (fr.float32, fr.float16, fr.bfloat16, fr.float64)
SHAPE = (12, 16)
PARAMETERS: dict[str, tuple[tuple[int, ...], int | None]] = {
    "tensor": ((), None),
    "rows": ((12,), 0),
    "columns": ((16,), 1),
    "blocks": ((3, 16), None),
}


def elements(dtype: dtype, scale: Any) -> Any:
    """Return random elements, halves of the scale, limits and special numbers."""
    generator = np.random.default_rng(0)
    x = generator.normal(0, 40, SHAPE)
    x[1] = (np.arange(16) - 8.5) * scale.reshape(-1)[0]
    x[2] = (np.arange(16) + 120.5) * scale.reshape(-1)[0]
    x[3, :6] = [np.nan, np.inf, -np.inf, -0.0, 1e30, -1e30]
    with np.errstate(over="ignore"):
        return x.astype(dtype.numpy)


def offsets(storage: dtype, shape: tuple[int, ...]) -> Any:
    low, high = (0, 15) if storage.is_unsigned else (-7, 7)
    return np.random.default_rng(1).integers(low, high, shape).astype(storage.numpy)


def functions(dtype: dtype) -> dict[str, Any]:
    """Return every combination on a float type: with constant parameters, and with computed."""
    functions: dict[str, Any] = {}
    for storage, name, with_zero in itertools.product(STORAGE, PARAMETERS, (False, True)):
        if storage.is_floating and with_zero:
            continue
        shape, dim = PARAMETERS[name]
        scale = np.random.default_rng(2).uniform(0.1, 0.5, shape).astype(dtype.numpy)
        zero = fr.Tensor(offsets(storage, shape)) if with_zero else None

        def function(
            x: fr.Tensor,
            scale: Any = scale,
            storage: dtype = storage,
            dim: int | None = dim,
            zero: fr.Tensor | None = zero,
        ) -> tuple[fr.Tensor, fr.Tensor]:
            scale = fr.Tensor(scale) if isinstance(scale, np.ndarray) else scale
            q = fr.quantize(x, scale, storage, dim, zero)
            wide = fr.int32 if storage.is_integer else fr.float32
            return fr.cast(q, wide), fr.dequantize(q, scale, dtype, dim, zero)

        suffix = "_zero" if with_zero else ""
        functions[f"{storage.name}_{name}{suffix}"] = (function, scale)
    return functions


def positional(function: Any) -> Any:
    return lambda *args: function(*args)  # pyright: ignore[reportUnknownLambdaType, reportUnknownVariableType]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("constant", [True, False])
def test_compiled_is_eager_bit_for_bit(dtype: dtype, constant: bool) -> None:
    graphs: list[Graph] = []
    expected: dict[str, Any] = {}
    arguments: dict[str, Any] = {}
    for name, (function, scale) in functions(dtype).items():
        x = elements(dtype, scale)
        arrays = [x] if constant else [x, scale]
        infos = [fr.InputInfo(array.shape, dtype) for array in arrays]
        graphs.append(trace(positional(function), infos, name=name).graph)
        arguments[name] = arrays
        expected[name] = [part.numpy() for part in function(*map(fr.Tensor, arrays))]
    compiled = compile_graphs(graphs, [Target.parse("cpu")], Options(cache=False))
    program = farrier_runtime.load(compiled.to_bytes())
    assert len(expected) == 2 * 4 * 5 + 4 * 2
    for name, wanted in expected.items():
        for result, one in zip(program[name](*arguments[name]), wanted, strict=True):
            assert np.asarray(result).dtype == one.dtype
            pair = (np.asarray(part).astype(np.float64) for part in (result, one))
            np.testing.assert_array_equal(*pair, err_msg=name)
