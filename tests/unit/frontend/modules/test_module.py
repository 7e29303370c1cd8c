"""Module: discovery of parameters and children, their values and attributes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import farrier as fr
from support.foreign import Foreign
from support.messages import message
from support.modules import Classifier, values


class Leaf(fr.Module):
    def __init__(self, size: int = 2) -> None:
        self.param: fr.Tensor = fr.Parameter((size,))

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return x + self.param


class Pair(NamedTuple):
    first: Any
    second: Any


class Nested(fr.Module):
    """Parameters and modules in every container that may hold them."""

    def __init__(self) -> None:
        self.leaf = Leaf()
        self.own: fr.Tensor = fr.Parameter((3,))
        self.listed: list[Any] = [fr.Parameter((1,)), Leaf(), "text", 3]
        self.tupled = (Leaf(), fr.Parameter((4,)))
        self.named = Pair(fr.Parameter((5,)), Leaf())
        self.nets: dict[Any, Any] = {"dict_net": {"params": Leaf()}, 7: Leaf(), "none": None}
        self.function: Callable[..., Any] = fr.relu


NESTED_NAMES = [
    "own",
    "listed.0",
    "tupled.1",
    "named.0",
    "leaf.param",
    "listed.1.param",
    "tupled.0.param",
    "named.1.param",
    "nets.dict_net.params.param",
    "nets.7.param",
]


# ---------------------------------------------------------------------- parameters and children


def test_state_dict_reaches_lists_tuples_and_dicts() -> None:
    net = Nested()
    state = net.state_dict()
    assert list(state) == NESTED_NAMES
    assert state["own"] is net.own
    assert state["listed.0"] is net.listed[0]
    assert state["nets.dict_net.params.param"] is net.nets["dict_net"]["params"].param


def test_named_parameters_are_the_modules_own() -> None:
    names = [name for name, _ in Nested().named_parameters()]
    assert names == ["own", "listed.0", "tupled.1", "named.0"]


def test_named_children_are_immediate() -> None:
    net = Nested()
    assert dict(net.named_children()) == {
        "leaf": net.leaf,
        "listed.1": net.listed[1],
        "tupled.0": net.tupled[0],
        "named.1": net.named.second,
        "nets.dict_net.params": net.nets["dict_net"]["params"],
        "nets.7": net.nets[7],
    }


def test_a_reference_to_the_parent_is_not_a_child() -> None:
    outer: Any = Leaf()
    outer.inner = Leaf()
    outer.inner.parent = outer
    assert list(outer.state_dict()) == ["param", "inner.param"]
    assert repr(outer) == (
        "Leaf(\n"
        "    param: Parameter = (shape=(2,), dtype=float32),\n"
        "    inner: Module = Leaf(\n"
        "        param: Parameter = (shape=(2,), dtype=float32),\n"
        "        parent: Module = ...,\n"
        "    ),\n"
        ")"
    )


def test_a_module_under_two_names_has_both() -> None:
    net: Any = fr.Module()
    net.first = net.second = Leaf()
    assert list(net.state_dict()) == ["first.param", "second.param"]


def test_modules_can_be_copied() -> None:
    net = Nested()
    net.initialize_dummy_parameters()
    twin = copy.deepcopy(net)
    twin.own = fr.zeros((3,))
    assert list(twin.state_dict()) == NESTED_NAMES
    assert net.own.tolist() == [0, 1, 2]


# ---------------------------------------------------------------------- load_state_dict


def test_load_state_dict_replaces_by_identity_everywhere() -> None:
    net = Nested()
    given = {name: fr.Tensor(array) for name, array in values(net).items()}
    assert net.load_state_dict(given) == (set(), set())
    for name, tensor in net.state_dict().items():
        assert tensor is given[name]
    assert isinstance(net.named, Pair)
    assert type(net.tupled) is tuple


def test_load_state_dict_shares_the_memory_of_arrays() -> None:
    array = np.arange(2, dtype=np.float32)
    for given in (array, Foreign(array)):
        net = Leaf()
        net.load_state_dict({"param": given})
        assert np.shares_memory(net.param.numpy(), array)


def test_load_state_dict_takes_numbers() -> None:
    net: Any = fr.Module()
    net.half, net.scalar = fr.Parameter((2,), fr.float16), fr.Parameter((), fr.int64)
    net.load_state_dict({"half": [1, 2.5], "scalar": 3})
    assert repr(net.half) == "tensor([1, 2.5], dtype=float16, loc=cpu:0, shape=(2,))"
    assert repr(net.scalar) == "tensor(3, dtype=int64, loc=cpu:0, shape=())"


def test_load_state_dict_without_strict() -> None:
    net = Nested()
    given = values(net)
    del given["own"]
    unmatched = net.load_state_dict(given | {"other": 1, "leaf.bias": 2}, strict=False)
    assert unmatched == ({"own"}, {"other", "leaf.bias"})
    assert net.leaf.param.tolist() == [7, 7]


def test_counters_of_batches_are_ignored() -> None:
    norm = fr.BatchNorm(2)
    given = values(norm) | {"num_batches_tracked": np.array(3)}
    assert norm.load_state_dict(given) == (set(), set())

    counter: Any = fr.Module()
    counter.num_batches_tracked = fr.Parameter((), fr.int64)
    counter.load_state_dict({"num_batches_tracked": np.array(3)})
    assert counter.num_batches_tracked.item() == 3


def test_strict_mismatch() -> None:
    given = values(Classifier())
    given["fc.wieght"] = given.pop("fc.weight")
    del given["conv.bias"]
    with pytest.raises(fr.ArgumentError) as raised:
        Classifier().load_state_dict(given | {"extra": 1})
    assert message(raised.value) == (
        "The names do not fit the parameters of Classifier.\n"
        "Missing: conv.bias, fc.weight.\n"
        "Unknown: fc.wieght (did you mean fc.weight?), extra.\n"
        "With strict=False, the names that fit are loaded."
    )
    assert "test_module.py" in str(raised.value)


def test_strict_mismatch_lists_twenty_names() -> None:
    net: Any = fr.Module()
    net.parts = [fr.Parameter((1,)) for _ in range(22)]
    with pytest.raises(fr.ArgumentError) as raised:
        net.load_state_dict({})
    listed = ", ".join(f"parts.{index}" for index in range(20))
    assert message(raised.value) == (
        "The names do not fit the parameters of Module.\n"
        f"Missing: {listed} and 2 more.\n"
        "With strict=False, the names that fit are loaded."
    )


BAD_VALUES: list[tuple[Any, type[Exception], str]] = [
    (
        np.ones((3, 4), np.float32),
        fr.ShapeError,
        "fc.weight is float32 (4, 3), but the value given is float32 (3, 4). "
        "Pass a value of shape (4, 3).",
    ),
    (
        np.ones((4, 3), np.float64),
        fr.DtypeError,
        "fc.weight is float32 (4, 3), but the value given is float64 (4, 3). Values are not cast "
        "silently: pass fr.Tensor(x, fr.float32), or make the layer with dtype=fr.float64.",
    ),
    (
        fr.Tensor(np.ones((4, 3), np.float16)),
        fr.DtypeError,
        "fc.weight is float32 (4, 3), but the value given is float16 (4, 3). Values are not cast "
        "silently: pass x.cast(fr.float32), or make the layer with dtype=fr.float16.",
    ),
    (
        "text",
        fr.ArgumentError,
        "fc.weight is float32 (4, 3). A str cannot become a tensor. Pass a number, nested lists, "
        "or an array of numpy, torch, jax or any library that speaks DLPack.",
    ),
]


@pytest.mark.parametrize(("value", "error", "text"), BAD_VALUES)
def test_values_that_do_not_fit_change_nothing(
    value: Any, error: type[Exception], text: str
) -> None:
    net = Classifier()
    before = net.state_dict()
    with pytest.raises(error) as raised:
        net.load_state_dict(values(net) | {"fc.weight": value})
    assert message(raised.value) == text
    after = net.state_dict()
    assert all(after[name] is before[name] for name in before)


def test_all_values_that_do_not_fit_are_listed() -> None:
    net: Any = fr.Module()
    net.parts = [fr.Parameter((1,), fr.float16) for _ in range(22)]
    given = {f"parts.{index}": np.ones(2, np.float16) for index in range(22)}
    with pytest.raises(fr.ShapeError) as raised:
        net.load_state_dict(given)
    assert message(raised.value).splitlines() == [
        *(
            f"parts.{index} is float16 (1,), but the value given is float16 (2,). "
            "Pass a value of shape (1,)."
            for index in range(20)
        ),
        "And 2 more.",
    ]


def test_half_precision_is_not_cast() -> None:
    net = fr.Linear(2, 1, bias=False, dtype=fr.float16)
    with pytest.raises(fr.DtypeError) as raised:
        net.load_state_dict({"weight": np.ones((1, 2), np.float32)})
    assert message(raised.value) == (
        "weight is float16 (1, 2), but the value given is float32 (1, 2). Values are not cast "
        "silently: pass fr.Tensor(x, fr.float16), or make the layer with dtype=fr.float32."
    )
    net.load_state_dict({"weight": fr.Tensor(np.ones((1, 2), np.float32), fr.float16)})


def test_numbers_that_do_not_fit() -> None:
    net: Any = fr.Module()
    net.count = fr.Parameter((1,), fr.int8)
    with pytest.raises(fr.DtypeError) as raised:
        net.load_state_dict({"count": [300]})
    assert message(raised.value) == "count is int8 (1,). [300] does not fit into int8."


def test_no_mapping() -> None:
    with pytest.raises(fr.ArgumentError) as raised:
        Leaf().load_state_dict([1])  # pyright: ignore[reportArgumentType]
    assert message(raised.value) == (
        "Parameters are loaded from a mapping of names to values, not list."
    )


# ---------------------------------------------------------------------- attributes


def test_assigning_to_a_parameter_takes_arrays() -> None:
    net = fr.Linear(3, 2)
    array = np.ones((2, 3), np.float32)
    net.weight = array  # pyright: ignore[reportAttributeAccessIssue]
    net.bias = [1, 2]  # pyright: ignore[reportAttributeAccessIssue]
    assert np.shares_memory(net.weight.numpy(), array)
    assert repr(net.bias) == "tensor([1, 2], dtype=float32, loc=cpu:0, shape=(2,))"


def test_assigning_a_tensor_keeps_it() -> None:
    net, tensor = Leaf(), fr.ones((2,))
    net.param = tensor
    assert net.param is tensor


def test_assigning_another_shape_or_type() -> None:
    net = Leaf()
    with pytest.raises(fr.ShapeError) as shape:
        net.param = fr.ones((3,))
    assert message(shape.value) == (
        "Leaf.param is float32 (2,), but the value given is float32 (3,). "
        "Pass a value of shape (2,)."
    )
    assert "  param: float32 (2,), made here:\n" in str(shape.value)
    with pytest.raises(fr.DtypeError) as raised:
        net.param = np.ones(2, np.int32)  # pyright: ignore[reportAttributeAccessIssue]
    assert message(raised.value) == (
        "Leaf.param is float32 (2,), but the value given is int32 (2,). Values are not cast "
        "silently: pass fr.Tensor(x, fr.float32), or make the layer with dtype=fr.int32."
    )


def test_parameters_can_be_removed() -> None:
    net = fr.Linear(3, 2)
    net.bias = None
    assert list(net.state_dict()) == ["weight"]
    del net.weight
    assert list(net.state_dict()) == []


def test_mistyped_attribute() -> None:
    net: Any = Classifier()
    with pytest.raises(AttributeError) as raised:
        _ = net.convv
    assert str(raised.value) == "Classifier has no attribute 'convv'. Did you mean: 'conv'?"
    with pytest.raises(AttributeError) as unlike:
        _ = net.zzz
    assert str(unlike.value) == "Classifier has no attribute 'zzz'."
    assert not hasattr(net, "__name__")


@pytest.mark.parametrize(
    ("layer", "name", "value"),
    [
        (fr.Linear(2, 3), "dtype", fr.float16),
        (fr.Linear(2, 3), "quant_dtype", fr.int8),
        (fr.Conv(2, 3, (1,), quant_dtype=fr.int8), "weight_quant_dim", 0),
        (fr.Conv(2, 2, (1,)), "groups", 2),
        (fr.Linear(2, 3), "in_features", 4),
        (fr.Embedding(2, 3), "num_embeddings", 4),
        (fr.BatchNorm(2), "num_features", 4),
        (fr.GroupNorm(1, 2), "num_channels", 4),
        (fr.InstanceNorm(2), "num_channels", 4),
        (fr.RMSNorm(2), "normalized_shape", (4,)),
        (fr.LayerNorm(2), "normalized_shape", (4,)),
        (fr.LayerNorm(2), "dtype", fr.float16),
        (fr.NLinear(2, 3, 4), "dtype", fr.float16),
        (fr.NLinear(2, 3, 4), "n", (3,)),
    ],
)
def test_what_parameters_are_made_by_is_fixed(layer: Any, name: str, value: Any) -> None:
    setattr(layer, name, getattr(layer, name))
    with pytest.raises(fr.ArgumentError) as caught:
        setattr(layer, name, value)
    assert message(caught.value) == (
        f"{type(layer).__name__}.{name} cannot change: the parameters were made with it. "
        "Make another layer."
    )
