# pyright: basic, reportMissingImports=false
"""fr.quantized against torch's quantised kernels on the CPU: equal within one step of the output.

The count of elements that differ is printed (pytest -s) and recorded as a property of the test.
Where a CPU has no VNNI, fbgemm adds two products in 16 bits, which saturates for full ranges: torch
halves the range of activations for it (`reduce_range`), and so do these inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.ao import quantization
from torch.ao.nn import quantized as nnq
from torch.ao.nn.intrinsic import quantized as nniq
from torch.ao.nn.quantized import functional

import farrier as fr
from support.quantized import quantized

q = fr.quantized

# torch warns of every tensor that it quantises, and of the module that does so.
pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:torch.quantize_per_tensor, torch.quantize_per_channel:UserWarning"
    ),
    pytest.mark.filterwarnings("ignore:torch.ao.quantization is deprecated:DeprecationWarning"),
]

ENGINES = [name for name in torch.backends.quantized.supported_engines if name != "none"]
REDUCED = 127
"""The largest element of an input, in place of 255."""


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = request.param
    yield request.param
    torch.backends.quantized.engine = before


def activation(*shape: int, scale: float, zero_point: int) -> Any:
    """Return a quint8 tensor of reduced range."""
    integers = np.random.default_rng(shape).integers(0, REDUCED + 1, shape)
    floats = torch.from_numpy((integers - zero_point) * scale).float()
    return torch.quantize_per_tensor(floats, scale, zero_point, torch.quint8)


def weight(*shape: int, per_channel: bool, zero_point: int = 0) -> Any:
    """Return a qint8 tensor."""
    generator = np.random.default_rng(shape)
    integers = torch.from_numpy(generator.integers(-128, 128, shape)) - zero_point
    if not per_channel:
        return torch.quantize_per_tensor(integers * 0.0073, 0.0073, zero_point, torch.qint8)
    scales = torch.from_numpy(generator.uniform(0.001, 0.01, shape[0])).float()
    floats = integers * scales.reshape(-1, *(1 for _ in shape[1:]))
    zero_points = torch.zeros(shape[0], dtype=torch.int64)
    return torch.quantize_per_channel(floats, scales, zero_points, 0, torch.qint8)


def bias(size: int) -> Any:
    return torch.from_numpy(np.random.default_rng(size).normal(0, 2, size).astype(np.float32))


def ours(x: Any) -> fr.Tensor:
    """Return torch's quantised tensor as Farrier's."""
    integers = x.int_repr().numpy()
    if x.qscheme() == torch.per_tensor_affine:
        return quantized(integers, x.q_scale(), None, x.q_zero_point())
    scale = x.q_per_channel_scales().numpy().astype(np.float32)
    offset = x.q_per_channel_zero_points().numpy().astype(integers.dtype)
    return quantized(integers, fr.Tensor(scale), x.q_per_channel_axis(), fr.Tensor(offset))


def assert_within_a_step(
    result: fr.Tensor, expected: Any, record: Callable[[str, object], None], part: float = 0.01
) -> None:
    """Compare integers, scales and zero points, and record how many integers differ."""
    difference = np.abs(result.numpy().astype(int) - expected.int_repr().numpy())
    record("differing_elements", f"{(difference > 0).sum()} of {difference.size}")
    print(f"{(difference > 0).sum()} of {difference.size} elements differ")
    assert difference.max() <= 1
    assert (difference > 0).mean() <= part
    assert len(np.unique(expected.int_repr())) > 20
    assert np.float32(result.q_scale()) == np.float32(expected.q_scale())
    assert result.q_zero_point() == expected.q_zero_point()


# ---------------------------------------------------------------------- functions


@pytest.mark.parametrize("shape", [(64, 128), (3, 5, 128)])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("with_bias", [False, True])
def test_linear_equals_torchs(
    engine: str,
    shape: tuple[int, ...],
    per_channel: bool,
    with_bias: bool,
    record_property: Callable[[str, object], None],
) -> None:
    x, w = activation(*shape, scale=0.031, zero_point=60), weight(48, 128, per_channel=per_channel)
    b = bias(48) if with_bias else None
    offset = None if b is None else fr.Tensor(b)
    expected = functional.linear(x, w, b, 0.23, 117)
    result = q.linear(ours(x), ours(w), offset, 0.23, 117)
    assert_within_a_step(result, expected, record_property)
    packed = torch.ops.quantized.linear_prepack(w, b)
    relu = torch.ops.quantized.linear_relu(x, packed, 0.23, 117)
    mine = q.linear_relu(ours(x), q.linear_prepack(ours(w), offset), 0.23, 117)
    assert_within_a_step(mine, relu, record_property)


def test_linear_takes_scale_and_zero_point_from_the_input(
    engine: str, record_property: Callable[[str, object], None]
) -> None:
    x, w = activation(64, 32, scale=0.25, zero_point=100), weight(16, 32, per_channel=False)
    expected = functional.linear(x, w)
    assert_within_a_step(q.linear(ours(x), ours(w)), expected, record_property)


def test_linear_takes_a_zero_point_of_the_weight(
    record_property: Callable[[str, object], None],
) -> None:
    w = weight(16, 64, per_channel=False, zero_point=19)
    x = activation(32, 64, scale=0.031, zero_point=60)
    result = q.linear(ours(x), ours(w), None, 0.2, 128)
    assert_within_a_step(result, functional.linear(x, w, None, 0.2, 128), record_property)


SIZES = {1: (31,), 2: (13, 11), 3: (7, 6, 5)}
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "padding": {"padding": 1},
    "stride": {"stride": 2, "padding": 2},
    "dilation": {"dilation": 2, "padding": 1},
    "groups": {"groups": 2},
    "depthwise": {"groups": 8, "padding": 1},
}


@pytest.mark.parametrize("rank", SIZES)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("per_channel", [False, True])
def test_convolutions_equal_torchs(
    engine: str,
    rank: int,
    options: dict[str, Any],
    per_channel: bool,
    record_property: Callable[[str, object], None],
) -> None:
    x = activation(2, 8, *SIZES[rank], scale=0.031, zero_point=60)
    w = weight(16, 8 // options.get("groups", 1), *(3,) * rank, per_channel=per_channel)
    b = bias(16)
    theirs = getattr(functional, f"conv{rank}d")
    expected = theirs(x, w, b, **options, scale=0.19, zero_point=121)
    mine = getattr(q, f"conv{rank}d")
    result = mine(ours(x), ours(w), fr.Tensor(b), **options, scale=0.19, zero_point=121)
    assert_within_a_step(result, expected, record_property)


# ---------------------------------------------------------------------- layers


def set_up(layer: Any, per_channel: bool, scale: float, zero_point: int) -> Any:
    """Give torch's layer random parameters."""
    shape = layer.weight().shape
    layer.set_weight_bias(weight(*shape, per_channel=per_channel), bias(shape[0]))
    layer.scale, layer.zero_point = scale, zero_point
    return layer


LAYERS: dict[str, tuple[Callable[[], Any], Callable[[], Any], tuple[int, ...]]] = {
    "Linear": (lambda: nnq.Linear(40, 24), lambda: q.QuantizedLinear(40, 24), (9, 40)),
    "LinearReLU": (
        lambda: nniq.LinearReLU(40, 24),
        lambda: q.QuantizedLinearReLU(40, 24),
        (9, 40),
    ),
    "Conv1d": (
        lambda: nnq.Conv1d(8, 16, 5, stride=2, padding=2),
        lambda: q.QuantizedConv(8, 16, (5,), ((2, 2),), (2,)),
        (2, 8, 31),
    ),
    "Conv2d": (
        lambda: nnq.Conv2d(8, 16, (3, 2), dilation=2, groups=4),
        lambda: q.QuantizedConv(8, 16, (3, 2), dilation=(2, 2), groups=4),
        (2, 8, 9, 7),
    ),
    "ConvReLU2d": (
        lambda: nniq.ConvReLU2d(8, 16, 3, padding=1),
        lambda: q.QuantizedConvReLU(8, 16, (3, 3), ((1, 1), (1, 1))),
        (2, 8, 9, 7),
    ),
    "Conv3d": (
        lambda: nnq.Conv3d(8, 16, 3),
        lambda: q.QuantizedConv(8, 16, (3, 3, 3)),
        (1, 8, 5, 6, 7),
    ),
}


# torch 2.13's qnnpack cannot unpack what Conv3d packed, so that there is no state_dict.
PAIRS = [
    (engine, name)
    for engine in ENGINES
    for name in LAYERS
    if (engine, name) != ("qnnpack", "Conv3d")
]


@pytest.mark.parametrize(("engine", "name"), PAIRS, indirect=["engine"])
@pytest.mark.parametrize("per_channel", [False, True])
def test_layers_load_torchs_state_dict(
    engine: str, name: str, per_channel: bool, record_property: Callable[[str, object], None]
) -> None:
    make, mine, shape = LAYERS[name]
    layer = set_up(make(), per_channel, 0.21, 33)
    x = activation(*shape, scale=0.031, zero_point=60)
    loaded = mine()
    assert loaded.load_state_dict(layer.state_dict()) == (set(), set())
    assert_within_a_step(loaded(ours(x)), layer(x), record_property)
    assert loaded.weight_scale.shape == ((layer.weight().shape[0],) if per_channel else ())


def test_quantized_tensors_are_not_plain_tensors() -> None:
    x = activation(2, 3, scale=0.5, zero_point=3)
    with pytest.raises(fr.DtypeError, match=r"Pass x.int_repr\(\) or x.dequantize\(\)"):
        fr.Tensor(x)
    assert fr.Tensor(x.int_repr()).tolist() == x.int_repr().tolist()


# ---------------------------------------------------------------------- whole networks


def float_network() -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        quantization.QuantStub(),
        torch.nn.Conv2d(3, 8, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(8, 16, 3),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(64, 10),
        quantization.DeQuantStub(),
    ).eval()


def farrier_network(fused: bool) -> Any:
    """Return the same network; if fused, ReLUs are part of the layer before, and do nothing."""
    layer_class = q.QuantizedConvReLU if fused else q.QuantizedConv
    relu: Any = (lambda x: x) if fused else q.relu
    return fr.Sequential(
        q.Quantize(1.0, 0, fr.uint8),
        layer_class(3, 8, (3, 3), padding=((1, 1), (1, 1))),
        relu,
        lambda x: q.apply(lambda x: fr.maxpool(x, (2, 2), stride=(2, 2)), x),
        layer_class(8, 16, (3, 3)),
        relu,
        lambda x: q.flatten(x, 1),
        q.QuantizedLinear(64, 10),
        q.DeQuantize(),
    )


@pytest.mark.filterwarnings("ignore:Please use quant_min and quant_max:UserWarning")
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("backend", ["x86", "qnnpack"])
def test_a_network_that_torch_quantised_is_taken_over(
    fused: bool, backend: str, record_property: Callable[[str, object], None]
) -> None:
    """Torch calibrates and converts it; one load_state_dict takes over its weights."""
    before, torch.backends.quantized.engine = torch.backends.quantized.engine, backend
    try:
        net = float_network()
        if fused:
            net = quantization.fuse_modules(net, [["1", "2"], ["4", "5"]])
        net.qconfig = quantization.get_default_qconfig(backend)
        quantization.prepare(net, inplace=True)
        x = torch.randn(64, 3, 8, 8)
        net(x)
        quantization.convert(net, inplace=True)
        expected = net(x).numpy()
    finally:
        torch.backends.quantized.engine = before
    mine = farrier_network(fused)
    assert mine.load_state_dict(net.state_dict()) == (set(), set())
    step = mine[7].scale.item()
    compiled = fr.compile(mine, args=[fr.InputInfo(tuple(x.shape), fr.float32)], target="cpu")
    for result in (mine(fr.Tensor(x)).numpy(), np.asarray(compiled(fr.Tensor(x)))):
        difference = np.rint(np.abs(result - expected) / step)
        record_property("differing_elements", f"{(difference > 0).sum()} of {difference.size}")
        print(f"{(difference > 0).sum()} of {difference.size} elements differ")
        # A layer's step moves the next layer's sums by less than a step of theirs.
        assert difference.max() <= 1
        assert (difference > 0).mean() < 0.1
