"""Every example of the Linear document, and of the torch document on linear layers."""

from __future__ import annotations

from textwrap import dedent

import pytest

import farrier as fr
from support.documents import shown


def text(block: str) -> str:
    """Return an indented block without its indentation and its first newline."""
    return dedent(block[1:]).rstrip("\n")


def test_linear() -> None:
    linear = fr.Linear(3, 4)

    linear.weight = fr.iota(linear.weight.shape)
    assert linear.bias is not None
    linear.bias = fr.iota(linear.bias.shape)

    input = fr.iota((2, 3))
    output = linear(input)

    assert (
        str(linear)
        == repr(linear)
        == text("""
        Linear(
            weight: Parameter = (shape=(4, 3), dtype=float32),
            bias: Parameter = (shape=(4,), dtype=float32),
        )
    """)
    )
    assert shown(linear.state_dict()) == text("""
        {
            weight: tensor(
                [[0, 0, 0],
                 [1, 1, 1],
                 [2, 2, 2],
                 [3, 3, 3]],\x20
                dtype=float32, loc=cpu:0, shape=(4, 3)),
            bias: tensor([0, 1, 2, 3], dtype=float32, loc=cpu:0, shape=(4,)),
        }
    """)
    assert repr(input) == text("""
        tensor(
            [[0, 0, 0],
             [1, 1, 1]],\x20
            dtype=float32, loc=cpu:0, shape=(2, 3))
    """)
    assert repr(output) == text("""
        tensor(
            [[0, 1, 2, 3],
             [0, 4, 8, 12]],\x20
            dtype=float32, loc=cpu:0, shape=(2, 4))
    """)


def test_call() -> None:
    class Module(fr.Module):
        def forward(self, x: fr.Tensor) -> fr.Tensor:
            return fr.relu(x)

    module = Module()

    input = fr.arange(-3, 3)
    out = module(input)  # Note that we do not call `forward` directly.

    assert str(module) == "Module(\n)"
    assert module.state_dict() == {}
    assert repr(input) == "tensor([-3, -2, -1, 0, 1, 2], dtype=float32, loc=cpu:0, shape=(6,))"
    assert repr(out) == "tensor([0, 0, 0, 0, 1, 2], dtype=float32, loc=cpu:0, shape=(6,))"


def test_load_state_dict(capsys: pytest.CaptureFixture[str]) -> None:
    class MyModule(fr.Module):
        def __init__(self) -> None:
            super().__init__()
            self.param = fr.ones((2,), dtype=fr.float32)

    module = MyModule()

    print(f"Before: {module.param}")

    module.load_state_dict({"param": fr.zeros((2,), dtype=fr.float32)})

    print(f"After: {module.param}")
    assert capsys.readouterr().out == (
        "Before: tensor([1, 1], dtype=float32, loc=cpu:0, shape=(2,))\n"
        "After: tensor([0, 0], dtype=float32, loc=cpu:0, shape=(2,))\n"
    )


def test_named_children(capsys: pytest.CaptureFixture[str]) -> None:
    class StackedLinear(fr.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear1 = fr.Linear(2, 2)
            self.linear2 = fr.Linear(2, 2)

    stacked_linear = StackedLinear()

    for name, module in stacked_linear.named_children():
        print(f"{name}: {type(module).__name__}")
    assert capsys.readouterr().out == "linear1: Linear\nlinear2: Linear\n"


def test_named_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    class MyModule(fr.Module):
        def __init__(self) -> None:
            super().__init__()
            self.alpha = fr.Tensor(1)
            self.beta = fr.Tensor(2)

    linear = MyModule()

    for name, parameter in linear.named_parameters():
        print(f"{name}: {parameter}")
    assert capsys.readouterr().out == (
        "alpha: tensor(1, dtype=int32, loc=cpu:0, shape=())\n"
        "beta: tensor(2, dtype=int32, loc=cpu:0, shape=())\n"
    )


def test_state_dict() -> None:
    class MyModule(fr.Module):
        def __init__(self) -> None:
            super().__init__()
            self.param = fr.ones((2,), dtype=fr.float32)
            self.linear1 = fr.Linear(2, 2)
            self.linear2 = fr.Linear(2, 2)

    module = MyModule()

    state_dict = module.state_dict()

    assert list(state_dict) == [
        "param",
        "linear1.weight",
        "linear1.bias",
        "linear2.weight",
        "linear2.bias",
    ]
    assert repr(state_dict["param"]) == "tensor([1, 1], dtype=float32, loc=cpu:0, shape=(2,))"
    assert state_dict["linear1.weight"] is module.linear1.weight
    assert isinstance(state_dict["linear2.bias"], fr.Parameter)


def test_torch_linear(capsys: pytest.CaptureFixture[str]) -> None:
    m = fr.Linear(20, 30)
    input = fr.randn(128, 20)
    output = m(input)
    print(output.size())
    assert capsys.readouterr().out == "(128, 30)\n"  # torch prints torch.Size([128, 30])
