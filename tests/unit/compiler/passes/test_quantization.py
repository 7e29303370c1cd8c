"""Passes on quantised graphs: unchanged results, and weights that stay quantised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.graph import Graph
from farrier_compiler.graph.specialize import specialize
from farrier_compiler.passes import default_pipeline, run_passes
from support.graphs import run

ROW = np.random.default_rng(0)


def draw(*shape: int) -> Any:
    return ROW.normal(0, 1, shape).astype(np.float32)


def weight(*shape: int, dim: int | None = None, dtype: fr.dtype = fr.int8) -> fr.Tensor:
    """Return a weight, quantised and back."""
    scale: Any = 0.03125 if dim is None else (2.0 ** ROW.integers(-6, -3, shape[dim])).tolist()
    q = fr.quantize(fr.Tensor(draw(*shape), name="weight"), scale, dtype, dim)
    return fr.dequantize(q, scale, fr.float32, dim)


def rounded(x: fr.Tensor, zero_point: int | None = None) -> fr.Tensor:
    q = fr.quantize(x, 0.0625, fr.int8, zero_point=zero_point)
    return fr.dequantize(q, 0.0625, fr.float32, zero_point=zero_point)


def shifted(x: fr.Tensor, dtype: fr.dtype, zero_point: int) -> fr.Tensor:
    """Return a tensor, quantised with a zero point and back."""
    q = fr.quantize(x, 0.0625, dtype, zero_point=zero_point)
    return fr.dequantize(q, 0.0625, fr.float32, zero_point=zero_point)


def columns(x: fr.Tensor, dtype: fr.dtype = fr.int8) -> fr.Tensor:
    """Return a weight (5, 8) with a scale and a zero point for each row, and back."""
    scales, zeros = (2.0 ** ROW.integers(-6, -3, 5)).tolist(), fr.Tensor([0, 5, 1, 7, 100], dtype)
    q = fr.quantize(x, scales, dtype, 0, zeros)
    return fr.dequantize(q, scales, fr.float32, 0, zeros)


def channels(x: fr.Tensor) -> fr.Tensor:
    q = fr.quantize(x, [0.0625, 0.125, 0.25, 0.5], fr.uint8, 1, [0, 1, 128, 3])
    return fr.dequantize(q, [0.0625, 0.125, 0.25, 0.5], fr.float32, 1, [0, 1, 128, 3])


IMAGE, ROWS = (2, 4, 5, 6), (3, 8)
NETWORKS: dict[str, tuple[tuple[int, ...], Callable[[fr.Tensor], fr.Tensor]]] = {
    "linear": (ROWS, lambda x: fr.dot_general(rounded(x), weight(5, 8, dim=0), ((1,), (1,)))),
    "weight_only": (ROWS, lambda x: fr.dot_general(x, weight(5, 8, dim=0), ((1,), (1,)))),
    "transposed": (ROWS, lambda x: x @ fr.transpose(weight(5, 8, dim=0), 0, 1)),
    "summed_scales": (ROWS, lambda x: x @ fr.transpose(weight(5, 8, dim=1), 0, 1)),
    "batched": ((2, 3, 8), lambda x: x @ weight(2, 8, 4, dim=2)),
    "conv": (IMAGE, lambda x: fr.convolution(rounded(x, 3), weight(6, 4, 3, 3, dim=0))),
    "conv_weight_only": (IMAGE, lambda x: fr.convolution(x, weight(6, 4, 3, 3, dim=0))),
    "conv_groups": (IMAGE, lambda x: fr.convolution(x, weight(6, 2, 3, 3, dim=0), groups=2)),
    "conv_inputs": (IMAGE, lambda x: fr.convolution(x, weight(6, 4, 3, 3, dim=1))),
    "pointwise": (IMAGE, lambda x: fr.convolution(rounded(x), weight(6, 4, 1, 1, dim=0))),
    "conv_channels": (IMAGE, lambda x: fr.convolution(channels(x), weight(6, 4, 3, 3, dim=0))),
    "conv_transpose": (IMAGE, lambda x: fr.conv_transpose(x, weight(4, 6, 3, 3, dim=1))),
    "chain": (
        IMAGE,
        lambda x: fr.convolution(
            channels(fr.relu(fr.convolution(rounded(x), weight(4, 4, 3, 3, dim=0)))),
            weight(6, 4, 1, 1, dim=0),
        ),
    ),
    "int4": (ROWS, lambda x: fr.dot_general(x, weight(5, 8, dtype=fr.int4), ((1,), (1,)))),
    "asymmetric": (
        ROWS,
        lambda x: fr.dot_general(rounded(x, 3), columns(fr.Tensor(draw(5, 8))), ((1,), (1,))),
    ),
    "unsigned": (
        ROWS,
        lambda x: fr.dot_general(
            shifted(x, fr.uint8, 100), columns(fr.Tensor(draw(5, 8)), fr.uint8), ((1,), (1,))
        ),
    ),
    "both_int4": (
        ROWS,
        lambda x: fr.dot_general(
            shifted(x, fr.int4, 2), weight(5, 8, dim=0, dtype=fr.int4), ((1,), (1,))
        ),
    ),
    "weight_first": (ROWS, lambda x: fr.dot_general(weight(5, 8), rounded(x, 2), ((1,), (1,)))),
    "attention": (
        (2, 3, 4, 8),
        lambda x: fr.dot_general(
            rounded(x, 3), shifted(x * 0.5, fr.uint8, 130), ((3,), (3,)), ((0, 1), (0, 1))
        ),
    ),
    "late_batch": (
        (3, 4, 8),
        lambda x: fr.dot_general(
            rounded(x, 3), shifted(fr.Tensor(draw(8, 5, 4)), fr.int8, 2), ((2,), (0,)), ((1,), (2,))
        ),
    ),
    "conv_zero_points": (
        IMAGE,
        lambda x: fr.convolution(
            rounded(x, 3),
            shifted(fr.Tensor(draw(6, 4, 3, 3)), fr.uint8, 7),
            stride=(2, 1),
            padding=((1, 2), (0, 1)),
            dilation=(1, 2),
        ),
    ),
    "conv_unsigned_kernel": (
        IMAGE,
        lambda x: fr.convolution(
            rounded(x), shifted(fr.Tensor(draw(6, 4, 3, 3)), fr.uint8, 0), padding=((1, 1), (1, 1))
        ),
    ),
    "conv_transpose_both": (
        IMAGE,
        lambda x: fr.conv_transpose(rounded(x, 3), weight(4, 6, 3, 3, dim=1), stride=(2, 2)),
    ),
}


def traced(name: str, dynamic: bool = False) -> Graph:
    shape, network = NETWORKS[name]
    sizes: Any = (fr.NamedDimension("batch", 1, 2, 4), *shape[1:]) if dynamic else shape
    return trace(network, [fr.InputInfo(sizes, fr.float32)], name="net").graph


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_results_stay_the_same(name: str, dynamic: bool) -> None:
    graph = traced(name, dynamic)
    x = draw(*NETWORKS[name][0])
    optimized = run_passes(graph, default_pipeline(), verify=True)
    expected, result = (run(specialize(g, {"batch": len(x)}), [x])[0] for g in (graph, optimized))
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_are_constants_of_the_storage_type(name: str) -> None:
    optimized = run_passes(traced(name), default_pipeline(), verify=True)
    large = [v for v in optimized.constants.values() if v.type.size > 8]
    small = {"int4": {fr.int4}, "both_int4": {fr.int4}, "attention": set[fr.dtype]()}
    assert {v.type.dtype for v in large} - {fr.int32} == small.get(name, {fr.int8})
    assert sum(v.type.size for v in large if v.type.dtype is fr.int32) <= 24  # corrections
    for node in optimized.nodes:
        if node.op.name == "quantize":
            assert node.operands[0].producer is not None or node.operands[0] in optimized.inputs


FLOATS = {"weight_only", "transposed", "summed_scales", "batched", "int4"} | {
    f"conv_{name}" for name in ("weight_only", "groups", "inputs", "transpose", "channels")
}


@pytest.mark.parametrize("name", NETWORKS)
def test_what_can_be_is_summed_as_integers(name: str) -> None:
    optimized = run_passes(traced(name), default_pipeline(), verify=True)
    dtypes = {
        node.result.type.dtype
        for node in optimized.nodes
        if node.op.name in ("dot_general", "convolution")
    }
    expected = {fr.float32} if name in FLOATS else {fr.int32}
    assert dtypes == (expected | {fr.float32} if name == "chain" else expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_results_on_tensor_cores_stay_the_same(name: str) -> None:
    graph, x = traced(name), draw(*NETWORKS[name][0])
    optimized = run_passes(graph, default_pipeline(["cuda"]), verify=True)
    expected, result = (run(one, [x])[0] for one in (graph, optimized))
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    for node in optimized.nodes:
        if node.op.name in ("dot_general", "convolution"):
            assert node.result.type.dtype is fr.float32
            wanted = fr.float32 if name in FLOATS or name == "chain" else fr.float16
            assert node.operands[0].type.dtype in (wanted, fr.float16)


def product(x: fr.Tensor, w: fr.Tensor) -> fr.Tensor:
    return fr.dot_general(x, w, ((1,), (0,)), dtype=fr.int32)


def test_sums_in_float32_are_exact() -> None:
    terms = 2500
    infos = [fr.InputInfo((2, terms), fr.int8), fr.InputInfo((terms, 3), fr.int8)]
    graph = trace(product, infos, name="product").graph
    optimized = run_passes(graph, "int8_through_float16", verify=True)
    for low in (-128, 100):
        x, w = (ROW.integers(low, 128, shape).astype(np.int8) for shape in ((2, terms), (terms, 3)))
        np.testing.assert_array_equal(run(optimized, [x, w])[0], x.astype(int) @ w.astype(int))


def test_integers_that_come_back_stay() -> None:
    def there_and_back(q: fr.Tensor) -> fr.Tensor:
        x = fr.quantize(q, 0.03, fr.uint8, zero_point=7)
        return fr.quantize(
            fr.dequantize(x, 0.03, fr.float32, zero_point=7), 0.03, fr.uint8, zero_point=7
        )

    info = fr.InputInfo((256,), fr.float32)
    graph = trace(there_and_back, [info], name="net").graph
    optimized = run_passes(graph, "canonicalize,eliminate_dead_nodes", verify=True)
    assert [node.op.name for node in optimized.nodes] == ["quantize"]
    x = np.linspace(-1, 8, 256, dtype=np.float32)
    np.testing.assert_array_equal(run(optimized, [x])[0], run(graph, [x])[0])


@pytest.mark.parametrize(
    ("first", "second"),
    [(0.03, 0.04), (1e-39, 1e-39), (1e38, 1e38)],
)
def test_other_scales_and_extreme_ones_do_not(first: float, second: float) -> None:
    def there_and_back(q: fr.Tensor) -> fr.Tensor:
        x = fr.dequantize(fr.quantize(q, first, fr.int8), first, fr.float32)
        return fr.quantize(x, second, fr.int8)

    graph = trace(there_and_back, [fr.InputInfo((4,), fr.float32)], name="net").graph
    optimized = run_passes(graph, "canonicalize,eliminate_dead_nodes", verify=True)
    assert [node.op.name for node in optimized.nodes] == ["quantize", "dequantize", "quantize"]


def test_a_chain_stays_channels_last() -> None:
    optimized = run_passes(traced("chain"), default_pipeline(), verify=True)
    names = [node.op.name for node in optimized.nodes]
    assert names.count("transpose") == 2  # of the input and of the output
    assert names.index("quantize") <= 1
