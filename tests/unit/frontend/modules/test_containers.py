"""Containers of parameters and layers: which have names, and how the others are refused."""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import weakref
from collections import ChainMap, OrderedDict, UserDict, UserList, defaultdict, deque
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
import pytest

import farrier as fr
from support.messages import message


class Leaf(fr.Module):
    def __init__(self) -> None:
        self.param: fr.Tensor = fr.Parameter((2,))


class Holder(fr.Module):
    """Holds anything in one attribute."""

    def __init__(self, held: Any = None) -> None:
        self.held = held


Key = enum.Enum("Key", {"FIRST": "first"}, type=str)  # whose text is Key.FIRST


class Slotted(fr.Module):
    __slots__ = ("leaf", "own", "unset")

    def __init__(self) -> None:
        self.leaf = Leaf()
        self.own: Any = fr.Parameter((3,))


class Window(tuple[Any, ...]):
    """A tuple that is not made from its items, and has an attribute."""

    def __new__(cls, *, start: Any, stop: Any) -> Self:
        window = super().__new__(cls, (start, stop))
        window.unit = "s"
        return window

    unit: str


class Inherited(fr.Module):
    leaf = Leaf()


class Layers(list[Any], fr.Module):
    """A Module that is also a list."""


class Link:
    """An object with one attribute, in a slot."""

    __slots__ = ("leaf",)

    def __init__(self, leaf: Any) -> None:
        self.leaf = leaf


@dataclasses.dataclass
class Block:
    leaf: Any
    width: int = 3


class Pair(NamedTuple):
    first: Any
    second: Any


def itself() -> Any:
    cycle: dict[str, Any] = {"leaf": Leaf(), "list": []}
    cycle["list"] += [cycle, cycle["list"], Leaf()]
    return cycle


NAMED: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "integers": (lambda: {0: Leaf(), 1: [Leaf()]}, ["held.0.param", "held.1.0.param"]),
    "numpy's": (lambda: {np.int64(3): fr.Parameter((1,))}, ["held.3"]),
    "negative": (lambda: {-1: Leaf()}, ["held.-1.param"]),
    "members of enums": (lambda: {Key.FIRST: Leaf()}, ["held.first.param"]),
    "deque": (lambda: deque([fr.Parameter((1,)), Leaf()]), ["held.0", "held.1.param"]),
    "OrderedDict": (lambda: OrderedDict(a=Leaf()), ["held.a.param"]),
    "defaultdict": (lambda: defaultdict(list, {"a": [Leaf()]}), ["held.a.0.param"]),
    "tuple made from names": (
        lambda: Window(start=Leaf(), stop=fr.Parameter((1,))),
        ["held.1", "held.0.param"],
    ),
    "named tuple": (lambda: Pair(Leaf(), fr.Parameter((1,))), ["held.1", "held.0.param"]),
    "nested": (lambda: {"a": [({4: Leaf()},)]}, ["held.a.0.0.4.param"]),
    "itself": (itself, ["held.leaf.param", "held.list.2.param"]),
}


@pytest.mark.parametrize("name", NAMED)
def test_containers_with_names_hold_parameters(name: str) -> None:
    make, names = NAMED[name]
    net = Holder(make())
    assert list(net.state_dict()) == names
    given = {
        name: fr.Tensor(np.full(t.shape, 5, np.float32)) for name, t in net.state_dict().items()
    }
    assert net.load_state_dict(given) == (set(), set())
    assert all(tensor is given[name] for name, tensor in net.state_dict().items())
    assert type(net.held) is type(make())


def test_containers_may_be_deeper_than_the_call_stack() -> None:
    held: Any = fr.ones((1,))
    for depth in range(1200):
        held = [held] if depth % 2 else (held,)
    net, name = Holder(held), "held" + ".0" * 1200
    assert list(net.state_dict()) == [name]
    net.load_state_dict({name: [2.0]})
    assert net.state_dict()[name].tolist() == [2]


NAMELESS: dict[str, tuple[Callable[[], Any], str]] = {
    "tuples": (lambda: {("a", 1): Leaf()}, "held[('a', 1)].param"),
    "bools": (lambda: {True: Leaf()}, "held[True].param"),
    "None": (lambda: {None: fr.Parameter((1,))}, "held[None]"),
    "floats": (lambda: {"a": {0.5: Leaf()}}, "held['a'][0.5].param"),
    "Modules": (lambda: {Leaf(): 1}, "held{...}.param"),
    "set": (lambda: {Leaf()}, "held{...}.param"),
    "frozenset": (lambda: [frozenset([fr.Parameter((1,))])], "held[0]{...}"),
    "values": (lambda: {"a": Leaf()}.values(), "held{...}.param"),
    "mappingproxy": (lambda: types.MappingProxyType({"a": Leaf()}), "held['a'].param"),
    "UserDict": (lambda: UserDict({"a": Leaf()}), "held.data['a'].param"),
    "ChainMap": (lambda: ChainMap({"a": Leaf()}), "held.maps[0]['a'].param"),
    "UserList": (lambda: UserList([Leaf()]), "held.data[0].param"),
    "object": (lambda: [Link(Leaf())], "held[0].leaf.param"),
    "dataclass": (lambda: Block(fr.Parameter((1,))), "held.leaf"),
    "namespace": (lambda: types.SimpleNamespace(leaf=Leaf()), "held.leaf.param"),
    "partial": (lambda: functools.partial(print, Leaf()), "held.args[0].param"),
    "partial of a Module": (lambda: functools.partial(Leaf(), x=1), "held.func.param"),
    "method": (lambda: Leaf().forward, "held.__self__.param"),
    "array": (lambda: np.array([None, Leaf()], object), "held[1].param"),
    "list of its own": (lambda: Layers([Leaf()]), "held[0].param"),
}


@pytest.mark.parametrize("name", NAMELESS)
def test_containers_without_names_are_refused(name: str) -> None:
    make, place = NAMELESS[name]
    net = Holder(make())
    net.leaf = Leaf()  # pyright: ignore[reportAttributeAccessIssue]
    text = (
        f"No name reaches these tensors of Holder, so they can be neither saved nor loaded: "
        f"{place}. Names lead through the attributes of Modules, not of their classes, and through "
        "lists, tuples, deques and dicts whose keys are strings or integers: hold them there, or "
        "derive the class of the object that holds them from fr.Module."
    )
    for use in (
        net.state_dict,
        net.reset_parameters,
        net.initialize_dummy_parameters,
        lambda: net.load_state_dict({}, strict=False),
        lambda: net.save_weights("net.safetensors"),
        lambda: fr.quantize_module(net, scheme="int8-weight-only"),
        lambda: fr.compile(net, args=[fr.InputInfo((2,), fr.float32)], target="cpu"),
    ):
        with pytest.raises(fr.ArgumentError) as caught:
            use()
        assert message(caught.value) == text
    assert fr.Module.__str__(net).startswith("Holder(")  # which needs no names


def test_tensors_of_a_class_have_no_name() -> None:
    with pytest.raises(fr.ArgumentError, match=r"of Inherited, .*: __class__\.leaf\.param\. Names"):
        Inherited().state_dict()
    net = Inherited()
    net.leaf = Leaf()
    assert list(net.state_dict()) == ["leaf.param"]


def test_what_a_name_reaches_may_be_anywhere_else_too() -> None:
    net: Any = Holder({"a": Leaf()})
    net.all = {net.held["a"]}
    net.weights = {("a", 0): net.held["a"].param}
    net.user = types.SimpleNamespace(net=net)
    net.held["a"].parent = weakref.proxy(net)
    assert list(net.state_dict()) == ["held.a.param"]
    net.initialize_dummy_parameters()
    net.weights.clear()
    assert net.held["a"].param.tolist() == [0, 1]


def test_attributes_in_slots_hold_parameters() -> None:
    net = Slotted()
    assert list(net.state_dict()) == ["own", "leaf.param"]
    net.load_state_dict({"own": [1.0, 2.0, 3.0], "leaf.param": [4.0, 5.0]})
    assert (net.own.tolist(), net.leaf.param.tolist()) == ([1, 2, 3], [4, 5])
    with pytest.raises(fr.ShapeError) as caught:
        net.own = [1.0]
    assert message(caught.value) == (
        "Slotted.own is float32 (3,), but the value given is float32 (1,). Pass a value of shape "
        "(3,)."
    )


SHARED_NAMES: dict[str, tuple[dict[Any, Any], str]] = {
    "dot": (
        {"a.b": Leaf(), "a": {"b": Leaf()}},
        "'held.a.b.param': held['a.b'].param and held['a']['b'].param",
    ),
    "number": (
        {1: Leaf(), "1": Leaf()},
        "'held.1.param': held[1].param and held['1'].param",
    ),
    "tensors": (
        {"a.0": fr.ones((1,)), "a": [fr.ones((1,))]},
        "'held.a.0': held['a.0'] and held['a'][0]",
    ),
}


@pytest.mark.parametrize("name", SHARED_NAMES)
def test_two_parameters_of_one_name_are_refused(name: str) -> None:
    held, places = SHARED_NAMES[name]
    with pytest.raises(fr.ArgumentError) as caught:
        Holder(held).state_dict()
    assert message(caught.value) == (
        f"Two parameters of Holder have the name {places}. Rename a key or an attribute on the way "
        "to one of them."
    )


def test_one_parameter_may_have_one_name_twice() -> None:
    leaf = Leaf()
    net = Holder({"a.b": leaf, "a": {"b": leaf}})
    assert list(net.state_dict()) == ["held.a.b.param"]


class Stubborn(dict[str, Any]):
    """A dict whose last item cannot be set."""

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "last":
            raise KeyError(key)
        super().__setitem__(key, value)


def test_loading_changes_all_or_nothing() -> None:
    first, last = fr.ones((1,)), fr.ones((1,))
    net = Holder(Stubborn(first=first, last=last))
    with pytest.raises(KeyError):
        net.load_state_dict({"held.first": [2.0], "held.last": [2.0]})
    assert net.held["first"] is first
