"""Parameters and layers that stay shared under several names."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from support.messages import message

TABLE = np.arange(15, dtype=np.float32).reshape(5, 3)


class Tied(fr.Module):
    """An embedding whose weight is also that of the head, as in GPT-2."""

    def __init__(self) -> None:
        self.wte = fr.Embedding(5, 3)
        self.head = fr.Linear(3, 5, bias=False)
        self.head.weight = self.wte.weight

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return self.head(self.wte(x))


def is_tied(net: Any) -> bool:
    return net.wte.weight is net.head.weight


def loaded() -> Tied:
    net = Tied()
    net.load_state_dict({"wte.weight": TABLE})
    return net


def test_state_dict_has_both_names() -> None:
    assert list(Tied().state_dict()) == ["wte.weight", "head.weight"]


@pytest.mark.parametrize("names", [["wte.weight"], ["head.weight"], ["head.weight", "wte.weight"]])
def test_one_of_the_names_is_enough(names: list[str]) -> None:
    net = Tied()
    assert net.load_state_dict({name: TABLE.copy() for name in names}) == (set(), set())
    assert is_tied(net)
    np.testing.assert_array_equal(net.wte.weight.numpy(), TABLE)


def test_missing_both_names_is_an_error() -> None:
    net = Tied()
    assert net.load_state_dict({}, strict=False) == ({"wte.weight", "head.weight"}, set())
    with pytest.raises(fr.ArgumentError) as caught:
        net.load_state_dict({})
    assert message(caught.value) == (
        "The names do not fit the parameters of Tied.\n"
        "Missing: wte.weight, head.weight.\n"
        "With strict=False, the names that fit are loaded."
    )


@pytest.mark.parametrize("strict", [True, False])
def test_values_that_differ_are_refused(strict: bool) -> None:
    net = loaded()
    other = TABLE.copy()
    other[4, 2] = np.nan
    with pytest.raises(fr.ArgumentError) as caught:
        net.load_state_dict({"wte.weight": TABLE, "head.weight": other}, strict)
    assert message(caught.value) == (
        "wte.weight and head.weight are names of one parameter of Tied, but the values given for "
        "them differ. Give one of them, or first assign a separate tensor to one of the two "
        "attributes."
    )
    np.testing.assert_array_equal(net.head.weight.numpy(), TABLE)
    assert net.load_state_dict({"wte.weight": other, "head.weight": other.copy()})[0] == set()
    net.head.weight = fr.zeros((5, 3))  # which unties them
    net.load_state_dict({"wte.weight": TABLE, "head.weight": TABLE + 1})
    np.testing.assert_array_equal(net.head.weight.numpy(), TABLE + 1)


@pytest.mark.parametrize("ending", ["safetensors", "npz"])
def test_files_keep_ties(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "folder" / f"net.{ending}"
    loaded().save_weights(path)
    net = Tied()
    assert net.load_weights(path) == (set(), set())
    assert is_tied(net)
    np.testing.assert_array_equal(net.head.weight.numpy(), TABLE)


def test_parameters_are_set_once() -> None:
    net = Tied()
    net.initialize_dummy_parameters()
    assert is_tied(net)
    np.testing.assert_array_equal(net.wte.weight.numpy(), TABLE)
    net.reset_parameters(3)
    assert is_tied(net)
    alone = Tied()
    alone.head.weight = fr.Parameter((5, 3))
    alone.reset_parameters(3)
    assert not is_tied(alone)
    np.testing.assert_array_equal(net.wte.weight.numpy(), alone.wte.weight.numpy())


class Counting(fr.Linear):
    resets = 0

    def reset_parameters(self, seed: int = 0) -> None:
        self.resets += 1
        super().reset_parameters(seed)


class Repeated(fr.Module):
    """A layer in several places, one of which is a network inside it."""

    def __init__(self) -> None:
        self.layer = Counting(2, 2)
        self.layers = [self.layer, fr.Sequential(self.layer)]
        self.layers += [self]

    def reset_parameters(self, seed: int = 0) -> None:
        super().reset_parameters(seed)
        self.layer.bias = np.zeros(2, np.float32)  # pyright: ignore[reportAttributeAccessIssue]


def test_a_layer_in_several_places_is_reset_once() -> None:
    net = Repeated()
    net.reset_parameters()
    assert net.layer.resets == 1
    assert list(net.state_dict()) == [
        *("layer.weight", "layer.bias", "layers.0.weight", "layers.0.bias"),
        *("layers.1.0.weight", "layers.1.0.bias"),
    ]
    assert net.layer.bias is not None
    assert net.layer.bias.tolist() == [0, 0]
    net.load_state_dict(
        {"layers.0.weight": [[1.0, 2.0], [3.0, 4.0]], "layers.1.0.bias": [5.0, 6.0]}
    )
    assert net.layer.weight.tolist() == [[1, 2], [3, 4]]
    assert net.layer.bias.tolist() == [5, 6]


def test_one_tensor_for_two_parameters_does_not_tie_them() -> None:
    net = fr.Sequential(fr.Linear(2, 2), fr.Linear(2, 2))
    ones, zeros = fr.ones((2, 2)), fr.zeros((2,))
    net.load_state_dict({"0.weight": ones, "1.weight": ones, "0.bias": zeros, "1.bias": zeros})
    net.load_state_dict({"0.bias": [1.0, 2.0], "1.bias": [3.0, 4.0]}, strict=False)
    assert net.state_dict()["0.weight"] is ones
    assert [net.state_dict()[name].tolist() for name in ("0.bias", "1.bias")] == [[1, 2], [3, 4]]
    np.testing.assert_array_equal(net.state_dict()["1.weight"].numpy(), np.ones((2, 2)))


def test_copies_keep_ties() -> None:
    assert is_tied(copy.deepcopy(loaded()))


def test_quantized_layers_share_the_weight() -> None:
    net = fr.quantize_module(loaded(), scheme="int8-weight-only")
    assert is_tied(net)
    assert list(net.state_dict())[:3] == ["wte.weight", "wte.weight_scale", "head.weight"]
    net.load_state_dict({"head.weight": TABLE + 1}, strict=False)
    np.testing.assert_array_equal(net.wte.weight.numpy(), TABLE + 1)


def test_a_program_has_the_weight_once() -> None:
    graph = trace(loaded(), [fr.InputInfo((2,), fr.int32)]).graph
    assert list(graph.constants) == ["wte.weight"]
