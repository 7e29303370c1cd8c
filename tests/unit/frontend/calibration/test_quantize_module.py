"""quantize_module: the treatment of each layer, and the report."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.calibration import Users, draw, rows

SCHEMES = ["int8", "int8-weight-only", "int4-weight-only", "float8"]
OBSERVERS = ["minmax", "percentile", "mse"]


class Net(fr.Module):
    """A layer of each kind, an input that is never negative, and a layer that is used twice."""

    def __init__(self, dtype: fr.dtype = fr.float32) -> None:
        self.embedding = fr.Embedding(10, 64, dtype=dtype)
        self.conv = fr.Conv(4, 8, (3, 3), padding=((1, 1), (1, 1)), dtype=dtype)
        self.up = fr.ConvTranspose(8, 6, (2, 2), stride=(2, 2), dtype=dtype)
        self.heads = [fr.Linear(64, 16, dtype=dtype), fr.Linear(64, 16, dtype=dtype)]
        self.unused = fr.Linear(3, 3, dtype=dtype)

    def forward(self, tokens: fr.Tensor, image: fr.Tensor, shift: float = 0.0) -> fr.Tensor:
        words = self.heads[0](self.embedding(tokens) + shift)
        words = words + self.heads[0](fr.relu(self.embedding(tokens)) * 2)
        picture = self.up(fr.relu(self.conv(image)))
        return fr.sum(words) + fr.sum(picture) + fr.sum(self.heads[1](self.embedding(tokens)))


def net(dtype: fr.dtype = fr.float32) -> Net:
    network = Net(dtype)
    network.reset_parameters(3)
    return network


def inputs(seed: int = 0, dtype: fr.dtype = fr.float32) -> tuple[Any, Any]:
    tokens = np.random.default_rng(seed).integers(0, 10, (2, 5)).astype(np.int32)
    return tokens, draw(2, 4, 6, 6, seed=seed).astype(dtype.numpy)


def elements(tensor: fr.Tensor | None) -> Any:
    assert tensor is not None
    return tensor.numpy()


# ------------------------------------------------------------------ what layers get


def test_int8() -> None:
    model = net()
    small: Any = fr.quantize_module(model, [inputs(0), inputs(1)])
    assert type(small) is Net
    assert small.conv.quant_dtype is fr.int8
    for layer, dim in ((small.conv, 0), (small.up, 1), (small.heads[0], 0), (small.embedding, 0)):
        assert layer.weight_quant_dim == dim
        weight = np.moveaxis(layer.weight.numpy(), dim, 0)
        largest = np.abs(weight.reshape(len(weight), -1)).max(axis=1)
        np.testing.assert_allclose(elements(layer.weight_scale), largest / 127, rtol=1e-6)
    images = np.concatenate([inputs(seed)[1] for seed in (0, 1)])
    assert elements(small.conv.input_scale) == pytest.approx(np.abs(images).max() / 127)
    assert isinstance(small.conv.input_zero_point, fr.Parameter)  # unset: both sides are even
    largest = max(
        float(fr.max(fr.relu(model.conv(fr.Tensor(inputs(seed)[1])))).item()) for seed in (0, 1)
    )
    assert elements(small.up.input_scale) == pytest.approx(largest / 255)
    assert elements(small.up.input_zero_point) == -128
    assert small.embedding.input_scale is None


def test_the_model_stays_as_it_is() -> None:
    model = net()
    before, text = dict(vars(model.conv)), repr(model)
    tensors = list(model.state_dict().values())
    small: Any = fr.quantize_module(model, [inputs()])
    assert vars(model.conv) == before
    assert repr(model) == text
    assert all(a is b for a, b in zip(model.state_dict().values(), tensors, strict=True))
    assert small.conv.weight is model.conv.weight  # no second copy of the numbers
    small.conv.bias = np.zeros(8, np.float32)
    assert model.conv.bias is not small.conv.bias


@pytest.mark.parametrize("observer", OBSERVERS)
@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_choice(scheme: str, per_channel: bool, observer: str) -> None:
    small = fr.quantize_module(net(), [inputs()], scheme, per_channel, observer)
    bits = 4 if "int4" in scheme else 8
    least = {"int8": 30, "int8-weight-only": 35, "int4-weight-only": 12, "float8": 24}[scheme]
    report = rows(small)
    assert report["unused"].note == "never called"
    for name in ("conv", "up", "embedding", "heads.0", "heads.1"):
        row = report[name]
        assert row.quant_dtype is not None
        assert row.quant_dtype.bits == bits
        assert row.output_snr is not None
        assert row.output_snr > least
        assert (row.input_scale is not None) == ("only" not in scheme and name != "embedding")


@pytest.mark.parametrize("dtype", [fr.float16, fr.bfloat16, fr.float64])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_other_float_types(dtype: fr.dtype, scheme: str) -> None:
    model = net(dtype)
    small = fr.quantize_module(model, [inputs(dtype=dtype)], scheme)
    for layer in (small.conv, small.heads[0]):
        assert layer.weight_scale is not None
        assert layer.weight_scale.dtype is dtype
    assert rows(small)["conv"].bytes_before == 8 * 4 * 9 * dtype.bits // 8
    least = 12 if "int4" in scheme else 24
    assert all(row.output_snr > least for row in rows(small).values() if row.output_snr is not None)


def test_tiny_float16_weights_keep_a_scale() -> None:
    layer: Any = fr.Linear(16, 2, bias=False, dtype=fr.float16)
    layer.weight = np.full((2, 16), 6e-8, np.float16)
    small = fr.quantize_module(layer, scheme="int8-weight-only")
    assert (small.weight_scale.numpy() > 0).all()


@pytest.mark.parametrize(
    ("size", "per_channel", "shape", "block"),
    [
        (128, True, (8, 2), (1, 64)),
        (96, True, (8, 3), (1, 32)),
        (48, True, (8, 3), (1, 16)),
        (20, True, (8,), None),
        (128, False, (), None),
    ],
)
def test_blocks_of_int4(
    size: int, per_channel: bool, shape: tuple[int, ...], block: tuple[int, ...] | None
) -> None:
    layer: Any = fr.Linear(size, 8)
    layer.reset_parameters()
    small = fr.quantize_module(layer, None, "int4-weight-only", per_channel)
    assert small.weight_scale.shape == shape
    assert rows(small)[""].block == block
    if block is not None:
        parts = np.abs(layer.weight.numpy()).reshape(8, -1, block[1]).max(axis=2)
        np.testing.assert_allclose(small.weight_scale.numpy(), parts / 7, rtol=1e-6)


def test_percentile_and_mse_of_weights() -> None:
    layer: Any = fr.Linear(4096, 2, bias=False)
    layer.weight = weight = np.random.default_rng(0).standard_t(3, (2, 4096)).astype(np.float32)
    options: dict[str, Any] = {"scheme": "int8-weight-only", "observer": "percentile"}
    cut = fr.quantize_module(layer, percentile=99, **options)
    expected = np.quantile(np.abs(weight), 0.99, axis=1, method="higher") / 127
    np.testing.assert_allclose(cut.weight_scale.numpy(), expected, rtol=1e-6)
    layer.weight = draw(2, 4096)
    ratios = {
        observer: rows(fr.quantize_module(layer, None, "int4-weight-only", False, observer))
        for observer in OBSERVERS
    }
    best, plain = (ratios[observer][""].weight_snr for observer in ("mse", "minmax"))
    assert best is not None
    assert plain is not None
    assert best > plain + 1


# ------------------------------------------------------------------ batches


def test_forms_of_batches() -> None:
    tokens, image = inputs()
    given = (fr.Tensor(tokens), fr.Tensor(image))
    keywords = {"image": image, "tokens": tokens, "shift": 0.0}
    expected = fr.quantization_report(fr.quantize_module(net(), [(tokens, image)]))
    for batch in (given, keywords, (tokens, image, 0.0)):
        assert fr.quantization_report(fr.quantize_module(net(), [batch])) == expected
    layer: Any = fr.Linear(6, 4)
    layer.reset_parameters()
    one, other = draw(3, 6), fr.Tensor(draw(6))
    assert rows(fr.quantize_module(layer, [one, other]))[""].input_range == (one.min(), one.max())


def test_batches_are_used_once_and_one_at_a_time() -> None:
    seen: list[int] = []

    def batches() -> Iterator[Any]:
        for index in range(3):
            seen.append(index)
            yield inputs(index)

    small = fr.quantize_module(net(), batches())
    assert seen == [0, 1, 2]
    again = fr.quantize_module(net(), [inputs(index) for index in range(3)])
    assert fr.quantization_report(small) == fr.quantization_report(again)


def test_a_layer_that_is_used_twice_has_one_range() -> None:
    model = net()
    tokens, image = inputs()
    words = model.embedding(fr.Tensor(tokens)).numpy()
    both = np.concatenate([words, np.maximum(words, 0) * 2])
    row = rows(fr.quantize_module(model, [(tokens, image)]))["heads.0"]
    assert row.input_range == (both.min(), both.max())


def test_a_generator_that_calls_the_model() -> None:
    model = net()

    def batches() -> Iterator[Any]:
        model(*(fr.Tensor(x) for x in inputs(5)))
        yield inputs(0)

    small = fr.quantize_module(model, batches())
    assert rows(small)["conv"] == rows(fr.quantize_module(model, [inputs(0)]))["conv"]


# ------------------------------------------------------------------ classes of users


def test_derived_classes() -> None:
    model = Users()
    model.reset_parameters(1)
    x = draw(3, 6)
    report = rows(fr.quantize_module(model, [x]))
    assert report["scaled"].input_range == ((x * 3).min(), (x * 3).max())
    assert report["scaled"].class_name == "Scaled"
    assert (report["normalized"].quant_dtype, report["normalized"].note) == (
        None,
        "a forward of its own",
    )
    assert report["plain"].note == ""
    blind = rows(fr.quantize_module(model, scheme="int8-weight-only"))
    assert [row.note for row in blind.values()] == [
        "a forward of its own",
        "a forward of its own",
        "",
    ]
    told = rows(fr.quantize_module(model, [x], "int8-weight-only"))
    assert [row.quant_dtype for row in told.values()] == [fr.int8, None, fr.int8]


def test_layers_in_containers_and_made_in_forward() -> None:
    class Odd(fr.Module):
        def __init__(self) -> None:
            self.parts: Any = {"a": [fr.Linear(4, 4)], "b": (fr.relu, fr.Linear(4, 4))}
            self.above = self
            self.tied = self.parts["a"][0]

        def forward(self, x: fr.Tensor) -> fr.Tensor:
            layer = fr.Linear(4, 4)
            layer.load_state_dict(self.tied.state_dict())
            return self.parts["b"][1](layer(self.tied(x)))

    model = Odd()
    model.parts["a"][0].reset_parameters(0)
    model.parts["b"][1].reset_parameters(1)
    small = fr.quantize_module(model, [draw(2, 4)])
    assert list(rows(small)) == ["parts.a.0", "parts.b.1"]
    assert small.above is small
    assert small.tied is small.parts["a"][0]
    assert small.tied.quant_dtype is fr.int8


def test_layers_that_are_quantised_already_stay() -> None:
    model: Any = fr.Sequential(fr.Linear(6, 6, quant_dtype=fr.int4), fr.Linear(6, 6))
    model.reset_parameters()
    small = fr.quantize_module(model, [draw(2, 6)])
    first, second = fr.quantization_report(small).rows
    assert (first.quant_dtype, first.note, first.output_snr) == (fr.int4, "as it was", None)
    assert (first.bytes_before, first.bytes_after) == (22, 22)
    assert second.quant_dtype is fr.int8


def test_layers_of_integers_stay() -> None:
    model: Any = fr.Sequential(
        fr.Linear(3, 2, dtype=fr.int32), lambda x: fr.cast(x, fr.float32), fr.Linear(2, 2)
    )
    model.initialize_dummy_parameters()
    first, second = fr.quantization_report(
        fr.quantize_module(model, [np.ones((1, 3), np.int32)])
    ).rows
    assert (first.quant_dtype, first.note) == (None, "no floats of 16 bits")
    assert second.quant_dtype is fr.int8


# ------------------------------------------------------------------ what is saved


def test_state_dict_round_trip(tmp_path: Any) -> None:
    model: Any = fr.Sequential(fr.Linear(6, 8), fr.relu, fr.Linear(8, 4))
    model.reset_parameters(2)
    x = draw(3, 6)
    small = fr.quantize_module(model, [x])
    names = ["weight", "bias", "weight_scale", "input_scale"]
    assert list(small.state_dict()) == [
        *(f"0.{name}" for name in names),
        *(f"2.{name}" for name in (*names, "input_zero_point")),
    ]
    assert "input_zero_point: Parameter = (shape=(), dtype=int8)," in repr(small[2])
    small.save_weights(tmp_path / "small.safetensors")
    options: dict[str, Any] = {"quant_dtype": fr.int8, "weight_quant_dim": 0}
    again = fr.Sequential(fr.Linear(6, 8, **options), fr.relu, fr.Linear(8, 4, **options))
    assert again.load_weights(tmp_path / "small.safetensors") == (set(), set())
    np.testing.assert_array_equal(again(fr.Tensor(x)).numpy(), small(fr.Tensor(x)).numpy())
    copied = copy.deepcopy(small)
    assert fr.quantization_report(copied) == fr.quantization_report(small)
    np.testing.assert_array_equal(copied(fr.Tensor(x)).numpy(), small(fr.Tensor(x)).numpy())
