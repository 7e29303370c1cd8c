"""Compiled functions and layers on quantised tensors: eager's integers, one-byte weights."""

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
from support.quantized import drawn, quantized

q = fr.quantized

# Sums of powers of 2 are exact in every order.
STEP, OUT = 2.0**-6, 2.0**-2
ROWS = np.array([2.0**-7, 2.0**-9, 2.0**-8, 2.0**-7], np.float32)


def weight(*shape: int, dim: int | None, zero_point: int) -> fr.Tensor:
    scale = fr.Tensor(ROWS if dim == 0 else ROWS[0])
    offset = [zero_point] * 4 if dim == 0 else zero_point
    return quantized(drawn(fr.int8, *shape), scale, dim, offset)


BIAS = fr.Tensor([0.0, 0.5, -0.25, 1.0])
CASES: dict[str, tuple[tuple[int, ...], Callable[..., Any]]] = {
    "linear": (
        (3, 24),
        lambda x, **of: q.linear(x, weight(4, 24, **of), BIAS, OUT, 9),
    ),
    "linear_relu": (
        (2, 3, 24),
        lambda x, **of: q.linear_relu(x, q.linear_prepack(weight(4, 24, **of), BIAS), OUT, 9),
    ),
    "conv1d": (
        (2, 4, 9),
        lambda x, **of: q.conv1d(x, weight(4, 4, 3, **of), BIAS, 2, 1, scale=OUT, zero_point=9),
    ),
    "conv2d": (
        (2, 4, 7, 6),
        lambda x, **of: q.conv2d(
            x, weight(4, 2, 3, 2, **of), BIAS, (2, 1), 1, 1, 2, scale=OUT, zero_point=9
        ),
    ),
    "conv2d_relu": (
        (1, 4, 6, 6),
        lambda x, **of: q.conv2d_relu(
            x, q.conv2d_prepack(weight(4, 4, 2, 2, **of), BIAS, dilation=2), OUT, 9
        ),
    ),
    "conv3d": (
        (1, 4, 4, 5, 3),
        lambda x, **of: q.conv3d(x, weight(4, 4, 2, 3, 2, **of), BIAS, scale=OUT, zero_point=9),
    ),
}


def compiled(function: Callable[[Any], Any], x: Any) -> Any:
    """Return the results of a function of float32, compiled."""
    info = fr.InputInfo(x.shape, fr.float32)
    return np.asarray(fr.compile(function, args=[info], target="cpu")(fr.Tensor(x)))


STORAGE = {dtype.name: dtype for dtype in (fr.uint8, fr.int8)}


def on_integers(name: str, dtype: fr.dtype) -> Callable[[fr.Tensor], tuple[fr.Tensor, ...]]:
    """Return a case's function, of floats that it quantises, with one scale and with several."""
    call = CASES[name][1]

    def function(x: fr.Tensor) -> tuple[fr.Tensor, ...]:
        small = fr.quantize(x, STEP, dtype, zero_point=70)
        one = call(small, dim=None, zero_point=0), call(small, dim=0, zero_point=-3)
        return tuple(tensor.int_repr() for tensor in one)

    return function


@functools.cache
def programs() -> dict[str, Any]:
    """Return all cases, compiled together."""
    functions = {
        f"{name}_{dtype}": (on_integers(name, STORAGE[dtype]), [fr.InputInfo(shape, fr.float32)])
        for name, (shape, _) in CASES.items()
        for dtype in STORAGE
    }
    return together(functions)


@pytest.mark.parametrize("dtype", STORAGE)
@pytest.mark.parametrize("name", CASES)
def test_compiled_is_eager(name: str, dtype: str) -> None:
    x = np.random.default_rng(0).uniform(-2, 2, CASES[name][0]).astype(np.float32)
    expected = on_integers(name, STORAGE[dtype])(fr.Tensor(x))
    for result, wanted in zip(programs()[f"{name}_{dtype}"](x), expected, strict=True):
        assert np.asarray(result).dtype == STORAGE[dtype].numpy
        np.testing.assert_array_equal(np.asarray(result), wanted.numpy())


def network() -> Any:
    net: Any = fr.Sequential(
        q.Quantize(2.0**-5, 100, fr.uint8),
        q.QuantizedConv(3, 8, (3, 3), padding=((1, 1), (1, 1))),
        q.relu,
        lambda x: q.apply(lambda x: fr.maxpool(x, (2, 2), stride=(2, 2)), x),  # pyright: ignore[reportUnknownArgumentType]
        q.QuantizedConvReLU(8, 16, (3, 3)),
        lambda x: q.flatten(x, 1),  # pyright: ignore[reportUnknownArgumentType]
        q.QuantizedLinear(64, 10),
        q.DeQuantize(),
    )
    net.reset_parameters(1)
    for layer, zero_point in ((net[1], 120), (net[4], 5), (net[6], 128)):
        layer.scale, layer.zero_point = 0.02, zero_point
    return net


def test_a_network_compiled_is_eager() -> None:
    net, x = network(), np.random.default_rng(1).uniform(-3, 3, (4, 3, 8, 8)).astype(np.float32)
    expected = net(fr.Tensor(x)).numpy()
    assert len(np.unique(expected)) > 10
    difference = np.abs(compiled(net, x) - expected)
    # Another order of summation may cross a rounding boundary: one step of the output, 0.02.
    assert difference.max() < 0.021
    assert (difference > 1e-6).mean() < 0.05


def test_a_network_takes_any_batch() -> None:
    net, batch = network(), fr.NamedDimension("batch", 1, 2, 8)
    run = fr.compile(net, args=[fr.InputInfo((batch, 3, 8, 8), fr.float32)], target="cpu")
    for size in (1, 5):
        x = np.random.default_rng(size).uniform(-3, 3, (size, 3, 8, 8)).astype(np.float32)
        difference = np.abs(np.asarray(run(fr.Tensor(x))) - net(fr.Tensor(x)).numpy())
        assert difference.max() < 0.021


def test_weights_are_constants_of_integers(tmp_path: Path) -> None:
    net = network()
    info = fr.InputInfo((1, 3, 8, 8), fr.float32)
    graph = trace(net, [info], name="net").graph
    text = dump([graph], [Target.parse("cpu")], Options(cache=False), "graph")["graph"]
    constants = [line.strip() for line in text.splitlines() if ".weight: " in line]
    assert [line.partition("f32,")[0] for line in constants] == [
        f"constant @{name}.weight: !quant.uniform<i8:" for name in (1, 4, 6)
    ]
    run = fr.compile(net, args=[info], target="cpu", weights="external")
    run.save(tmp_path / "net.vmfb")
    (file,) = tmp_path.glob("*.safetensors")
    dtypes = {str(array.dtype) for array in fr.weights.load(file).values() if array.size > 100}
    assert dtypes == {"int8"}


def test_wide_linear_is_a_quarter_of_the_size(tmp_path: Path) -> None:
    size = 256
    layer = q.QuantizedLinear(size, size)
    layer.reset_parameters()
    net = fr.Sequential(q.Quantize(0.02, 128, fr.uint8), layer, q.DeQuantize())
    info = fr.InputInfo((4, size), fr.float32)
    fr.compile(net, args=[info], target="cpu").save(tmp_path / "net.vmfb")
    assert size**2 < (tmp_path / "net.vmfb").stat().st_size < size**2 + 60_000
