"""Layers on quantised tensors: parameters, loading and errors."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier_compiler.graph import topological
from support.messages import message
from support.quantized import (
    OFFSETS as BIAS,
    SCALES as ROWS,
    Foreign,
    conv_state,
    drawn,
    foreign,
    linear_state,
    quantized,
)

q = fr.quantized

X = quantized(drawn(fr.uint8, 2, 6), 0.05, zero_point=128)
IMAGE = quantized(drawn(fr.uint8, 2, 4, 7, 7), 0.05, zero_point=128)


def weight_of(given: Foreign) -> fr.Tensor:
    """Return Farrier's quantised tensor with a foreign one's numbers."""
    zero_point = np.asarray(given.zero_point).astype(np.int8)
    return quantized(given.integers, fr.Tensor(given.scale), given.axis, fr.Tensor(zero_point))


# ---------------------------------------------------------------------- results


@pytest.mark.parametrize("axis", [None, 0])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(axis: int | None, bias: bool) -> None:
    weight, offset = foreign(4, 6, axis=axis), BIAS if bias else None
    packed = q.linear_prepack(weight_of(weight), fr.Tensor(BIAS) if bias else None)
    layer = q.QuantizedLinear(6, 4, bias=bias)
    assert layer.load_state_dict(linear_state(weight, bias=offset)) == (set(), set())
    expected = q.linear(X, packed, scale=0.1, zero_point=7)
    result = layer(X)
    assert result.tolist() == expected.tolist()
    assert (result.q_scale(), result.q_zero_point()) == (expected.q_scale(), 7)
    relu = q.QuantizedLinearReLU(6, 4, bias=bias)
    relu.load_state_dict(linear_state(weight, bias=offset))
    assert relu(X).tolist() == q.linear_relu(X, packed, 0.1, 7).tolist()


CONVOLUTIONS: list[tuple[tuple[int, ...], Any, Any, Any]] = [
    ((3,), q.conv1d, q.conv1d_prepack, q.conv1d_relu),
    ((3, 2), q.conv2d, q.conv2d_prepack, q.conv2d_relu),
    ((1, 3, 2), q.conv3d, q.conv3d_prepack, q.conv3d_relu),
]


@pytest.mark.parametrize(("kernel", "function", "prepack", "with_relu"), CONVOLUTIONS)
@pytest.mark.parametrize("axis", [None, 0])
@pytest.mark.parametrize("bias", [True, False])
def test_conv(
    kernel: tuple[int, ...],
    function: Any,
    prepack: Any,
    with_relu: Any,
    axis: int | None,
    bias: bool,
) -> None:
    rank = len(kernel)
    x = quantized(drawn(fr.uint8, 2, 4, *(7, 8, 5)[:rank]), 0.05, zero_point=100)
    weight = foreign(4, 2, *kernel, axis=axis)
    offset = BIAS if bias else None
    options: dict[str, Any] = {"stride": (2,) * rank, "dilation": (1,) * rank, "groups": 2}
    packed = prepack(
        weight_of(weight), fr.Tensor(BIAS) if bias else None, padding=(1,) * rank, **options
    )
    layers = [
        layer_class(4, 4, kernel, padding=((1, 1),) * rank, bias=bias, **options)
        for layer_class in (q.QuantizedConv, q.QuantizedConvReLU)
    ]
    for layer in layers:
        assert layer.load_state_dict(conv_state(weight, bias=offset)) == (set(), set())
    expected = function(x, packed, scale=0.1, zero_point=7)
    assert layers[0](x).tolist() == expected.tolist()
    assert layers[1](x).tolist() == with_relu(x, packed, 0.1, 7).tolist()


def test_a_layer_is_its_formula() -> None:
    layer = q.QuantizedLinear(6, 4)
    layer.load_state_dict(linear_state(foreign(4, 6, axis=0)))
    nodes = topological([layer(X.eval()).value])
    names = ["dequantize", "dequantize", "dot_general", "add", "quantize"]
    assert [node.op.name for node in nodes][-5:] == names


def test_quantize_and_dequantize() -> None:
    x = fr.Tensor([-1.0, 0.26, 100.0])
    layer = q.Quantize(0.5, 3, fr.uint8)
    result = layer(x)
    assert (result.tolist(), result.q_scale(), result.q_zero_point()) == ([1, 4, 203], 0.5, 3)
    assert q.DeQuantize()(result).tolist() == [-1.0, 0.5, 100.0]
    state = {"scale": np.array([0.25], np.float32), "zero_point": np.array([7], np.int64)}
    assert layer.load_state_dict(state) == (set(), set())
    assert layer(x).tolist() == [3, 8, 255]
    half = layer(fr.Tensor([1.0], fr.float16))
    assert q.DeQuantize()(half).dtype is fr.float16


# ---------------------------------------------------------------------- parameters


def network() -> Any:
    """Return a network of all kinds of layers, nested."""
    return fr.Sequential(
        q.Quantize(1.0, 0, fr.uint8),
        q.QuantizedConv(4, 4, (3, 3), stride=(2, 2)),
        q.relu,
        lambda x: q.flatten(x, 1),  # pyright: ignore[reportUnknownArgumentType]
        fr.Sequential(q.QuantizedLinear(36, 4)),
        q.DeQuantize(),
    )


def network_state() -> dict[str, Any]:
    return {
        "0.scale": np.array([0.05], np.float32),
        "0.zero_point": np.array([128], np.int64),
        **conv_state(foreign(4, 4, 3, 3, axis=0), "1."),
        **linear_state(foreign(4, 36), "4.0."),
    }


def test_one_state_dict_of_a_nested_network() -> None:
    net = network()
    assert net.load_state_dict(network_state()) == (set(), set())
    floats = fr.dequantize(IMAGE, 0.05, fr.float32, zero_point=128)
    kernel, weight = weight_of(foreign(4, 4, 3, 3, axis=0)), weight_of(foreign(4, 36))
    hidden = q.relu(q.conv2d(IMAGE, kernel, fr.Tensor(BIAS), 2, scale=0.1, zero_point=7))
    last = q.linear(q.flatten(hidden, 1), weight, fr.Tensor(BIAS), 0.1, 7)
    assert net(floats).tolist() == q.DeQuantize()(last).tolist()


def test_files_hold_integers_scales_and_zero_points(tmp_path: Path) -> None:
    net = network()
    net.load_state_dict(network_state())
    net.save_weights(tmp_path / "net.safetensors")
    stored = fr.weights.load(tmp_path / "net.safetensors")
    tensors = {name: (str(array.dtype), array.shape) for name, array in stored.items()}
    assert tensors == {
        "0.scale": ("float32", (1,)),
        "0.zero_point": ("int64", (1,)),
        "1.weight": ("int8", (4, 4, 3, 3)),
        "1.weight_scale": ("float32", (4,)),
        "1.weight_zero_point": ("int8", (4,)),
        "1.bias": ("float32", (4,)),
        "1.scale": ("float32", ()),
        "1.zero_point": ("int64", ()),
        "4.0.weight": ("int8", (4, 36)),
        "4.0.weight_scale": ("float32", ()),
        "4.0.weight_zero_point": ("int8", ()),
        "4.0.bias": ("float32", (4,)),
        "4.0.scale": ("float32", ()),
        "4.0.zero_point": ("int64", ()),
    }
    again = network()
    assert again.load_weights(tmp_path / "net.safetensors") == (set(), set())
    x = fr.randn((2, 4, 7, 7), seed=1)
    assert again(x).tolist() == net(x).tolist()
    for name, tensor in again.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), net.state_dict()[name].numpy())


def test_scales_of_both_shapes_follow_each_other() -> None:
    layer = q.QuantizedLinear(6, 4)
    for _ in range(2):
        for axis, shape in ((0, (4,)), (None, ())):
            layer.load_state_dict(linear_state(foreign(4, 6, axis=axis)))
            assert layer.weight_scale.shape == layer.weight_zero_point.shape == shape
    copied = copy.deepcopy(layer)
    copied.load_state_dict(linear_state(foreign(4, 6, axis=0)))
    assert (copied.weight_scale.shape, layer.weight_scale.shape) == ((4,), ())


def test_a_quantised_tensor_is_a_weight_too() -> None:
    given = foreign(4, 6, axis=0)
    one, other = q.QuantizedLinear(6, 4), q.QuantizedLinear(6, 4)
    one.load_state_dict(linear_state(given))
    other.load_state_dict(conv_state(weight_of(given)))
    assert one(X).tolist() == other(X).tolist()


def test_assigned_weights_bring_their_scales() -> None:
    weights: list[Any] = [foreign(4, 6, axis=0), weight_of(foreign(4, 6, axis=0))]
    for given in weights:
        layer: Any = q.QuantizedLinear(6, 4)
        layer.weight = given
        assert layer.weight_scale.tolist() == fr.Tensor(ROWS).tolist()
        assert layer.weight_zero_point.tolist() == [0, 3, -5, 0]
        assert layer.weight.tolist() == drawn(fr.int8, 4, 6).tolist()


def test_the_weight_tells_its_scales() -> None:
    layer: Any = q.QuantizedLinear(6, 4)
    layer.load_state_dict(linear_state(foreign(4, 6, axis=0)))
    weight = layer.state_dict()["weight"]
    assert weight.q_scale().tolist() == fr.Tensor(ROWS).tolist()
    assert layer.state_dict()["weight"] is weight
    layer.weight_scale, layer.weight_zero_point = 0.5, 0
    assert layer.state_dict()["weight"].q_scale() == 0.5
    assert layer(X).shape == (2, 4)
    changed = layer.state_dict() | {"weight_scale": fr.Tensor(0.25)}
    assert layer.load_state_dict(changed) == (set(), set())
    assert layer.state_dict()["weight"].q_scale() == 0.25
    assert layer.state_dict()["weight"].tolist() == weight.tolist()


def test_more_outputs_than_a_type_can_tell() -> None:
    count = 5000
    layer = q.QuantizedLinear(6, count)
    weight = Foreign(drawn(fr.int8, count, 6), np.full(count, 0.01), np.zeros(count, int), 0)
    layer.load_state_dict(linear_state(weight, bias=np.zeros(count, np.float32)))
    floats = fr.dequantize(fr.Tensor(weight.integers), 0.01, fr.float32)
    expected = fr.quantize(
        fr.dequantize(X, 0.05, fr.float32, zero_point=128) @ fr.permute(floats, (1, 0)),
        0.1,
        fr.uint8,
        zero_point=7,
    )
    assert layer(X).tolist() == expected.tolist()


def test_old_names_of_linear() -> None:
    """Version 1 of torch's layer had `weight` and `bias`."""
    layer = q.QuantizedLinear(6, 4)
    assert layer.load_state_dict(conv_state(foreign(4, 6))) == (set(), set())


def test_values_that_are_set_and_drawn() -> None:
    layer: Any = q.QuantizedLinear(6, 4)
    assert (layer.scale.item(), layer.zero_point.item(), layer.weight_zero_point.item()) == (
        1,
        0,
        0,
    )
    layer.reset_parameters(3)
    layer.scale, layer.zero_point = 0.02, 99
    result = layer(X)
    assert (result.q_scale(), result.q_zero_point()) == (float(np.float32(0.02)), 99)
    weight = fr.dequantize(layer.weight, layer.weight_scale, fr.float32).numpy()
    assert 0.8 * 6**-0.5 < np.abs(weight).max() <= 6**-0.5 * 1.01
    small: Any = q.QuantizedConv(4, 4, (3, 3), dtype=fr.uint8)
    small.reset_parameters()
    assert (small.weight.dtype, small.weight_zero_point.item()) == (fr.uint8, 128)
    assert small(IMAGE).shape == (2, 4, 5, 5)


def test_calls_need_no_values_and_dummies_are_usable() -> None:
    layer = q.QuantizedLinear(6, 4)
    assert layer(X).shape == (2, 4)
    with pytest.raises(fr.FarrierError) as raised:
        layer(X).eval()
    assert "The value of 'weight', int8 (4, 6), is not known" in message(raised.value)
    layer.initialize_dummy_parameters()
    assert layer(X).shape == (2, 4)
    assert layer.weight_scale.tolist() == 1


def test_repr() -> None:
    assert repr(q.QuantizedLinear(6, 4, bias=False)) == (
        "QuantizedLinear(\n"
        "    weight: Parameter = (shape=(4, 6), dtype=int8),\n"
        "    weight_scale: Parameter = (shape=(), dtype=float32),\n"
        "    weight_zero_point: Parameter = (shape=(), dtype=int8),\n"
        "    scale: Parameter = (shape=(), dtype=float32),\n"
        "    zero_point: Parameter = (shape=(), dtype=int64),\n"
        ")"
    )


# ---------------------------------------------------------------------- what is refused


def test_names_that_do_not_fit() -> None:
    net, given = network(), network_state()
    del given["4.0._packed_params._packed_params"]
    del given["1.scale"]
    with pytest.raises(fr.ArgumentError) as raised:
        net.load_state_dict(given)
    assert message(raised.value) == (
        "The names do not fit the parameters of Sequential.\n"
        "Missing: 1.scale, 4.0.weight, 4.0.weight_scale, 4.0.weight_zero_point, 4.0.bias.\n"
        "Unknown: 4.0._packed_params.dtype.\n"
        "With strict=False, the names that fit are loaded."
    )
    missing, unknown = net.load_state_dict(given, strict=False)
    assert missing == {
        "1.scale",
        "4.0.weight",
        "4.0.weight_scale",
        "4.0.weight_zero_point",
        "4.0.bias",
    }
    assert unknown == {"4.0._packed_params.dtype"}
    assert net[1].weight.tolist() == drawn(fr.int8, 4, 4, 3, 3).tolist()


def test_biases_that_do_not_fit() -> None:
    with pytest.raises(fr.ArgumentError) as missing:
        q.QuantizedLinear(6, 4).load_state_dict(linear_state(foreign(4, 6), bias=None))
    assert message(missing.value) == (
        "The names do not fit the parameters of QuantizedLinear.\n"
        "Missing: bias.\n"
        "With strict=False, the names that fit are loaded."
    )
    with pytest.raises(fr.ArgumentError) as unknown:
        q.QuantizedLinear(6, 4, bias=False).load_state_dict(linear_state(foreign(4, 6)))
    assert message(unknown.value) == (
        "The names do not fit the parameters of QuantizedLinear.\n"
        "Unknown: bias.\n"
        "With strict=False, the names that fit are loaded."
    )
