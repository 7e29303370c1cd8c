"""Parameter: shape and data type at once, the value later."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message


def test_shape_and_type_are_known_at_once() -> None:
    parameter = fr.Parameter((4, 3), fr.float16, name="weight")
    assert isinstance(parameter, fr.Tensor)
    assert (parameter.shape, parameter.dtype, parameter.name) == ((4, 3), fr.float16, "weight")
    assert repr(parameter) == "tensor(<weight>, dtype=float16, loc=cpu:0, shape=(4, 3))"


def test_defaults() -> None:
    assert fr.Parameter(()).dtype is fr.float32
    assert fr.Parameter(list(np.ones((2, 0)).shape)).shape == (2, 0)


def test_shapes_of_results_need_no_values() -> None:
    parameter = fr.Parameter((4, 3))
    assert fr.tanh(parameter + 1.0).shape == (4, 3)
    assert fr.Linear(3, 4)(fr.ones((2, 3))).shape == (2, 4)


def test_evaluating_an_unset_parameter_names_it() -> None:
    class Net(fr.Module):
        def __init__(self) -> None:
            self.fc = fr.Linear(3, 4)

    net = Net()
    for unset in (net.fc.weight, net.fc(fr.ones((2, 3)))):
        with pytest.raises(fr.FarrierError) as raised:
            unset.numpy()
        assert "'fc.weight', float32 (4, 3)" in message(raised.value)


def test_names_are_those_of_the_outermost_module() -> None:
    class Inner(fr.Module):
        def __init__(self) -> None:
            self.layers: list[fr.Module] = []
            self.layers.append(fr.Linear(1, 1))

    class Outer(fr.Module):
        def __init__(self) -> None:
            self.inner = Inner()

    assert [tensor.name for tensor in Outer().state_dict().values()] == [
        "inner.layers.0.weight",
        "inner.layers.0.bias",
    ]


def test_names_in_a_sequential_are_those_of_its_layers() -> None:
    net = fr.Sequential({"a": fr.Linear(2, 2), "b": fr.Sequential(fr.Linear(2, 2))})
    assert repr(net.a.weight) == "tensor(<a.weight>, dtype=float32, loc=cpu:0, shape=(2, 2))"
    net.a = fr.Linear(2, 2, bias=False)
    named = net.state_dict()
    assert list(named) == ["a.weight", "b.0.weight", "b.0.bias"]
    assert [tensor.name for tensor in named.values()] == list(named)
    net.modules = {"c": fr.Linear(1, 1, bias=False)}
    assert [tensor.name for tensor in net.state_dict().values()] == ["c.weight"]


def test_inputs_kept_in_attributes_keep_their_names() -> None:
    module: Any = fr.Module()
    seen = fr.Tensor.of(fr.Parameter((2,), name="x").value)
    module.seen = seen
    assert seen.name == "x"


@pytest.mark.parametrize("shape", [3, "ab", (2, -1), (2.0,), None, (None,)])
def test_bad_shapes(shape: Any) -> None:
    with pytest.raises(fr.ArgumentError) as raised:
        fr.Parameter(shape)
    assert message(raised.value) == (
        f"A Parameter's shape is a tuple of integers >= 0, not {shape!r}."
    )
    assert "fr.Parameter(shape)" in str(raised.value)


@pytest.mark.parametrize("data", [fr.ones((2,)), np.ones(2, np.int32)])
def test_data_are_not_a_shape(data: Any) -> None:
    with pytest.raises(fr.ArgumentError) as raised:
        fr.Parameter(data)
    assert message(raised.value) == (
        f"A Parameter is made from a shape, but got a {type(data).__name__}. Assign a Tensor of "
        "the values to the Module's attribute: every tensor there is a parameter."
    )


def test_bad_type() -> None:
    with pytest.raises(fr.DtypeError) as raised:
        fr.Parameter((2,), np.complex64)
    assert message(raised.value) == (
        "A Parameter needs a data type such as fr.float32, not <class 'numpy.complex64'>."
    )
