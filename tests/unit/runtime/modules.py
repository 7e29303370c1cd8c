"""Small StableHLO modules, compiled by IREE's own compiler, and their handwritten manifests."""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from typing import Any

import iree.compiler  # pyright: ignore[reportMissingTypeStubs]

from farrier_runtime.artifact import Function, Manifest, Parameters, TensorSpec, to_bytes
from farrier_runtime.dtypes import BY_SHORT_NAME, DTYPES, dtype, int4, int8

IREE = "3.13.0"
CPU = (
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    "--iree-llvmcpu-target-cpu=host",
)
CUDA = ("--iree-hal-target-device=cuda", "--iree-cuda-target=sm_80")
FAT = ("--iree-hal-target-device=cuda,local", *CPU[1:], CUDA[1])

LARGE = 1 << 16  # elements: more than what the runtime copies to its own memory


def tensor(text: str) -> TensorSpec:
    """Read `x: f32[2,3]`."""
    name, short, shape = re.split(r": |\[", text.rstrip("]"))
    return TensorSpec(name, BY_SHORT_NAME[short], tuple(map(int, filter(None, shape.split(",")))))


def mlir_type(spec: TensorSpec) -> str:
    """Return a tensor's type in StableHLO; int4 crosses the boundary as int8."""
    dtype = int8 if spec.dtype is int4 else spec.dtype
    names = {"bool": "i1", "f8e4m3fn": "f8E4M3FN", "f8e5m2": "f8E5M2"}
    element = names.get(dtype.short, "u" * dtype.is_unsigned + dtype.short.replace("u", "i"))
    return f"tensor<{''.join(f'{size}x' for size in spec.shape)}{element}>"


def declare(name: str, inputs: str, outputs: str, result: Any = 0) -> Function:
    """Make a function's entry in a manifest: `declare("f", "x: f32[2]; y: f32[2]", "f32[2]")`."""
    takes = tuple(tensor(text) for text in inputs.split("; ") if text)
    gives = outputs.split("; ")
    named = tuple(tensor(f"output{index}: {text}") for index, text in enumerate(gives))
    return Function(name, takes, named, result)


def define(function: Function, body: str) -> str:
    """Write a function in StableHLO; X and Y stand for the inputs' types, Z for the output's."""
    arguments = ", ".join(f"%{spec.name}: {mlir_type(spec)}" for spec in function.inputs)
    results = ", ".join(map(mlir_type, function.outputs))
    for letter, spec in zip("XY", function.inputs, strict=False):
        body = re.sub(rf"\b{letter}\b", mlir_type(spec), body)
    body = re.sub(r"\bZ\b", mlir_type(function.outputs[0]), body)
    return f"func.func @{function.name}({arguments}) -> ({results}) {{ {body} }}"


SUM = "%0 = stablehlo.add %x, %y : Z return %0 : Z"
DOUBLE = "%0 = stablehlo.add %x, %x : Z return %0 : Z"
SAME = "return %x : X"


def _typed(dtype: dtype) -> tuple[Function, str]:
    """A function on a data type: logical not for bool, x + x for the others."""
    function = declare(f"double_{dtype.name}", f"x: {dtype.short}[5]", f"{dtype.short}[5]")
    if dtype.name == "bool":
        return function, "%0 = stablehlo.not %x : X return %0 : X"
    if not dtype.name.startswith("float8"):
        return function, DOUBLE
    return function, (
        "%0 = stablehlo.convert %x : (X) -> tensor<5xf32> "
        "%1 = stablehlo.add %0, %0 : tensor<5xf32> "
        "%2 = stablehlo.convert %1 : (tensor<5xf32>) -> Z return %2 : Z"
    )


FUNCTIONS = [
    (declare("add", "x: f32[4]; y: f32[4]", "f32[4]"), SUM),
    (declare("same", "x: f32[4]", "f32[4]"), SAME),
    (declare("same_large", f"x: f32[{LARGE}]", f"f32[{LARGE}]"), SAME),
    (declare("double_large", f"x: f32[256,{LARGE // 256}]", f"f32[256,{LARGE // 256}]"), DOUBLE),
    (declare("scalar", "x: f64[]", "f64[]"), DOUBLE),
    (declare("empty", "x: f32[0,4]", "f32[0,4]"), DOUBLE),
    (
        declare("mixed", f"x: f32[]; y: f32[{LARGE}]", f"f32[{LARGE}]"),
        "%0 = stablehlo.broadcast_in_dim %x, dims = [] : (X) -> Y "
        "%1 = stablehlo.add %0, %y : Y return %1 : Y",
    ),
    (
        declare("transpose", "x: f32[2,3]", "f32[3,2]"),
        "%0 = stablehlo.transpose %x, dims = [1, 0] : (X) -> Z return %0 : Z",
    ),
    (
        declare("constant", "", "i32[3]"),
        "%0 = stablehlo.constant dense<[1, 2, 3]> : Z return %0 : Z",
    ),
    (
        declare("positive", "x: i32[]", "i32[]"),
        "%zero = arith.constant 0 : i32 %value = tensor.extract %x[] : X "
        "%right = arith.cmpi sgt, %value, %zero : i32 "
        'cf.assert %right, "x should be positive" return %x : X',
    ),
    (
        declare(
            "nested",
            "x: f32[2]; y: f32[2]",
            "f32[2]; f32[2]",
            {"dict": {"sum": 0, "rest": {"tuple": [1, {"list": [0]}]}}},
        ),
        "%0 = stablehlo.add %x, %y : X %1 = stablehlo.subtract %x, %y : X return %0, %1 : X, X",
    ),
    *map(_typed, DTYPES.values()),
]


def source(functions: list[tuple[Function, str]], globals: str = "") -> str:
    """Write a module."""
    return "\n".join(["module @tests {", globals, *(define(*one) for one in functions), "}"])


@functools.cache
def compiled(text: str, flags: tuple[str, ...] = CPU) -> bytes:
    """Compile a module, once a session."""
    options = [*flags, "--iree-input-demote-f64-to-f32=false"]
    compiler: Any = iree.compiler
    return compiler.compile_str(text, input_type="stablehlo", extra_args=options)


def vmfb() -> bytes:
    """Return the module with all of FUNCTIONS for this machine's CPU."""
    return compiled(source(FUNCTIONS))


def manifest(**changes: Any) -> Manifest:
    """Return the manifest of `vmfb()`."""
    functions = tuple(function for function, _ in FUNCTIONS)
    return replace(Manifest(IREE, ("cpu:host",), functions), **changes)


def artifact(**changes: Any) -> bytes:
    """Return the artifact of `vmfb()`, with changes to its manifest."""
    return to_bytes(vmfb(), manifest(**changes))


DEVICE_FUNCTIONS = [
    (declare("add", "x: f32[4]; y: f32[4]", "f32[4]"), SUM),
    (declare("same", "x: bf16[2,3]", "bf16[2,3]"), SAME),
]


def device_artifact(flags: tuple[str, ...], *targets: str) -> bytes:
    """Return an artifact with DEVICE_FUNCTIONS for some devices."""
    functions = tuple(function for function, _ in DEVICE_FUNCTIONS)
    return to_bytes(compiled(source(DEVICE_FUNCTIONS), flags), Manifest(IREE, targets, functions))


WEIGHT = tensor("layer.weight: f32[3,2]")
BIAS = tensor("layer.bias: bf16[2]")


def weighted_artifact(file: str = "net.safetensors") -> bytes:
    """Return an artifact with weights outside: x @ weight + bias."""
    globals = "\n".join(
        f"util.global private @{name} = "
        f'#flow.parameter.named<"model"::"{spec.name}"> : {mlir_type(spec)}'
        for name, spec in (("weight", WEIGHT), ("bias", BIAS))
    )
    function = declare("linear", "x: f32[1,3]", "f32[1,2]")
    body = (
        "%w = util.global.load @weight : tensor<3x2xf32> "
        "%b = util.global.load @bias : tensor<2xbf16> "
        "%0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : "
        "(X, tensor<3x2xf32>) -> Z "
        "%1 = stablehlo.convert %b : (tensor<2xbf16>) -> tensor<2xf32> "
        "%2 = stablehlo.broadcast_in_dim %1, dims = [1] : (tensor<2xf32>) -> Z "
        "%3 = stablehlo.add %0, %2 : Z return %3 : Z"
    )
    parameters = Parameters(file, "model", (WEIGHT, BIAS))
    about = Manifest(IREE, ("cpu:host",), (function,), parameters=parameters)
    return to_bytes(compiled(source([(function, body)], globals)), about)
