"""Manifests that differ from their modules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import farrier_runtime
from farrier_runtime import abi
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import DTYPES, float32
from farrier_runtime.errors import ArtifactError
from farrier_runtime.manifest import Function, TensorSpec
from unit.runtime import modules
from unit.runtime.modules import declare

CURE = "Use the file that Farrier saved, or compile again"

LIES: dict[str, tuple[Function, str]] = {
    "a smaller input": (
        declare("add", "x: f32[4]; y: f32[3]", "f32[4]"),
        "add takes float32[4], float32[3], but in the module it is float32[4], float32[4]",
    ),
    "a larger input": (
        declare("scalar", "x: f64[2]", "f64[]"),
        "scalar takes float64[2], but in the module it is float64[]",
    ),
    "a larger output": (
        declare("same", "x: f32[4]", "f32[400]"),
        "same returns float32[400], but in the module it is float32[4]",
    ),
    "another data type": (
        declare("double_uint8", "x: i8[5]", "u8[5]"),
        "double_uint8 takes int8[5], but in the module it is uint8[5]",
    ),
    "another data type of the same name in the module": (
        declare("double_bool", "x: bool[5]", "i8[5]"),
        "double_bool returns int8[5], but in the module it is bool[5]",
    ),
    "too few inputs": (
        declare("add", "x: f32[4]", "f32[4]"),
        "add takes float32[4], but in the module it is float32[4], float32[4]",
    ),
    "no inputs": (
        declare("same", "", "f32[4]"),
        "same takes nothing, but in the module it is float32[4]",
    ),
    "inputs that do not exist": (
        declare("constant", "x: f32[4]", "i32[3]"),
        "constant takes float32[4], but in the module it is nothing",
    ),
    "too few outputs": (
        declare("nested", "x: f32[2]; y: f32[2]", "f32[2]"),
        "nested returns float32[2], but in the module it is float32[2], float32[2]",
    ),
    "too many outputs": (
        declare("same", "x: f32[4]", "f32[4]; f32[4]"),
        "same returns float32[4], float32[4], but in the module it is float32[4]",
    ),
    "the same number of elements in another shape": (
        declare("transpose", "x: f32[2,3]", "f32[2,3]"),
        "transpose returns float32[2, 3], but in the module it is float32[3, 2]",
    ),
}


def text_of(functions: tuple[Function, ...]) -> str:
    with pytest.raises(ArtifactError) as caught:
        farrier_runtime.load(modules.artifact(functions=functions))
    return str(caught.value)


@pytest.mark.parametrize("lie", LIES)
def test_false_manifests_are_refused_at_load(lie: str) -> None:
    function, text = LIES[lie]
    expected = f"artifact in memory: the manifest is not the module's: it says that {text}. {CURE}"
    assert text_of((function,)) == expected
    true = declare("add", "x: f32[4]; y: f32[4]", "f32[4]")
    if function.name != "add":
        assert text_of((true, function)) == expected


def test_a_size_that_only_one_of_them_knows_is_refused() -> None:
    batch = Dimension("batch", 1, 2, 4)
    spec, fixed = TensorSpec("x", float32, (batch, 3)), TensorSpec("x", float32, (4, 3))
    for says, declared in ((spec, "4x3"), (fixed, "?x3")):
        text = f"sync func @f(%x: tensor<{declared}xf32>) -> ()"
        with pytest.raises(ArtifactError, match=r"f takes float32\[.*, 3\], but in the module it"):
            abi.check([Function("f", (says,), (), {"tuple": []})], lambda _: text)  # noqa: B023
    text = "sync func @f(%x: tensor<?x3xf32>) -> ()"
    abi.check([Function("f", (spec,), (), {"tuple": []})], lambda _: text)


def test_a_data_type_that_farrier_lacks_is_shown_as_it_is() -> None:
    text = "sync func @f(%x: tensor<2xi7>) -> ()"
    with pytest.raises(ArtifactError, match=r"takes float32\[2\], but in the module it is i7\[2\]"):
        abi.check([declare("f", "x: f32[2]", "f32[2]")], lambda _: text)


@pytest.mark.parametrize("text", ["", "async func @f(%x: tensor<2xf32>) -> ()", "sync func @f(%x)"])
def test_a_module_that_declares_nothing_is_refused(text: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        abi.check([declare("f", "x: f32[2]", "f32[2]")], lambda _: text)
    assert str(caught.value) == (
        "the module does not say what types f has, so its manifest cannot be trusted. " + CURE
    )


def test_all_data_types_are_known_by_the_names_of_the_module() -> None:
    """The session's artifact has a function of each."""
    functions: Any = [function for function, _ in modules.FUNCTIONS]
    named = {spec.dtype.name for function in functions for spec in function.inputs}
    assert named >= set(DTYPES)
    farrier_runtime.load(modules.artifact(functions=tuple(functions)))


ODD_NAMES = ("a b", "c,d", "e(f)", "x: tensor<2xf32>) -> (", "%x", "", 'é\n"q\\')


@pytest.mark.parametrize("dtype", ["f32", "u8"])
@pytest.mark.parametrize("shape", ["", "2,3"])
def test_inputs_may_have_any_name(dtype: str, shape: str) -> None:
    function = declare("f", f"x: {dtype}[{shape}]", f"{dtype}[{shape}]")
    type = "x".join([*filter(None, shape.split(",")), dtype])
    declared = {
        "f32": f"tensor<{type}>",
        "u8": f"tensor<{type[:-2]}i8> {{iree.abi.encoding = tensor<{type[:-2]}ui8>}}",
    }[dtype]
    for name in ODD_NAMES:
        odd = replace(function, inputs=(replace(function.inputs[0], name=name),))
        text = f"sync func @f(%{name}: {declared}) -> (%output0: {declared})"
        abi.check([odd], lambda _: text)  # noqa: B023
        with pytest.raises(ArtifactError):
            abi.check([odd], lambda _: text.replace("tensor<", "tensor<7x", 1))  # noqa: B023
