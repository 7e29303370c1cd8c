"""Module: calls, the names of layers in errors, and text."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import pytest

import farrier as fr
from farrier_compiler.diagnostics import Location
from farrier_compiler.graph import topological
from support.messages import message

# ---------------------------------------------------------------------- calls


class Scale(fr.Module):
    def __init__(self) -> None:
        self.factor = fr.Tensor(2.0)

    def forward(self, x: fr.Tensor, *, times: int = 1) -> fr.Tensor:
        return x * self.factor * float(times)


class Direct(fr.Module):
    """A program that overrides `__call__` itself."""

    def __init__(self) -> None:
        self.scale = Scale()

    def __call__(self, x: fr.Tensor) -> fr.Tensor:
        return self.scale(x)


def test_calls_pass_arguments() -> None:
    assert Scale()(fr.Tensor([1.0]), times=3).tolist() == [6]
    assert Direct()(fr.Tensor([1.0])).tolist() == [2]


def test_signature_is_that_of_forward() -> None:
    assert str(inspect.signature(Scale())) == "(x: 'fr.Tensor', *, times: 'int' = 1) -> 'fr.Tensor'"
    assert str(inspect.signature(Direct())) == "(x: 'fr.Tensor') -> 'fr.Tensor'"
    assert list(inspect.signature(fr.BatchNorm).parameters) == ["num_features", "dtype", "eps"]


def test_forward_must_be_defined() -> None:
    class Empty(fr.Module):
        pass

    with pytest.raises(NotImplementedError) as raised:
        Empty()(fr.ones((1,)))
    assert str(raised.value) == "Empty does not define forward(self, ...)."


def test_calls_do_not_walk_the_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Direct()

    def walk(*_: Any) -> Any:
        raise AssertionError("a call walked the attributes")

    monkeypatch.setattr(fr.Module, "_members", walk)
    assert net(fr.Tensor([1.0])).tolist() == [2]


# ---------------------------------------------------------------------- names of layers


class Block(fr.Module):
    def __init__(self) -> None:
        self.layers = [fr.Linear(3, 3), fr.Linear(4, 3)]

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class Deep(fr.Module):
    def __init__(self) -> None:
        self.blocks = {"first": Block()}

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return self.blocks["first"](x)


def test_errors_name_the_layer() -> None:
    with pytest.raises(fr.ShapeError) as raised:
        Deep()(fr.ones((2, 3)))
    assert message(raised.value) == (
        "Linear(4, 3) takes an input of shape (*, 4), but got float32 (2, 3)."
    )
    assert ".Block.forward(), layer 'blocks.first.layers.1'\n" not in str(raised.value)
    assert "in Block.forward(), layer 'blocks.first.layers.1'\n" in str(raised.value)
    assert "in Block.forward(), layer 'blocks.first.layers.0'\n" in str(raised.value)


def location(tensor: fr.Tensor) -> Location:
    assert tensor.value.location is not None
    return tensor.value.location


def test_locations_carry_the_layer() -> None:
    deep = Deep()
    deep.blocks["first"].layers.pop()
    assert location(deep(fr.ones((2, 3)))).layer == "blocks.first.layers.0"
    assert location(Direct()(fr.ones((2,)))).layer == "scale"
    assert location(fr.ones((2,)) + 1.0).layer == ""


def test_scope_ends_with_an_error() -> None:
    with pytest.raises(fr.ShapeError):
        Deep()(fr.ones((2, 3)))
    assert location(fr.ones((2,)) + 1.0).layer == ""


def test_named_modules() -> None:
    deep = Deep()
    block = deep.blocks["first"]
    assert list(deep.named_modules()) == [
        ("", deep),
        ("blocks.first", block),
        ("blocks.first.layers.0", block.layers[0]),
        ("blocks.first.layers.1", block.layers[1]),
    ]


def test_named_modules_yields_each_module_once() -> None:
    net: Any = fr.Module()
    net.first = net.second = Direct()
    net.first.back = net
    assert [name for name, _ in net.named_modules()] == ["", "first", "first.scale"]


class Swapped(fr.Module):
    """Changes its children, also while it is called."""

    def __init__(self) -> None:
        self.one, self.other = Scale(), Scale()
        self.late: Scale | None = None

    def forward(self, x: fr.Tensor) -> list[fr.Tensor]:
        results = [self.one(x), self.other(x), Scale()(x)]
        names = [location(result).layer for result in results]
        assert names[2] == "Scale"
        self.late = Scale()
        return [*results, self.late(x)]


def test_names_are_those_of_the_call() -> None:
    net, x = Swapped(), fr.ones((2,))
    before = net(x)
    assert [location(result).layer for result in before] == ["one", "other", "Scale", "late"]
    net.one, net.other = net.other, net.one
    net.late = None
    assert [location(result).layer for result in net(x)] == ["one", "other", "Scale", "late"]
    assert [location(result).layer for result in before] == ["one", "other", "Scale", "late"]


def test_a_calls_names_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    net = fr.Sequential(*(Scale() for _ in range(50)))
    walks: list[fr.Module] = []
    original = fr.Module.named_modules

    def named_modules(self: fr.Module) -> Any:
        walks.append(self)
        return original(self)

    monkeypatch.setattr(fr.Module, "named_modules", named_modules)
    nodes = topological([net(fr.ones((2,))).value])
    layers = [node.location.layer for node in nodes if node.location]
    assert layers == ["", *(str(index) for index in range(50) for _ in range(2))]
    assert walks == [net]


def test_unset_parameters_are_named_by_errors() -> None:
    net = Deep()
    first = net.blocks["first"].layers[0]
    assert first.weight.name == "blocks.first.layers.0.weight"
    with pytest.raises(RuntimeError) as raised:
        first(fr.ones((2, 3))).eval()
    assert message(raised.value).startswith(
        "The value of 'blocks.first.layers.0.weight', float32 (3, 3), is not known: "
    )


# ---------------------------------------------------------------------- text


def test_text_of_modules_that_are_dataclasses() -> None:
    @dataclass
    class Scaled(fr.Module):
        size: int

        def __post_init__(self) -> None:
            self.scale = fr.ones((self.size,))

    inner = "Scaled(\n    scale: Parameter = (shape=(2,), dtype=float32),\n)"
    assert str(Scaled(2)) == inner
    assert inner.replace("\n", "\n    ") in str(fr.Sequential(Scaled(2)))


def test_text_of_nested_modules() -> None:
    assert (
        repr(Deep())
        == str(Deep())
        == (
            "Deep(\n"
            "    blocks.first: Module = Block(\n"
            "        layers.0: Module = Linear(\n"
            "            weight: Parameter = (shape=(3, 3), dtype=float32),\n"
            "            bias: Parameter = (shape=(3,), dtype=float32),\n"
            "        ),\n"
            "        layers.1: Module = Linear(\n"
            "            weight: Parameter = (shape=(3, 4), dtype=float32),\n"
            "            bias: Parameter = (shape=(3,), dtype=float32),\n"
            "        ),\n"
            "    ),\n"
            ")"
        )
    )
