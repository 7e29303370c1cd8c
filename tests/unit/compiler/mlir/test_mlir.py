"""MLIR modules under construction: text, constants, locations, memory and phases."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import TensorType
from farrier_compiler.mlir.compiler import session_flags
from farrier_compiler.mlir.failure import CompilationFailed
from farrier_compiler.mlir.module import MlirModule, device_attribute
from farrier_compiler.mlir.text import (
    PHASES,
    Place,
    is_splat,
    nested_text,
    scalar_text,
    string_attribute,
    type_text,
)
from farrier_runtime import dtypes
from farrier_runtime.errors import ArgumentError

CPU = Target("cpu").flags()
SQUARE = TensorType((32, 32), dtypes.float32)


def program(*constants: Any, flags: tuple[str, ...] = ()) -> MlirModule:
    """Return a program that adds constants to its argument."""
    module = MlirModule(flags)
    text = type_text(SQUARE)

    def body(arguments: Any) -> Any:
        (total,) = arguments
        for index, array in enumerate(constants):
            module.at(Place(f"layer{index}", "net.py", 10 + index, index + 1))
            weight = module.constant(f"w{index}", array, SQUARE)
            (total,) = module.operation("stablehlo.add", [text], [total, weight])
        return [total]

    module.function("main", [("x", text)], [("y", text)], body)
    return module


def weights(seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal((32, 32)).astype(np.float32)


# ---------------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("dtype", "text"),
    [
        (dtypes.float32, "tensor<2x3xf32>"),
        (dtypes.float8, "tensor<2x3xf8E4M3FN>"),
        (dtypes.float8_e5m2, "tensor<2x3xf8E5M2>"),
        (dtypes.bool, "tensor<2x3xi1>"),
        (dtypes.uint8, "tensor<2x3xui8>"),
        (dtypes.int4, "tensor<2x3xi4>"),
    ],
)
def test_types_are_spelled_as_in_mlir(dtype: dtypes.dtype, text: str) -> None:
    assert type_text(TensorType((2, 3), dtype)) == text


def test_scalar_types() -> None:
    assert type_text(TensorType((), dtypes.float64)) == "tensor<f64>"


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        (True, dtypes.bool, "true"),
        (-7, dtypes.int8, "-7"),
        (2**64 - 1, dtypes.uint64, "18446744073709551615"),
        (0.1, dtypes.float32, "1.000000015e-01"),
        (-0.0, dtypes.float32, "-0.000000000e+00"),
        (np.inf, dtypes.float32, "0x7F800000"),
        (-np.inf, dtypes.float16, "0xFC00"),
        (np.nan, dtypes.float64, "0x7FF8000000000000"),
    ],
)
def test_numbers_are_spelled_as_in_mlir(value: Any, dtype: dtypes.dtype, text: str) -> None:
    assert scalar_text(np.asarray(value).astype(dtype.numpy)[()], dtype) == text


def test_numbers_are_exact() -> None:
    values = np.random.default_rng(0).standard_normal(1000)
    for dtype in (dtypes.float64, dtypes.float32, dtypes.float16, dtypes.bfloat16):
        for value in values.astype(dtype.numpy):
            read = np.asarray(float(scalar_text(value, dtype))).astype(dtype.numpy)[()]
            assert read == value


def test_nested_numbers() -> None:
    array = np.array([[1, 2], [3, 4]], np.int32)
    assert nested_text(array, dtypes.int32) == "[[1, 2], [3, 4]]"


def test_strings_that_need_escapes() -> None:
    assert string_attribute("conv.weight") == '"conv.weight"'
    assert string_attribute('a "b" \\ é\n') == r'"a \22b\22 \5C \C3\A9\0A"'


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.full((3, 4), 2.5, np.float32), True),
        (np.array([0.0, -0.0], np.float32), False),
        (np.array([np.nan, np.nan], np.float32), True),
        (np.broadcast_to(np.float32(1), (4, 4)), True),
        (np.arange(6, dtype=np.float32).reshape(2, 3).T, False),
        (np.empty((0, 3), np.float32), False),
        (np.array(3, np.int8), True),
    ],
)
def test_splats_are_equal_bit_by_bit(array: Any, expected: bool) -> None:
    assert is_splat(array) is expected


def test_names_of_functions_and_arguments_may_be_any_text() -> None:
    module = MlirModule()
    module.function('a "b"', [("x é", "tensor<f32>")], [("y", "tensor<f32>")], lambda given: given)
    module.verify()
    assert r'@"a \22b\22"(%arg0: tensor<f32> {iree.abi.name = "x \C3\A9"})' in module.text()


# ---------------------------------------------------------------------- constants


def test_dumps_leave_large_weights_out_and_end_with_the_module() -> None:
    text = program(weights()).text()
    assert text.endswith("  }\n}\n")
    assert "stablehlo.constant dense_resource<w0> : tensor<32x32xf32>" in text
    assert len(text) < 500


def test_dumps_have_large_weights_where_they_are_wanted() -> None:
    array = weights()
    text = program(array).text(weights=True)
    assert array.tobytes().hex().upper() in text.upper()


def test_locations_are_printed_where_they_are_wanted() -> None:
    text = program(weights()).text(locations=True)
    assert '#loc1 = loc("net.py":10:1)' in text
    assert 'loc("layer0"(#loc1))' in text


def test_an_array_that_is_used_twice_is_one_resource() -> None:
    array = weights()
    text = program(array, array, weights(1)).text()
    assert text.count("dense_resource<w0>") == 2
    assert text.count("dense_resource<w2>") == 1
    assert "dense_resource<w1>" not in text


def test_a_large_splat_is_a_resource_too_and_a_small_one_is_not() -> None:
    assert "dense_resource" in program(np.ones((32, 32), np.float32)).text()
    module = MlirModule()
    handle = module.constant("w", np.ones((4, 4), np.float32), TensorType((4, 4), dtypes.float32))
    assert "dense<1.000000e+00> : tensor<4x4xf32>" in str(handle)


@pytest.mark.parametrize("shape", [(), (0, 3), (3, 0), (1,), (2, 3), (20, 30)], ids=str)
@pytest.mark.parametrize("dtype", list(dtypes.DTYPES.values()), ids=str)
def test_constants_of_every_type_and_shape(dtype: dtypes.dtype, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 7, shape).astype(dtype.numpy)
    type = TensorType(shape, dtype)
    module = MlirModule()
    module.function(
        "main", [], [("y", type_text(type))], lambda _: [module.constant("w", array, type)]
    )
    module.verify()


def test_a_broadcast_number_is_written_once() -> None:
    array = np.broadcast_to(np.float32(2.5), (300, 300))
    module = MlirModule()
    handle = module.constant("w", array, TensorType((300, 300), dtypes.float32))
    assert "dense<2.500000e+00> : tensor<300x300xf32>" in str(handle)


@pytest.mark.parametrize("dtype", [dtypes.bool, dtypes.int4], ids=str)
def test_large_constants_of_small_elements_are_exact(dtype: dtypes.dtype) -> None:
    array = np.random.default_rng(0).integers(0, 2, (40, 50)).astype(dtype.numpy)
    module = MlirModule()
    handle = module.constant("w", array, TensorType((40, 50), dtype))
    assert f'dense<"0x{array.tobytes().hex().upper()}"> : ' in str(handle)


def test_parameters_are_declared_once() -> None:
    module = MlirModule()
    text = type_text(SQUARE)

    def body(arguments: Any) -> Any:
        first, second = (module.parameter("conv.weight", SQUARE) for _ in range(2))
        return module.operation("stablehlo.add", [text], [first, second])

    module.function("main", [("x", text)], [("y", text)], body)
    module.verify()
    printed = module.text()
    assert printed.count('@parameter_0 = #flow.parameter.named<"model"::"conv.weight"> : ') == 1
    assert printed.count("util.global.load @parameter_0") == 2


# ---------------------------------------------------------------------- memory


def test_weights_are_not_copied() -> None:
    array = weights()
    before = sys.getrefcount(array)
    module = program(array, flags=CPU)
    assert sys.getrefcount(array) > before
    assert next(module.phases("input"))[0] == "input"


def test_operations_may_outlive_their_program() -> None:
    module = program(weights())
    operation = module.root
    del module
    gc.collect()
    assert "stablehlo.add" in str(operation)


def test_a_program_with_wrong_flags_is_refused() -> None:
    with pytest.raises(ArgumentError) as raised:
        MlirModule(("--iree-opt-level=O9",))
    assert str(raised.value) == (
        "IREE's compiler does not take the flag '--iree-opt-level=O9': no session flag has that "
        "name or value."
    )


# ---------------------------------------------------------------------- reading and running


def test_verifying_names_the_place_and_the_rule() -> None:
    module = MlirModule()

    def body(arguments: Any) -> Any:
        module.at(Place("layer", "net.py", 12, 7))
        return module.operation("stablehlo.tanh", ["tensor<3xf32>"], arguments)

    module.function("main", [("x", "tensor<2xf32>")], [("y", "tensor<3xf32>")], body)
    with pytest.raises(CompilationFailed) as raised:
        module.verify()
    assert str(raised.value) == (
        "net.py:12:7: 'stablehlo.tanh' op requires compatible types for all operands and results"
    )


def read(path: Path) -> MlirModule:
    with path.open("rb") as file:
        return MlirModule.read(file.fileno(), path.name)


@pytest.mark.parametrize("form", ["text", "bytecode"])
def test_a_module_is_read_back(form: str, tmp_path: Path) -> None:
    module = program(weights())
    file = tmp_path / "module"
    file.write_bytes(module.text(weights=True).encode() if form == "text" else module.bytecode())
    assert read(file).text(weights=True) == module.text(weights=True)


def test_what_is_not_mlir_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "net.mlir"
    file.write_text("func.func @main( {")
    with pytest.raises(CompilationFailed) as raised:
        read(file)
    assert str(raised.value).splitlines()[0] == "net.mlir:1:17: expected non-function type"


def test_phases_come_in_order_and_leave_the_module_as_it_is() -> None:
    module = program(weights(), flags=CPU)
    before = module.text()
    phases = dict(module.phases("flow"))
    assert tuple(phases) == PHASES[: PHASES.index("flow") + 1]
    assert "flow.dispatch" in phases["flow"]
    assert "stablehlo.add" not in phases["input"]
    assert module.text() == before


def test_phases_leave_large_weights_out() -> None:
    array = weights()
    module = program(array, flags=CPU)
    short = dict(module.phases("input"))["input"]
    whole = dict(module.phases("input", weights=True))["input"]
    data = array.tobytes().hex().upper()
    assert data not in short.upper()
    assert data in whole.upper()


def test_the_device_attribute_is_what_flags_choose() -> None:
    attribute = device_attribute(Target("cuda", "sm_90").flags())
    assert attribute.startswith('#hal.device.target<"cuda", [#hal.executable.target<"cuda", ')
    assert attribute.endswith(">]>")


def test_session_flags_are_told_from_those_of_the_process() -> None:
    both = ["--iree-opt-level=O1", "--mlir-print-ir-after-all"]
    assert session_flags(both) == ["--iree-opt-level=O1"]
    with pytest.raises(ArgumentError) as raised:
        session_flags(["--iree-opt-data-tiling=perhaps"])
    assert str(raised.value) == (
        "IREE's compiler does not take the flag '--iree-opt-data-tiling=perhaps': no session flag "
        "has that name or value."
    )
