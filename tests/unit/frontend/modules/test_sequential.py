"""Sequential: layers in order, by position and by name."""

from __future__ import annotations

from typing import Any

import pytest

import farrier as fr
from support.messages import message


def positional() -> Any:
    return fr.Sequential(fr.Linear(2, 3), fr.relu, fr.Linear(3, 1))


def named() -> Any:
    return fr.Sequential({"hidden": fr.Linear(2, 3), "act": fr.relu, "head": fr.Linear(3, 1)})


def test_calls_the_layers_in_order() -> None:
    def increase(x: fr.Tensor) -> fr.Tensor:
        return x + 1.0

    def double(x: fr.Tensor) -> fr.Tensor:
        return x * 2.0

    net = fr.Sequential(increase, fr.tanh, double)
    x = fr.Tensor([0.5, -3.0])
    assert net(x).tolist() == (fr.tanh(x + 1.0) * 2.0).tolist()
    assert fr.Sequential()(x) is x


def test_positions_are_names() -> None:
    net = positional()
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert [name for name, _ in net.named_children()] == ["0", "2"]
    assert net[0] is net["0"] is next(iter(net))
    assert net[-1] is net[2]
    assert net[1] is fr.relu
    assert (len(net), list(net)) == (3, [net[0], net[1], net[2]])


def test_names() -> None:
    net = named()
    assert list(net.state_dict()) == ["hidden.weight", "hidden.bias", "head.weight", "head.bias"]
    assert net.hidden is net["hidden"] is net[0]
    assert net.act is fr.relu
    assert "head" in dir(net)


def test_layers_can_be_replaced() -> None:
    net = named()
    net.head = fr.Linear(3, 5)
    assert net(fr.ones((4, 2))).shape == (4, 5)
    assert net["head"] is net.head


def test_subclasses_have_parameters_of_their_own() -> None:
    class Scaled(fr.Sequential):
        def __init__(self) -> None:
            super().__init__(fr.Linear(2, 2))
            self.scale = fr.ones((2,))
            self.extra = fr.Linear(1, 1, bias=False)

        def forward(self, input: fr.Tensor) -> fr.Tensor:
            return super().forward(input) * self.scale

    net = Scaled()
    assert list(net.state_dict()) == ["scale", "extra.weight", "0.weight", "0.bias"]
    net.initialize_dummy_parameters()
    assert net(fr.ones((1, 2))).tolist() == [[1, 6]]
    net.load_state_dict(net.state_dict() | {"scale": [2, 3], "0.bias": [0, 0]})
    assert net(fr.ones((1, 2))).tolist() == [[2, 15]]
    assert [line for line in repr(net).splitlines() if "Module" in line] == [
        "    extra: Module = Linear(",
        "    0: Module = Linear(",
    ]


def test_nested_in_a_module() -> None:
    class Net(fr.Module):
        def __init__(self) -> None:
            self.body = positional()

        def forward(self, x: fr.Tensor) -> fr.Tensor:
            return self.body(x)

    net = Net()
    assert "body.0.weight" in net.state_dict()
    assert dict(net.named_modules())["body.2"] is net.body[2]
    located = net(fr.ones((1, 2))).value.location
    assert located is not None
    assert located.layer == "body.2"


def test_text() -> None:
    assert repr(named()) == (
        "Sequential(\n"
        "    hidden: Module = Linear(\n"
        "        weight: Parameter = (shape=(3, 2), dtype=float32),\n"
        "        bias: Parameter = (shape=(3,), dtype=float32),\n"
        "    ),\n"
        "    act: Callable = relu,\n"
        "    head: Module = Linear(\n"
        "        weight: Parameter = (shape=(1, 3), dtype=float32),\n"
        "        bias: Parameter = (shape=(1,), dtype=float32),\n"
        "    ),\n"
        ")"
    )


def test_errors() -> None:
    with pytest.raises(fr.ArgumentError) as raised:
        fr.Sequential(fr.relu, 3)  # pyright: ignore[reportArgumentType]
    assert message(raised.value) == (
        "Sequential takes Modules and functions, or one dict of names and layers, but layer '1' "
        "has the type int."
    )
    net = named()
    with pytest.raises(fr.ArgumentError) as replaced:
        net.head = fr.ones((1,))
    assert message(replaced.value) == (
        "Sequential takes Modules and functions, or one dict of names and layers, but layer "
        "'head' has the type Tensor."
    )
    with pytest.raises(AttributeError) as unknown:
        _ = net.heat
    assert str(unknown.value) == "Sequential has no attribute 'heat'. Did you mean: 'head'?"
    with pytest.raises(IndexError):
        _ = net[3]
    with pytest.raises(KeyError):
        _ = net["3"]


def test_a_subclass_that_forgets_its_layers() -> None:
    class Forgetful(fr.Sequential):
        def __init__(self) -> None:
            pass

    with pytest.raises(AttributeError) as raised:
        Forgetful()(fr.ones((1,)))
    assert str(raised.value) == (
        "Forgetful has no attribute 'modules'. Did you mean: 'named_modules'?"
    )


def test_layers_that_are_added_under_other_keys() -> None:
    net = fr.Sequential(fr.Linear(2, 2))
    layers: dict[Any, Any] = net.modules
    layers[1] = fr.Linear(2, 2, bias=False)
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight"]
    layers["1"] = fr.Linear(2, 2, bias=False)
    with pytest.raises(
        fr.ArgumentError, match=r"have the name '1\.weight': 1\.weight and 1\.weight"
    ):
        net.state_dict()
    del layers[1]
    layers[1, 1] = fr.Linear(2, 2, bias=False)
    with pytest.raises(fr.ArgumentError, match=r"of Sequential, .*: modules\[\(1, 1\)\]\.weight\."):
        net.state_dict()
