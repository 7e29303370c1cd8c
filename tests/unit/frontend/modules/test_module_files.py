"""Saving and loading the weights of modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message
from support.modules import Classifier, values


@pytest.mark.parametrize("ending", ["safetensors", "npz"])
def test_weights_round_trip(tmp_path: Any, ending: str) -> None:
    net, twin = Classifier(), Classifier()
    net.reset_parameters(1)
    net.save_weights(tmp_path / f"net.{ending}")
    assert twin.load_weights(tmp_path / f"net.{ending}") == (set(), set())
    for name, tensor in net.state_dict().items():
        np.testing.assert_array_equal(twin.state_dict()[name].numpy(), tensor.numpy())


def test_load_weights_takes_mappings() -> None:
    net = Classifier()
    assert net.load_weights(values(net)) == (set(), set())
    assert net.load_weights({"other": 1}, strict=False) == (set(net.state_dict()), {"other"})


def test_load_weights_shows_the_users_line(tmp_path: Any) -> None:
    (tmp_path / "net.safetensors").write_bytes(b"")
    with pytest.raises(fr.ArtifactError) as raised:
        Classifier().load_weights(tmp_path / "net.safetensors")
    assert "        Classifier().load_weights(" in str(raised.value)


def test_unset_parameters_are_not_saved(tmp_path: Any) -> None:
    net = Classifier()
    net.fc.initialize_dummy_parameters()
    with pytest.raises(fr.ArgumentError) as raised:
        net.save_weights(tmp_path / "net.safetensors")
    assert message(raised.value) == (
        "These parameters are not set: conv.bias, conv.weight. Set them (load_state_dict, "
        "load_weights or reset_parameters) before they are saved."
    )
    assert list(tmp_path.iterdir()) == []
