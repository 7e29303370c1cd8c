"""Batch norm folded into preceding weights, or turned into one multiplication and one addition."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from farrier_compiler.graph import REGISTRY, Array, Graph, Value
from farrier_compiler.ops.convolution import Convolution
from farrier_compiler.ops.creation import Full
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.normalization import BatchNormInference
from farrier_compiler.ops.shape import Broadcast, Reshape
from farrier_compiler.passes import run_passes
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.graphs import argument, graph_of, named, node, operations, random_arrays, run, weight

GENERATOR = np.random.default_rng(5)


def _random(*shape: int, dtype: dtype = dtypes.float64) -> Array:
    return GENERATOR.standard_normal(shape).astype(dtype.numpy)


def _norm(x: Value, dim: int = 1) -> Value:
    dtype, features = x.type.dtype, x.type.shape[dim]
    scale, offset, mean = (
        weight(_random(features, dtype=dtype), f"norm.{name}")
        for name in ("weight", "bias", "mean")
    )
    variance = weight(GENERATOR.uniform(0.5, 2, features).astype(dtype.numpy), "norm.var")
    return node(BatchNormInference(1e-3, dim), x, scale, offset, mean, variance)


def _conv(x: Value, outputs: int, groups: int = 1, layout: str = "channels_first") -> Value:
    first = layout == "channels_first"
    channels = x.type.shape[1 if first else -1] // groups
    shape = (outputs, channels, 3, 3) if first else (3, 3, channels, outputs)
    kernel = weight(_random(*shape, dtype=x.type.dtype), "conv.weight")
    op = Convolution((1, 1), ((1, 1), (0, 0)), (1, 1), groups, layout=layout)  # pyright: ignore[reportArgumentType]
    return node(op, x, kernel)


def _folded(graph: Graph) -> Graph:
    """Return the graph after the pass, which must give the same numbers in float64."""
    arrays = random_arrays(graph)
    after = run_passes(graph, "fold_batch_norm", verify=True)
    for result, expected in zip(run(after, arrays), run(graph, arrays), strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-12)
    again = run_passes(after, "fold_batch_norm")
    assert str(again) == str(after)
    return after


X = (2, 4, 5, 5)
IMAGE = argument(X, dtype=dtypes.float64)


def test_into_a_convolution() -> None:
    after = _folded(graph_of(_norm(_conv(IMAGE, 6))))
    assert operations(after) == ["convolution", "add"]
    assert list(after.constants) == ["conv.weight", "norm.bias"]
    assert after.constants["norm.bias"].type.shape == (6, 1, 1)


@pytest.mark.parametrize(
    "shape", [(6, 1, 1), (1, 6, 1, 1), (1, 1, 1), ()], ids=["CHW", "NCHW", "ones", "scalar"]
)
def test_into_a_convolution_with_bias(shape: tuple[int, ...]) -> None:
    bias = weight(_random(*shape), "conv.bias")
    after = _folded(graph_of(_norm(named("add", bias, _conv(IMAGE, 6)))))
    assert operations(after) == ["convolution", "add"]
    if shape:
        assert list(after.constants) == ["conv.weight", "conv.bias"]


def test_the_bias_may_be_reshaped_or_broadcast() -> None:
    bias = node(Reshape((6, 1, 1)), weight(_random(6), "conv.bias"))
    repeated = node(Broadcast((1, 6, 1, 1), (1,)), weight(_random(6), "conv.bias"))
    for operand in (bias, repeated):
        after = _folded(graph_of(_norm(named("add", _conv(IMAGE, 6), operand))))
        assert operations(after) == ["convolution", "add"]
        assert list(after.constants) == ["conv.weight", "conv.bias"]


@pytest.mark.parametrize("groups", [2, 4])
def test_into_a_grouped_convolution(groups: int) -> None:
    assert operations(_folded(graph_of(_norm(_conv(IMAGE, 8, groups))))) == ["convolution", "add"]


def test_into_a_channels_last_convolution() -> None:
    after = _folded(graph_of(_norm(_conv(IMAGE, 6, 1, "channels_last"), dim=3)))
    assert operations(after) == ["convolution", "add"]
    assert after.constants["norm.bias"].type.shape == (6,)


@pytest.mark.parametrize("dims", [((1,), (1,)), ((1,), (0,))], ids=["out x in", "in x out"])
def test_into_a_linear_layer(dims: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    x = argument((3, 4), dtype=dtypes.float64)
    kernel = weight(_random(*((5, 4) if dims[1] == (1,) else (4, 5))), "linear.weight")
    product = named("add", node(DotGeneral((), (), *dims), x, kernel), weight(_random(5), "b"))
    after = _folded(graph_of(_norm(product)))
    assert operations(after) == ["dot_general", "add"]
    assert list(after.constants) == ["linear.weight", "b"]


def test_into_a_weight_on_the_left_and_into_batch_dims() -> None:
    x = argument((3, 4, 2), dtype=dtypes.float64)
    left = node(DotGeneral((), (), (1,), (1,)), weight(_random(5, 4)), x)  # (5, 3, 2)
    assert operations(_folded(graph_of(_norm(left, 0)))) == ["dot_general", "add"]
    batch = node(DotGeneral((0,), (0,), (1,), (1,)), x, weight(_random(3, 4, 2)))  # (3, 2, 2)
    assert operations(_folded(graph_of(_norm(batch, 0)))) == ["dot_general", "add"]


def test_two_norms_in_a_row() -> None:
    assert operations(_folded(graph_of(_norm(_norm(_conv(IMAGE, 6)))))) == ["convolution", "add"]


def test_statistics_may_be_filled() -> None:
    ones, zeros = (node(Full((6,), value, dtypes.float64)) for value in (1.0, 0.0))
    normed = node(BatchNormInference(1e-3, 1), _conv(IMAGE, 6), ones, zeros, zeros, ones)
    assert operations(_folded(graph_of(normed))) == ["convolution", "add"]


ARITHMETIC = ["multiply", "add"]


def test_not_where_something_else_reads_the_layer() -> None:
    layer = _conv(IMAGE, 6)
    after = _folded(graph_of(named("add", _norm(layer), layer)))
    assert operations(after) == ["convolution", *ARITHMETIC, "add"]
    assert operations(_folded(graph_of(_norm(layer), layer))) == ["convolution", *ARITHMETIC]
    twice = graph_of(named("add", _norm(layer), _norm(layer)))
    assert operations(_folded(twice)).count("convolution") == 1


def test_not_where_something_else_reads_the_sum() -> None:
    biased = named("add", _conv(IMAGE, 6), weight(_random(6, 1, 1)))
    assert operations(_folded(graph_of(_norm(biased), biased))) == [
        "convolution",
        "add",
        *ARITHMETIC,
    ]


def test_not_over_other_features_or_biases() -> None:
    batch = _folded(graph_of(_norm(_conv(IMAGE, 6), dim=0)))
    assert operations(batch) == ["convolution", *ARITHMETIC]
    rows = _folded(graph_of(_norm(named("add", _conv(IMAGE, 6), weight(_random(5, 1))))))
    assert operations(rows) == ["convolution", "add", *ARITHMETIC]
    computed = argument((6, 1, 1), "bias", dtypes.float64)
    unknown = _folded(graph_of(_norm(named("add", _conv(IMAGE, 6), computed))))
    assert operations(unknown) == ["convolution", "add", *ARITHMETIC]


def test_not_where_the_bias_makes_the_features() -> None:
    x = argument((2, 1), dtype=dtypes.float64)
    product = node(DotGeneral((), (), (1,), (0,)), x, weight(_random(1, 1)))
    wider = named("add", product, weight(_random(6)))
    assert operations(_folded(graph_of(_norm(wider)))) == ["dot_general", "add", *ARITHMETIC]


def test_alone_it_is_arithmetic() -> None:
    after = _folded(graph_of(_norm(IMAGE)))
    assert operations(after) == ARITHMETIC
    assert list(after.constants) == ["norm.weight", "norm.bias"]


def test_computed_statistics_stay() -> None:
    values = [argument((4,), name, dtypes.float64) for name in "abcd"]
    graph = graph_of(node(BatchNormInference(1e-3, 1), IMAGE, *values))
    assert operations(run_passes(graph, "fold_batch_norm")) == ["batch_norm_inference"]


# ---------------------------------------------------------------------- small floats


@pytest.mark.parametrize("dtype", [dtypes.float16, dtypes.bfloat16], ids=lambda dtype: dtype.short)
def test_small_weights_are_folded_in_float64_and_rounded_once(dtype: dtype) -> None:
    x = argument((1, 2, 4, 4), dtype=dtype)
    graph = graph_of(_norm(_conv(x, 3)))
    after = run_passes(graph, "fold_batch_norm", verify=True)
    data = {name: np.asarray(v.data, np.float64) for name, v in graph.constants.items()}
    factor = data["norm.weight"] / np.sqrt(data["norm.var"] + 1e-3)
    weights = (data["conv.weight"] * factor[:, None, None, None]).astype(dtype.numpy)
    offset = (data["norm.bias"] - data["norm.mean"] * factor).astype(dtype.numpy)
    np.testing.assert_array_equal(after.constants["conv.weight"].data, weights)
    np.testing.assert_array_equal(after.constants["norm.bias"].data, offset[:, None, None])


def test_weights_beyond_the_range_of_float16_are_not_folded() -> None:
    x = argument((1, 1), dtype=dtypes.float16)
    product = node(DotGeneral((), (), (1,), (0,)), x, weight(np.full((1, 1), 1e3, np.float16)))
    statistics = [weight(np.full(1, value, np.float16)) for value in (1e3, 0, 0, 1)]
    graph = graph_of(node(BatchNormInference(0.0, 1), product, *statistics))
    assert "cast" in operations(run_passes(graph, "fold_batch_norm", verify=True))


def test_arithmetic_on_small_floats_is_done_in_float32() -> None:
    x = argument((2, 3, 4), dtype=dtypes.bfloat16)
    graph = graph_of(_norm(x))
    after = run_passes(graph, "fold_batch_norm", verify=True)
    assert operations(after) == ["cast", "multiply", "add", "cast"]
    arrays = [np.asarray(_random(2, 3, 4)).astype(ml_dtypes.bfloat16)]
    result, expected = (run(one, arrays)[0].astype(np.float64) for one in (after, graph))
    np.testing.assert_allclose(result, expected, rtol=2**-7, atol=2**-20)


def test_other_users_of_a_weight_keep_it() -> None:
    kernel = weight(_random(5, 4), "w")
    x = argument((3, 4), dtype=dtypes.float64)
    product = node(DotGeneral((), (), (1,), (1,)), x, kernel)
    after = _folded(graph_of(_norm(product), node(REGISTRY["negative"](), kernel)))
    assert list(after.constants) == ["w", "norm.bias", "w_1"]
