"""Channels-last regions: their ops, their transposes, and pointwise convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from farrier_compiler.graph import Array, Graph, Value
from farrier_compiler.ops.convolution import Convolution
from farrier_compiler.ops.elementwise import Cast, Where
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.normalization import BatchNormInference
from farrier_compiler.ops.pooling import MaxPool, SumPool
from farrier_compiler.ops.reduction import Argmax, Max, Sum
from farrier_compiler.ops.shape import (
    Broadcast,
    Concatenate,
    Pad,
    Reshape,
    Reverse,
    Slice,
    Transpose,
)
from farrier_compiler.passes import run_passes
from farrier_runtime import dtypes
from support.graphs import argument, graph_of, named, node, operations, run, weight

GENERATOR = np.random.default_rng(9)


def _whole(*shape: int) -> Array:
    """Return whole numbers, whose sums are the same in any order."""
    return GENERATOR.integers(-3, 4, shape).astype(np.float64)


def _conv(
    x: Value, outputs: int, window: int = 3, stride: int = 1, groups: int = 1, padding: int = 1
) -> Value:
    spatial = x.type.rank - 2
    kernel = weight(_whole(outputs, x.type.shape[1] // groups, *[window] * spatial), "conv.weight")
    pairs = ((padding, padding),) * spatial
    return node(Convolution((stride,) * spatial, pairs, (1,) * spatial, groups), x, kernel)


def _image(*shape: int, name: str = "x") -> Value:
    return argument(shape, name, dtypes.float64)


def _after(graph: Graph, passes: str = "channels_last") -> Graph:
    """Return the graph after the pass, which must give the same numbers."""
    arrays = [_whole(*value.type.shape) for value in graph.inputs]
    after = run_passes(graph, passes, verify=True)
    for result, expected in zip(run(after, arrays), run(graph, arrays), strict=True):
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result, expected)
    assert str(run_passes(after, passes)) == str(after)
    return after


def _region(graph: Graph) -> list[str]:
    """Return the ops between the first transpose and the last, the only two allowed."""
    names = operations(_after(graph))
    assert names[0] == names[-1] == "transpose"
    assert "transpose" not in names[1:-1]
    return names[1:-1]


IMAGE = _image(2, 3, 6, 5)


@pytest.mark.parametrize("sizes", [(7,), (6, 5), (4, 5, 4)], ids=["1-D", "2-D", "3-D"])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_convolution(sizes: Sequence[int], groups: int) -> None:
    graph = graph_of(_conv(_image(2, 4, *sizes), 8, groups=groups))
    after = _after(graph)
    assert operations(after) == ["transpose", "convolution", "transpose"]
    kernel = after.constants["conv.weight"]
    assert kernel.type.shape == (*[3] * len(sizes), 4 // groups, 8)
    assert kernel.data is not None
    assert kernel.data.flags.c_contiguous


def test_all_attributes_of_a_convolution_are_kept() -> None:
    op = Convolution((1, 2), ((1, 0), (2, 1)), (2, 1), 1, (1, 2))
    after = _after(graph_of(node(op, IMAGE, weight(_whole(4, 3, 2, 3)))))
    convolution = next(one.op for one in after.nodes if isinstance(one.op, Convolution))
    assert convolution == Convolution((1, 2), ((1, 0), (2, 1)), (2, 1), 1, (1, 2), "channels_last")


def test_a_computed_kernel_is_transposed_at_run_time() -> None:
    kernel = _image(4, 3, 2, 2, name="kernel")
    graph = graph_of(node(Convolution((1, 1), ((0, 0),) * 2, (1, 1)), IMAGE, kernel))
    assert operations(_after(graph)) == ["transpose", "transpose", "convolution", "transpose"]


def test_no_convolution_no_change() -> None:
    graph = graph_of(named("tanh", IMAGE))
    assert run_passes(graph, "channels_last") is graph


# ---------------------------------------------------------------------- what takes part


def test_residual_block() -> None:
    x = _conv(IMAGE, 4)
    inner = _conv(named("maximum", _conv(x, 4), weight(np.float64(0))), 4)
    graph = graph_of(named("maximum", named("add", inner, x), weight(np.float64(0))))
    assert _region(graph) == ["convolution"] * 2 + ["maximum", "convolution", "add", "maximum"]


def test_the_input_is_converted_once() -> None:
    graph = graph_of(named("add", _conv(IMAGE, 4), _conv(IMAGE, 4)))
    assert _region(graph) == ["convolution", "convolution", "add"]


def test_what_needs_no_convolution_stays() -> None:
    graph = graph_of(_conv(named("tanh", IMAGE), 4), named("exp", IMAGE))
    arrays = [_whole(*IMAGE.type.shape)]
    after = run_passes(graph, "channels_last", verify=True)
    np.testing.assert_array_equal(run(after, arrays)[1], run(graph, arrays)[1])
    assert operations(after) == ["tanh", "transpose", "convolution", "transpose", "exp"]


@pytest.mark.parametrize(
    ("shape", "moved"),
    [
        ((), ()),
        ((4, 1, 1), (4,)),
        ((1, 4, 1, 1), (4,)),
        ((2, 4, 1, 1), (2, 1, 1, 4)),
        ((6, 5), (6, 5, 1)),
        ((5,), (5, 1)),
        ((1, 1, 1, 1), (1,)),
        ((2, 4, 6, 5), (2, 6, 5, 4)),
    ],
    ids=str,
)
def test_constants_that_broadcast(shape: tuple[int, ...], moved: tuple[int, ...]) -> None:
    graph = graph_of(named("add", _conv(IMAGE, 4), weight(_whole(*shape), "bias")))
    assert _region(graph) == ["convolution", "add"]
    if shape:
        assert _after(graph).constants["bias"].type.shape == moved


def test_computed_operands_that_broadcast() -> None:
    x = _conv(IMAGE, 4)
    scale = _image(2, 4, name="scale")
    graph = graph_of(named("multiply", x, node(Reshape((2, 4, 1, 1)), scale)))
    assert operations(_after(graph, "channels_last,canonicalize")) == [
        "transpose",
        "convolution",
        "reshape",
        "multiply",
        "transpose",
    ]
    bias = _image(4, 1, 1, name="bias")
    assert sorted(operations(_after(graph_of(named("add", bias, x))))) == sorted(
        ["transpose", "convolution", "reshape", "add", "transpose"]
    )


def test_more_dims_than_the_image_leave_the_region() -> None:
    wider = named("add", _conv(IMAGE, 4), weight(_whole(2, 1, 1, 1, 1)))
    assert operations(_after(graph_of(wider))) == ["transpose", "convolution", "transpose", "add"]


def test_choices_and_casts() -> None:
    x = _conv(IMAGE, 4)
    positive = named("less", weight(np.float64(0)), x)
    chosen = node(Where(), positive, x, weight(np.float64(-1)))
    graph = graph_of(node(Cast(dtypes.float32), chosen))
    assert _region(graph) == ["convolution", "less", "where", "cast"]


@pytest.mark.parametrize("op_class", [MaxPool, SumPool])
def test_pooling(op_class: type[MaxPool | SumPool]) -> None:
    op = op_class((1, 1, 2, 3), (1, 1, 2, 1), ((0, 0), (0, 0), (1, 0), (0, 2)), (1, 1, 1, 2))
    assert len(_region(graph_of(node(op, _conv(IMAGE, 4))))) == 2


def test_batch_norm() -> None:
    statistics = [weight(_whole(4)) for _ in range(3)] + [weight(np.ones(4))]
    graph = graph_of(node(BatchNormInference(0.0, 1), _conv(IMAGE, 4), *statistics))
    assert _region(graph) == ["convolution", "batch_norm_inference"]


def test_pads_slices_and_reversals() -> None:
    x = node(Pad((0, 1, 2, 0), (0, 0, 1, 0), (0, 0, 0, 1)), _conv(IMAGE, 4), weight(np.float64(7)))
    x = node(Slice((0, 1, 0, 2), (2, 4, 9, 8), (1, 1, 2, 3)), x)
    graph = graph_of(node(Reverse((1, 3)), x))
    assert _region(graph) == ["convolution", "pad", "slice", "reverse"]


@pytest.mark.parametrize("dim", [0, 1, 2, 3])
def test_concatenate(dim: int) -> None:
    graph = graph_of(node(Concatenate(dim), _conv(IMAGE, 4), _conv(IMAGE, 4)))
    assert _region(graph) == ["convolution", "convolution", "concatenate"]


@pytest.mark.parametrize("dim", [(), (2, 3), (-1, -2), (1,), (0, 2), (0,), (3,), (0, 1, 2, 3)])
def test_reductions(dim: tuple[int, ...]) -> None:
    x = _conv(IMAGE, 4)
    kept, dropped = graph_of(node(Sum(dim, True), x)), graph_of(node(Max(dim), x))
    assert operations(_after(kept)).count("transpose") <= 2
    names = operations(_after(dropped))
    assert names[:3] == ["transpose", "convolution", "max"]
    if dim in [(2, 3), (-1, -2), (1,)]:
        assert len(names) == 3  # the result's dims are in order: no transpose


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_indices_of_extremes(dim: int, keepdim: bool) -> None:
    _after(graph_of(node(Argmax(dim, keepdim), _conv(IMAGE, 4))))


def test_softmax_over_channels() -> None:
    x = _conv(IMAGE, 4)
    shifted = named("subtract", x, node(Max((1,), True), x))
    total = node(Sum((1,), True), shifted)
    assert _region(graph_of(named("subtract", shifted, total)))[1:] == [
        "max",
        "subtract",
        "sum",
        "subtract",
    ]


# ---------------------------------------------------------------------- transposes


def test_the_users_own_transposes_cancel() -> None:
    x = node(Transpose((0, 3, 1, 2)), _image(2, 6, 5, 3))
    graph = graph_of(node(Transpose((0, 2, 3, 1)), _conv(x, 4)))
    assert operations(_after(graph, "channels_last,eliminate_dead_nodes")) == ["convolution"]


def test_transposes_that_only_move_dims_of_size_1_are_reshapes() -> None:
    graph = graph_of(node(Reshape((2, 4)), _conv(_image(2, 1, 3, 3), 4, padding=0)))
    assert operations(_after(graph)) == ["reshape", "convolution", "reshape", "reshape"]


def test_a_head_reads_the_users_layout() -> None:
    x = node(Reshape((2, 4 * 6 * 5)), _conv(IMAGE, 4))
    graph = graph_of(node(DotGeneral((), (), (1,), (0,)), x, weight(_whole(120, 2))))
    assert operations(_after(graph)) == [
        "transpose",
        "convolution",
        "transpose",
        "reshape",
        "dot_general",
    ]


def test_values_in_both_forms_are_converted_once() -> None:
    x = _conv(IMAGE, 4)
    one, two = (node(Broadcast((2, 2, 4, 6, 5), (0, 2, 3, 4)), x) for _ in range(2))
    graph = graph_of(one, two, named("negative", x), x)
    assert operations(_after(graph)).count("transpose") == 3  # in, x and its negative


# ---------------------------------------------------------------------- pointwise

BOTH = "channels_last,pointwise_convolution"


@pytest.mark.parametrize("sizes", [(7,), (6, 5), (4, 5, 4)], ids=["1-D", "2-D", "3-D"])
def test_pointwise_convolutions_are_products(sizes: Sequence[int]) -> None:
    graph = graph_of(_conv(_image(2, 3, *sizes), 4, window=1, padding=0))
    after = _after(graph, f"{BOTH},fold_constants")
    assert operations(after) == ["transpose", "reshape", "dot_general", "reshape", "transpose"]
    assert after.constants["conv.weight"].type.shape == (3, 4)


@pytest.mark.parametrize("stride", [2, 3])
def test_a_stride_becomes_a_slice(stride: int) -> None:
    graph = graph_of(_conv(IMAGE, 4, window=1, padding=0, stride=stride))
    after = _after(graph, f"{BOTH},fold_constants")
    assert operations(after)[1:3] == ["slice", "reshape"]


@pytest.mark.parametrize(
    "options",
    [{"window": 2, "padding": 0}, {"window": 1}, {"window": 1, "padding": 0, "groups": 3}],
)
def test_other_convolutions_stay(options: dict[str, int]) -> None:
    graph = graph_of(_conv(IMAGE, 3, **options))
    assert operations(_after(graph, BOTH)) == ["transpose", "convolution", "transpose"]


def test_channels_first_and_dilated_inputs_stay() -> None:
    graph = graph_of(_conv(IMAGE, 3, window=1, padding=0))
    assert operations(_after(graph, "pointwise_convolution")) == ["convolution"]
    op = Convolution((1, 1), ((0, 0),) * 2, (1, 1), 1, (2, 1))
    dilated = graph_of(node(op, IMAGE, weight(_whole(2, 3, 1, 1))))
    assert operations(_after(dilated, BOTH)) == ["transpose", "convolution", "transpose"]
