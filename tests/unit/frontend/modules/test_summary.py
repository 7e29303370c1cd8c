"""Module.summary: its exact table and its data, without any computation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier_compiler.graph import TensorType
from farrier_compiler.ops.evaluate import UnknownValueError
from support.messages import message

IMAGE = fr.InputInfo((1, 1, 8, 8), fr.float32)
ROW = fr.InputInfo((2, 3), fr.float32)


@pytest.fixture(autouse=True)
def nothing_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("a summary computed something")

    monkeypatch.setattr("farrier_compiler.ops.evaluate.run_reference", refuse)


class Net(fr.Module):
    """Children in lists and dicts, one called twice, one never; no `super().__init__()`."""

    def __init__(self) -> None:
        self.conv = fr.Conv(1, 16, (3, 3), padding=((1, 1), (1, 1)))
        self.norm = fr.BatchNorm(16)
        self.blocks = [fr.Linear(16, 16), fr.Sequential(fr.Linear(16, 16), fr.relu)]
        self.heads = {"digit": fr.Linear(16, 10), "unused": fr.Linear(2, 2, dtype=fr.float16)}
        self.scale = fr.ones((16,))

    def forward(self, x: fr.Tensor) -> dict[str, fr.Tensor]:
        x = fr.mean(fr.relu(self.norm(self.conv(x))), dim=(2, 3))
        for block in (*self.blocks, self.blocks[0]):
            x = block(x)
        return {"digit": self.heads["digit"](x * self.scale), "features": x}


TABLE = """
Layer                   Output                            Parameters    Bytes  Multiply-adds
--------------------------------------------------------------------------------------------
Net                     float32 (1, 10), float32 (1, 16)          16       64              -
  conv: Conv            float32 (1, 16, 8, 8)                    160      640          9,216
  norm: BatchNorm       float32 (1, 16, 8, 8)                     64      256              -
  blocks.0: Linear      float32 (1, 16)                          272    1,088            256
  blocks.1: Sequential  float32 (1, 16)                            -        -              -
    0: Linear           float32 (1, 16)                          272    1,088            256
  blocks.0: Linear      float32 (1, 16)                      (again)  (again)            256
  heads.digit: Linear   float32 (1, 10)                          170      680            160
--------------------------------------------------------------------------------------------
Total                                                            960    3,828         10,144
""".strip("\n")


def test_table() -> None:
    summary = Net().summary(IMAGE)
    assert str(summary) == repr(summary) == TABLE


def test_rows_are_data() -> None:
    summary = Net().summary(IMAGE)
    assert [row.name for row in summary.rows] == [
        *("", "conv", "norm", "blocks.0", "blocks.1", "blocks.1.0", "blocks.0", "heads.digit")
    ]
    assert [row.depth for row in summary.rows] == [0, 1, 1, 1, 1, 2, 1, 1]
    assert [row.repeated for row in summary.rows].index(True) == 6
    head = summary.rows[-1]
    assert (head.class_name, head.parameters, head.bytes) == ("Linear", 170, 680)
    assert head.outputs == (TensorType((1, 10), fr.float32),)
    assert summary.rows[6].parameters == 272
    assert summary.multiply_adds == sum(row.multiply_adds for row in summary.rows)
    assert summary.parameters == 16 + 160 + 64 + 2 * 272 + 170 + 6  # one head is never called


class Direct(fr.Module):
    """A program that overrides `__call__` itself, and returns more than tensors."""

    def __init__(self) -> None:
        self.linear = fr.Linear(3, 4)

    def __call__(self, x: fr.Tensor, scale: float) -> list[Any]:
        return [self.linear(x) * scale, "text"]


class Doubled(Direct):
    def __call__(self, x: fr.Tensor, scale: float) -> list[Any]:
        return super().__call__(x, 2 * scale)


@pytest.mark.parametrize("module_class", [Direct, Doubled])
def test_call_can_be_overridden(module_class: type[Direct]) -> None:
    rows = module_class().summary(ROW, 2.0).rows
    assert [(row.name, row.class_name) for row in rows] == [
        ("", module_class.__name__),
        ("linear", "Linear"),
    ]
    assert [row.multiply_adds for row in rows] == [0, 24]
    assert rows[0].outputs == (TensorType((2, 4), fr.float32),)


class Inner(fr.Module):
    def __init__(self) -> None:
        self.layers = [fr.Linear(3, 3), fr.Linear(3, 3)]


class Outer(fr.Module):
    """Calls a grandchild, and a layer that is not a child at all."""

    def __init__(self) -> None:
        self.inner = Inner()

    def forward(self, pair: list[fr.Tensor], *, last: fr.Tensor) -> fr.Tensor:
        x = pair[0] + pair[1] + last
        for layer in self.inner.layers:
            x = layer(x)
        return fr.Linear(3, 1)(x)


def test_names_of_what_is_called() -> None:
    row = fr.ones((2, 3))
    summary = Outer().summary([row, np.ones((2, 3), np.float32)], last=ROW)
    assert [row.name for row in summary.rows] == ["", "inner.layers.0", "inner.layers.1", "Linear"]
    assert summary.rows[1].depth == 1
    assert "\n  inner.layers.1: Linear  float32 (2, 3)" in str(summary)


def test_names_begin_at_the_module_that_is_summarized() -> None:
    class Curious(fr.Module):
        def __init__(self) -> None:
            self.net = Direct()

        def forward(self, x: fr.Tensor) -> fr.Tensor:
            names.extend(row.name for row in self.net.summary(x, 1.0).rows)
            return x

    names: list[str] = []
    outside = Curious().summary(ROW)
    assert names == ["", "linear"]
    assert [row.class_name for row in outside.rows] == ["Curious"]


def test_shared_parameters_count_once() -> None:
    tied: Any = fr.Module()
    tied.one, tied.other = fr.Linear(3, 3, bias=False), fr.Linear(3, 3, bias=False)
    tied.other.weight = tied.one.weight
    tied.forward = lambda x: tied.other(tied.one(x))
    summary = tied.summary(ROW)
    assert [row.parameters for row in summary.rows] == [0, 9, 9]
    assert (summary.parameters, summary.bytes) == (9, 36)


def test_int4_is_packed() -> None:
    net: Any = fr.Module()
    net.weight, net.forward = fr.Parameter((5,), fr.int4), lambda x: x
    assert net.summary(ROW).bytes == 3


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (fr.Conv(4, 6, (3,), groups=2, stride=(2,)), (5, 4, 9), 5 * 6 * 4 * 2 * 3),
        (fr.ConvTranspose(4, 6, (3,), stride=(2,)), (5, 4, 9), 5 * 4 * 9 * 6 * 3),
        (fr.Linear(3, 7), (2, 5, 3), 2 * 5 * 3 * 7),
        (fr.LayerNorm(3), (2, 3), 0),
    ],
)
def test_multiply_adds(layer: fr.Module, shape: tuple[int, ...], expected: int) -> None:
    assert layer.summary(fr.InputInfo(shape, fr.float32)).multiply_adds == expected


# ---------------------------------------------------------------------- errors


def test_wrong_arguments() -> None:
    with pytest.raises(fr.ArgumentError) as raised:
        fr.Linear(3, 4).summary()
    assert message(raised.value) == (
        "The arguments do not fit Linear(x: Tensor) -> Tensor: missing a required argument: "
        "'x'. Pass an InputInfo, a tensor or an array for each parameter."
    )


def test_elements_of_inputs_are_unknown() -> None:
    class Reader(fr.Module):
        def forward(self, x: fr.Tensor) -> Any:
            return x.tolist()

    with pytest.raises(UnknownValueError) as raised:
        Reader().summary(fr.ones((2,)))
    assert message(raised.value).startswith("The value of 'input0', float32 (2,), is not known: ")


def test_an_error_leaves_no_trace() -> None:
    with pytest.raises(fr.ShapeError):
        fr.Linear(3, 4).summary(fr.ones((2, 2)))
    assert len(fr.Linear(3, 4).summary(fr.ones((2, 3))).rows) == 1


def test_dynamic_dimensions_have_their_usual_size() -> None:
    linear = fr.Linear(3, 4)
    dynamic = linear.summary(fr.InputInfo(((1, 5, 9), 3), fr.float32))
    assert str(dynamic) == str(linear.summary(fr.InputInfo((5, 3), fr.float32)))
