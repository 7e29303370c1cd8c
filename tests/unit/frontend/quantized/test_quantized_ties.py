"""Weights that layers on quantised tensors share, each with scales of its own."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier.logger import logger
from support.messages import message

ONES = np.ones((3, 3), np.int8)


class Tied(fr.Module):
    """Two layers with the same integers, but different scales."""

    def __init__(self) -> None:
        self.one = fr.quantized.QuantizedLinear(3, 3)
        self.two = fr.quantized.QuantizedLinear(3, 3)
        self.two.weight = self.one.weight

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        y = self.two(self.one(fr.quantize(x, 0.5, fr.uint8)))
        return fr.dequantize(y, 1.0, fr.float32)


def used() -> Tied:
    """Return layers whose weights have become tensors that know their scales."""
    net = Tied()
    net.reset_parameters()
    net.two.weight_scale = fr.Tensor(0.5)
    assert net.state_dict()["two.weight"].q_scale() == 0.5
    return net


@pytest.mark.parametrize("name", ["one.weight", "two.weight"])
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))]
)
def test_one_name_is_enough(name: str, copied: Callable[[Tied], Tied]) -> None:
    net = copied(used())
    given = {key: tensor.numpy() for key, tensor in used().state_dict().items()}
    del given["one.weight"], given["two.weight"]
    assert net.load_state_dict({**given, name: ONES}) == (set(), set())
    state = net.state_dict()
    for key in ("one.weight", "two.weight"):
        np.testing.assert_array_equal(state[key].numpy(), ONES)
    assert state["one.weight"].q_scale() != state["two.weight"].q_scale() == 0.5


def test_values_that_differ_are_refused() -> None:
    with pytest.raises(fr.ArgumentError) as caught:
        used().load_state_dict({"one.weight": ONES, "two.weight": -ONES}, strict=False)
    assert message(caught.value) == (
        "one.weight and two.weight are names of one parameter of Tied, but the values given for "
        "them differ. Give one of them, or first assign a separate tensor to one of the two "
        "attributes."
    )


def test_reset_ties_again() -> None:
    net = used()
    net.two.weight = fr.Tensor(-ONES)  # which unties them
    net.load_state_dict({"one.weight": ONES}, strict=False)
    assert net.two.weight.tolist() == (-ONES).tolist()
    net.two.weight = net.one.weight
    net.reset_parameters(seed=1)
    assert net.load_state_dict({"two.weight": ONES}, strict=False)[0].isdisjoint({"one.weight"})
    assert net.one.weight.tolist() == ONES.tolist()


def test_an_assigned_weight_brings_its_scale() -> None:
    one, two = used().one, fr.quantized.QuantizedLinear(3, 3)
    one.weight_scale = fr.Tensor(0.25)
    assert one.state_dict()["weight"].q_scale() == 0.25
    two.weight = one.weight
    assert two.weight_scale.tolist() == 0.25
    two.load_state_dict({"weight": fr.quantize(fr.ones((3, 3)), 0.5, fr.int8)}, strict=False)
    assert (two.weight_scale.tolist(), two.weight.tolist()) == (0.5, (2 * ONES).tolist())


def test_scales_cause_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(logger, "warning", lambda text, **_: warnings.append(text))
    trace(used(), [fr.InputInfo((2, 3), fr.float32)])
    assert warnings == []
