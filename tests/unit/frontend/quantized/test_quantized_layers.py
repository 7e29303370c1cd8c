"""Layers with quantised weights: formulas, parameters and errors."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier_compiler.graph import topological
from support.messages import message

LAYERS: dict[str, Callable[..., Any]] = {
    "Linear": lambda **options: fr.Linear(6, 4, **options),
    "Conv": lambda **options: fr.Conv(6, 4, (3, 3), padding=((1, 1), (1, 1)), **options),
    "ConvTranspose": lambda **options: fr.ConvTranspose(6, 4, (2, 2), stride=(2, 2), **options),
    "Embedding": lambda **options: fr.Embedding(6, 4, **options),
}
INPUTS = {"Linear": (3, 6), "Conv": (2, 6, 5, 5), "ConvTranspose": (2, 6, 5, 5)}


def draw(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).normal(0, 1, shape).astype(np.float32)


def argument(name: str) -> fr.Tensor:
    return (
        fr.Tensor([[0, 5, 3], [3, 3, 1]]) if name == "Embedding" else fr.Tensor(draw(*INPUTS[name]))
    )


def there_and_back(x: fr.Tensor, scale: Any, dtype: fr.dtype, dim: int | None = None) -> fr.Tensor:
    return fr.dequantize(fr.quantize(x, scale, dtype, dim), scale, x.dtype, dim)


# ---------------------------------------------------------------------- formulas


@pytest.mark.parametrize("dtype", [fr.int8, fr.int4, fr.float8])
@pytest.mark.parametrize("dim", [None, 0, 1])
@pytest.mark.parametrize("name", LAYERS)
def test_weight_only(name: str, dim: int | None, dtype: fr.dtype) -> None:
    layer = LAYERS[name](quant_dtype=dtype, weight_quant_dim=dim)
    layer.reset_parameters(3)
    plain = LAYERS[name]()
    plain.load_state_dict(layer.state_dict(), strict=False)
    plain.weight = there_and_back(layer.weight, layer.weight_scale, dtype, dim)
    result, expected = layer(argument(name)), plain(argument(name))
    np.testing.assert_array_equal(result.numpy(), expected.numpy())
    assert result.dtype is fr.float32


@pytest.mark.parametrize("name", INPUTS)
def test_with_an_input_scale(name: str) -> None:
    layer = LAYERS[name](quant_dtype=fr.int8, weight_quant_dim=1)
    layer.reset_parameters(3)
    before = layer(argument(name)).numpy()
    layer.input_scale = 0.5
    result = layer(argument(name)).numpy()
    assert np.abs(result - before).max() > 0.01
    layer.input_scale = 0.03125
    plain = LAYERS[name]()
    plain.load_state_dict(layer.state_dict(), strict=False)
    plain.weight = there_and_back(layer.weight, layer.weight_scale, fr.int8, 1)
    expected = plain(there_and_back(argument(name), 0.03125, fr.int8))
    np.testing.assert_array_equal(layer(argument(name)).numpy(), expected.numpy())


@pytest.mark.parametrize("name", ["Linear", "Embedding"])
@pytest.mark.parametrize("blocks", [(1, 1), (2, 3), (1, 2)])
def test_scales_of_blocks(name: str, blocks: tuple[int, int]) -> None:
    layer = LAYERS[name](quant_dtype=fr.int4)
    layer.reset_parameters(3)
    counts = blocks if name == "Linear" else blocks[::-1]
    if name == "Embedding":
        counts = (counts[0], 2)
    layer.weight_scale = np.abs(draw(*counts)) + 0.1
    plain = LAYERS[name]()
    plain.load_state_dict(layer.state_dict(), strict=False)
    plain.weight = there_and_back(layer.weight, layer.weight_scale, fr.int4)
    result, expected = layer(argument(name)), plain(argument(name))
    np.testing.assert_array_equal(result.numpy(), expected.numpy())


def test_embedding_of_a_scalar_and_of_no_tokens() -> None:
    layer = fr.Embedding(6, 4, quant_dtype=fr.int8, weight_quant_dim=0)
    layer.reset_parameters()
    assert layer(fr.Tensor(3)).shape == (4,)
    assert layer(fr.zeros((0, 2), fr.int32)).shape == (0, 2, 4)


@pytest.mark.parametrize("dtype", [fr.float16, fr.bfloat16, fr.float64])
def test_other_float_types(dtype: fr.dtype) -> None:
    layer = fr.Linear(6, 4, dtype=dtype, quant_dtype=fr.int8, weight_quant_dim=0)
    layer.reset_parameters()
    layer.input_scale = fr.Tensor(0.03125, dtype)
    assert layer.weight_scale is not None
    assert layer.weight_scale.dtype is dtype
    x = fr.Tensor(draw(3, 6).astype(dtype.numpy))
    plain = fr.Linear(6, 4, dtype=dtype)
    plain.load_state_dict(layer.state_dict(), strict=False)
    difference = layer(x).numpy().astype(float) - plain(x).numpy().astype(float)
    assert np.abs(difference).max() < 0.1


def test_without_quant_dtype_nothing_is_added() -> None:
    layer = fr.Linear(6, 4)
    assert (layer.quant_dtype, layer.weight_quant_dim) == (None, None)
    assert (layer.weight_scale, layer.input_scale) == (None, None)
    assert list(layer.state_dict()) == ["weight", "bias"]
    nodes = topological([layer(fr.Tensor(draw(3, 6))).value])
    assert [node.op.name for node in nodes] == ["dot_general", "add"]


# ---------------------------------------------------------------------- parameters


def test_parameters() -> None:
    layer = fr.Linear(6, 4, quant_dtype=fr.int8, weight_quant_dim=-2)
    assert repr(layer) == (
        "Linear(\n"
        "    weight: Parameter = (shape=(4, 6), dtype=float32),\n"
        "    bias: Parameter = (shape=(4,), dtype=float32),\n"
        "    weight_scale: Parameter = (shape=(4,), dtype=float32),\n"
        "    input_scale: Parameter = (shape=(), dtype=float32),\n"
        ")"
    )
    assert (layer.quant_dtype, layer.weight_quant_dim) == (fr.int8, 0)
    shapes = {name: tensor.shape for name, tensor in layer.state_dict().items()}
    assert shapes == {"weight": (4, 6), "bias": (4,), "weight_scale": (4,), "input_scale": ()}
    embedding = fr.Embedding(6, 4, quant_dtype=fr.int8)
    assert list(embedding.state_dict()) == ["weight", "weight_scale"]
    scales = fr.Conv(6, 4, (3, 3), quant_dtype=fr.int8, weight_quant_dim=0).weight_scale
    assert scales is not None
    assert scales.shape == (4,)


def test_the_input_scale_may_stay_unset(tmp_path: Path) -> None:
    layer: Any = fr.Sequential(fr.Linear(6, 4, quant_dtype=fr.int8))
    values = {"0.weight": draw(4, 6), "0.bias": draw(4), "0.weight_scale": 0.02}
    assert layer.load_state_dict(values) == (set(), set())
    layer(fr.Tensor(draw(3, 6))).eval()
    layer.save_weights(tmp_path / "net.safetensors")
    again: Any = fr.Sequential(fr.Linear(6, 4, quant_dtype=fr.int8))
    assert again.load_weights(tmp_path / "net.safetensors") == (set(), set())
    copied = copy.deepcopy(again)
    assert copied.load_state_dict(values | {"0.input_scale": 0.5}) == (set(), set())
    assert copied[0].input_scale.item() == 0.5
    del values["0.weight_scale"]
    with pytest.raises(fr.ArgumentError) as raised:
        again.load_state_dict(values)
    assert "Missing: 0.weight_scale." in message(raised.value)


def test_an_input_scale_that_is_set_must_be_given() -> None:
    layer: Any = fr.Linear(6, 4, quant_dtype=fr.int8)
    layer.input_scale = 0.5
    values = {"weight": draw(4, 6), "bias": draw(4), "weight_scale": 0.02}
    with pytest.raises(fr.ArgumentError) as raised:
        layer.load_state_dict(values)
    assert "Missing: input_scale." in message(raised.value)


def test_dummy_parameters_are_usable() -> None:
    layer = fr.Linear(6, 4, quant_dtype=fr.int8, weight_quant_dim=0)
    layer.initialize_dummy_parameters()
    assert layer.weight_scale is not None
    assert layer.weight_scale.tolist() == [1, 1, 1, 1]
    assert layer(fr.ones((1, 6))).tolist() == [[15, 52, 89, 126]]
    assert isinstance(layer.input_scale, fr.Parameter)


def test_reset_fits_the_scales() -> None:
    layer: Any = fr.Linear(6, 4, quant_dtype=fr.int4, weight_quant_dim=0)
    layer.reset_parameters(1)
    q = layer.quantized_weight()
    assert np.abs(q.numpy().astype(int)).max(axis=1).tolist() == [7, 7, 7, 7]
    layer.weight = fr.zeros((4, 6))
    layer.reset_scale()
    assert layer.weight_scale.tolist() == [1, 1, 1, 1]


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        (
            {"quant_dtype": fr.int32},
            fr.DtypeError,
            "Linear takes a quant_dtype of int8, uint8, int4, int16, uint16, float8, float8_e5m2, "
            "not int32.",
        ),
        (
            {"quant_dtype": "int8"},
            fr.DtypeError,
            "Linear takes a quant_dtype of int8, uint8, int4, int16, uint16, float8, float8_e5m2, "
            "not 'int8'.",
        ),
        (
            {"weight_quant_dim": 0},
            fr.ArgumentError,
            "Linear got weight_quant_dim=0, but no quant_dtype to quantize to.",
        ),
        (
            {"quant_dtype": fr.int8, "weight_quant_dim": 2},
            fr.ArgumentError,
            "Linear got weight_quant_dim=2, but its weight float32 (4, 6) has 2 dimensions.",
        ),
        (
            {"quant_dtype": fr.int8, "weight_quant_dim": "0"},
            fr.ArgumentError,
            "Linear takes an integer weight_quant_dim, not '0'.",
        ),
    ],
)
def test_refused(options: Any, error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as raised:
        LAYERS["Linear"](**options)
    assert message(raised.value) == text


def test_wrong_scales() -> None:
    layer: Any = fr.Linear(6, 4, quant_dtype=fr.int8)
    layer.reset_parameters()
    with pytest.raises(fr.ShapeError) as raised:
        layer.weight_scale = np.ones((3, 6), np.float32)
    assert message(raised.value) == (
        "Linear.weight_scale is float32 (), but the value given is float32 (3, 6). "
        "Pass a value of shape ()."
    )
    layer.weight_scale = 0.0
    with pytest.raises(fr.ArgumentError) as zero:
        layer(fr.ones((1, 6)))
    assert message(zero.value) == (
        "quantize got the scale 0.0. Scales must be finite and greater than 0."
    )


def test_an_unset_weight_scale_is_named() -> None:
    layer = fr.Linear(6, 4, quant_dtype=fr.int8)
    layer.weight = draw(4, 6)
    layer.bias = draw(4)
    result = layer(fr.ones((1, 6)))
    assert result.shape == (1, 4)
    with pytest.raises(fr.FarrierError) as raised:
        result.eval()
    assert "The value of 'weight_scale', float32 (), is not known" in message(raised.value)


# ---------------------------------------------------------------------- zero points


@pytest.mark.parametrize("name", INPUTS)
def test_with_a_zero_point(name: str) -> None:
    layer = LAYERS[name](quant_dtype=fr.int8, weight_quant_dim=1)
    layer.reset_parameters(3)
    layer.input_scale, layer.input_zero_point = 0.03125, -100
    plain = LAYERS[name]()
    plain.load_state_dict(layer.state_dict(), strict=False)
    plain.weight = there_and_back(layer.weight, layer.weight_scale, fr.int8, 1)
    q = fr.quantize(argument(name), 0.03125, fr.int8, zero_point=-100)
    expected = plain(fr.dequantize(q, 0.03125, fr.float32, zero_point=-100))
    np.testing.assert_array_equal(layer(argument(name)).numpy(), expected.numpy())


def test_a_zero_point_is_listed_once_it_is_set() -> None:
    layer: Any = fr.Linear(6, 4, quant_dtype=fr.uint8)
    assert isinstance(layer.input_zero_point, fr.Parameter)
    assert "input_zero_point" not in layer.state_dict()
    assert "input_zero_point" not in dict(layer.named_parameters())
    layer.input_zero_point = 128
    assert layer.state_dict()["input_zero_point"].tolist() == 128
    assert "    input_zero_point: Parameter = (shape=(), dtype=uint8),\n" in repr(layer)
    values = {"weight": draw(4, 6), "bias": draw(4), "weight_scale": 0.02, "input_scale": 0.5}
    again: Any = fr.Linear(6, 4, quant_dtype=fr.uint8)
    assert again.load_state_dict(values | {"input_zero_point": 3}) == (set(), set())
    assert again.input_zero_point.item() == 3
    assert fr.Linear(6, 4).input_zero_point is None
    assert fr.Linear(6, 4, quant_dtype=fr.float8).input_zero_point is None
    assert fr.Embedding(6, 4, quant_dtype=fr.int8).input_zero_point is None
    with pytest.raises(fr.ArgumentError) as raised:
        fr.Linear(6, 4, quant_dtype=fr.float8).load_state_dict(values | {"input_zero_point": 3})
    assert "Unknown: input_zero_point." in message(raised.value)
