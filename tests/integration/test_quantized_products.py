"""Products of quantised operands: exact integer arithmetic, and integer instructions."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from farrier.compiling.trace import trace
from farrier_compiler.driver import Options, compile_graphs, dump
from farrier_compiler.driver.cpu_models import cpu_model
from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import Graph
from farrier_compiler.ops.convolution import Convolution
from farrier_runtime import cpu_features
from farrier_runtime.dtypes import dtype
from farrier_runtime.manifest import CpuRequirements
from support.dynamic import together

CPU = Target.parse("cpu")
NO_CACHE = Options(cache=False)


class Case(NamedTuple):
    """A product, and the quantisation of its operands.

    Attributes:
        input: the shape of the input.
        weight: the shape of the weight.
        product: the float product, on tensors.
        sums: the integer product, in numpy.
        storage: the data type that the input is quantised to.
        zero_point: the input's.
        per_channel: whether the weight has a scale for each output channel, in dimension 0.
    """

    input: tuple[int, ...]
    weight: tuple[int, ...]
    product: Callable[[fr.Tensor, fr.Tensor], fr.Tensor]
    sums: Callable[[Any, Any], Any]
    storage: dtype = fr.int8
    zero_point: int = 0
    per_channel: bool = True


def linear(input: tuple[int, ...], out: int, **options: Any) -> Case:
    def product(x: fr.Tensor, w: fr.Tensor) -> fr.Tensor:
        return fr.dot_general(x, w, ((-1,), (1,)))

    return Case(input, (out, input[-1]), product, lambda x, w: x @ w.T, **options)


def conv(
    input: tuple[int, ...],
    weight: tuple[int, ...],
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
    **options: Any,
) -> Case:
    rank = len(input) - 2
    op = Convolution((stride,) * rank, ((padding, padding),) * rank, (dilation,) * rank, groups)

    def product(x: fr.Tensor, w: fr.Tensor) -> fr.Tensor:
        return fr.convolution(x, w, op.stride, op.padding, op.dilation, groups)

    return Case(input, weight, product, op.reference, **options)


CASES = {
    "symmetric": linear((8, 64), 32),
    "asymmetric": linear((8, 64), 32, zero_point=-17),
    "unsigned": linear((8, 64), 32, storage=fr.uint8, zero_point=131),
    "unsigned_zero": linear((5, 33), 7, storage=fr.uint8),
    "per_tensor": linear((3, 50), 20, per_channel=False, zero_point=5),
    "one_row": linear((1, 128), 64, zero_point=3),
    "vector": linear((96,), 16, zero_point=3),
    "rank_3": linear((2, 3, 40), 24, storage=fr.uint8, zero_point=200),
    "long": linear((2, 4096), 8, zero_point=-128),
    "conv": conv((2, 8, 9, 9), (16, 8, 3, 3), padding=1, zero_point=9),
    "conv_unsigned": conv((2, 8, 9, 9), (16, 8, 3, 3), padding=1, storage=fr.uint8, zero_point=77),
    "conv_stride": conv((1, 8, 11, 11), (8, 8, 3, 3), stride=2, padding=1),
    "conv_dilation": conv((1, 8, 11, 11), (8, 8, 3, 3), dilation=2, padding=2, zero_point=-3),
    "conv_groups": conv((2, 8, 7, 7), (16, 2, 3, 3), groups=4, zero_point=4),
    "conv_large_groups": conv((1, 32, 24, 24), (32, 8, 3, 3), groups=4, zero_point=4),
    "conv_depthwise": conv((2, 8, 7, 7), (8, 1, 3, 3), groups=8, padding=1, zero_point=4),
    "conv_pointwise": conv((2, 16, 7, 7), (8, 16, 1, 1), zero_point=4),
    "conv_per_tensor": conv((1, 8, 7, 7), (8, 8, 3, 3), per_channel=False, zero_point=1),
    "conv_large": conv((1, 32, 16, 16), (32, 32, 3, 3), padding=1, zero_point=-5),
    "conv_1d": conv((2, 6, 20), (4, 6, 5), padding=2, zero_point=12),
    "conv_3d": conv((1, 4, 5, 6, 7), (4, 4, 3, 3, 3), padding=1, zero_point=-12),
}

# Large enough for the kernel that CPUs with AVX-512 VNNI have.
LARGE = {
    "rows_37": linear((37, 132), 64, zero_point=-17),
    "rows_64": linear((64, 128), 96),
    "one_large_row": linear((1, 600), 500, storage=fr.uint8, zero_point=131),
    "ragged": linear((2, 7, 131), 150, storage=fr.uint8, zero_point=200),
    "planes": conv((2, 12, 15, 17), (40, 12, 3, 3), stride=2, padding=1, dilation=2, zero_point=9),
    "planes_one": conv((1, 64, 20, 20), (64, 64, 1, 1), stride=2, zero_point=-9, per_channel=False),
    "planes_three_channels": conv((1, 3, 26, 26), (64, 3, 3, 3), padding=1, zero_point=4),
    "lines": conv((3, 8, 100), (50, 8, 7), padding=3, storage=fr.uint8, zero_point=77),
    "boxes": conv((1, 4, 6, 7, 8), (40, 4, 3, 3, 3), padding=1, zero_point=-12),
}


def operands(case: Case, adversarial: bool) -> tuple[Any, Any, Any]:
    """Return input, weight and the weight's scales; adversarial: halves, limits and beyond."""
    generator = np.random.default_rng(len(case.input) + abs(case.zero_point))
    x = generator.normal(0, 2.5, case.input)
    w = generator.normal(0, 1, case.weight)
    if adversarial:
        steps = generator.integers(-300, 300, case.input)
        x = (steps + 0.5) * SCALE * generator.choice([1, 1, 100], case.input)
        w = generator.choice([-1.0, 1.0, 127.5 / 128], case.weight)
    axes = tuple(range(1, w.ndim)) if case.per_channel else None
    scales = np.abs(w).max(axis=axes) / 127
    return x.astype(np.float32), w.astype(np.float32), np.asarray(scales, np.float32)


SCALE = 0.0625


def function(case: Case, weight: Any, scales: Any) -> Any:
    """Return the product of a quantised input and a quantised weight."""
    dim = 0 if case.per_channel else None

    def call(x: fr.Tensor) -> fr.Tensor:
        q = fr.quantize(x, SCALE, case.storage, zero_point=case.zero_point)
        x = fr.dequantize(q, SCALE, fr.float32, zero_point=case.zero_point)
        w = fr.quantize(fr.Tensor(weight), fr.Tensor(scales), fr.int8, dim)
        return case.product(x, fr.dequantize(w, fr.Tensor(scales), fr.float32, dim))

    return call


def expected(case: Case, x: Any, weight: Any, scales: Any) -> Any:
    """Compute sums of integers in numpy, and scale them in float32."""
    low, high = (0, 255) if case.storage is fr.uint8 else (-128, 127)
    q = np.clip(np.rint(x / np.float32(SCALE)) + case.zero_point, low, high).astype(np.int64)
    columns = scales.reshape(-1, *[1] * (weight.ndim - 1)) if case.per_channel else scales
    w = np.clip(np.rint(weight / columns), -128, 127).astype(np.int64)
    sums = case.sums(q - case.zero_point, w)
    behind = 0 if weight.ndim == 2 else weight.ndim - 2
    scale = scales.reshape(-1, *[1] * behind) if case.per_channel else scales
    return sums.astype(np.float32) * (np.float32(SCALE) * scale)


def runs_here(name: str) -> bool:
    """Return whether this machine runs code for a CPU."""
    model = cpu_model(Target.parse(name))
    try:
        cpu_features.check(CpuRequirements(model.architecture, model.features))
    except fr.DeviceError:
        return False
    return True


# The machine's own, and one with registers half as wide.
NAMES = [name for name in ("cpu", "cpu:alderlake") if runs_here(name)]


TABLES = {"small": CASES, "large": LARGE}


@functools.cache
def program(table: str, target: str) -> farrier_runtime.Executable:
    """Return all products of a table, both of usual and of adversarial operands, compiled."""
    graphs: list[Graph] = []
    for adversarial in (False, True):
        for name, case in TABLES[table].items():
            _, weight, scales = operands(case, adversarial)
            infos = [fr.InputInfo(case.input, fr.float32)]
            called = f"{name}_{adversarial}"
            graphs.append(trace(function(case, weight, scales), infos, name=called).graph)
    compiled = compile_graphs(graphs, [Target.parse(target)], NO_CACHE)
    return farrier_runtime.load(compiled.to_bytes())


@pytest.mark.parametrize("adversarial", [False, True])
@pytest.mark.parametrize(
    ("table", "target"), [("small", "cpu"), *(("large", name) for name in NAMES)]
)
def test_results_are_bit_for_bit_sums_of_integers(
    table: str, target: str, adversarial: bool
) -> None:
    run = program(table, target)
    for name, case in TABLES[table].items():
        x, weight, scales = operands(case, adversarial)
        wanted = expected(case, x, weight, scales)
        result = np.asarray(run[f"{name}_{adversarial}"](x))
        np.testing.assert_array_equal(result, wanted, err_msg=name)


@pytest.mark.parametrize("name", ["unsigned", "conv"])
def test_eager_is_close(name: str) -> None:
    case = CASES[name]
    x, weight, scales = operands(case, False)
    result = function(case, weight, scales)(fr.Tensor(x)).numpy()
    wanted = expected(case, x, weight, scales)
    np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


def traced(case: Case, name: str = "main") -> Graph:
    _, weight, scales = operands(case, False)
    info = fr.InputInfo(case.input, fr.float32)
    return trace(function(case, weight, scales), [info], name=name).graph


@functools.cache
def optimized() -> dict[str, str]:
    """Return IREE's IR of each small product, as it is before dispatches are formed."""
    graphs = [traced(case, name) for name, case in CASES.items()]
    (text,) = dump(graphs, [CPU], NO_CACHE, "global-optimization").values()
    parts = re.split(r"util\.func public @(\w+)\(", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", CASES)
def test_contractions_are_of_integers(name: str) -> None:
    graph = optimized()[name]
    sums = re.findall(r"arith\.muli[^\n]*\n[^\n]*arith\.addi[^\n]* : i32", graph)
    if name in (
        "conv_depthwise",
        "conv_groups",
    ):  # exact in float32; IREE miscompiles integers here
        assert re.search(r"arith\.sitofp[^\n]* : i8 to f32", graph)
        return
    integers = r"linalg\.(conv|matmul|quantized)[^\n]*i8[^\n]*i32|flow\.dispatch @bytes"
    assert sums or re.search(integers, graph)
    assert not re.search(r"arith\.mulf[^\n]*\n[^\n]*arith\.addf", graph)


@pytest.mark.parametrize(
    ("cpu", "register"), [("cascadelake", "zmm"), ("alderlake", "ymm"), ("x86-64-v4", None)]
)
def test_a_vnni_kernel_multiplies_int8(cpu: str, register: str | None) -> None:
    names = LARGE if register else ["rows_37", "planes"]  # without a kernel, IREE compiles slowly
    graphs = [traced(LARGE[name], name) for name in names]
    text = "\n".join(dump(graphs, [Target.parse(f"cpu:{cpu}")], NO_CACHE, "asm").values())
    assert set(re.findall(r"vpdpbusd[^\n]*%([xyz]mm)", text)) == ({register} if register else set())
    assert "vpdpwssd" not in text


def test_few_products_are_fused_instead() -> None:
    target = Target.parse("cpu:cascadelake")
    text = "\n".join(dump([traced(CASES["symmetric"])], [target], NO_CACHE, "asm").values())
    assert "vpdpwssd" in text
    assert "vpdpbusd" not in text


def test_flags_for_another_cpu_exclude_the_vnni_kernel() -> None:
    options = Options(cache=False, flags=("--iree-llvmcpu-target-cpu=haswell",))
    target = Target.parse("cpu:cascadelake")
    (text,) = dump([traced(LARGE["rows_64"])], [target], options, "iree-input").values()
    assert "vpdpbusd" not in text


@pytest.mark.parametrize("name", ["rows_37", "planes"])
def test_a_kernel_reads_external_weights(name: str) -> None:
    case = LARGE[name]
    x, weight, scales = operands(case, False)
    compiled = compile_graphs([traced(case)], [CPU], Options(cache=False, weights="external"))
    run = farrier_runtime.load(compiled.to_bytes(), weights=compiled.weights)
    np.testing.assert_array_equal(np.asarray(run(x)), expected(case, x, weight, scales))


def test_more_products_than_32_bits_hold_are_summed_as_floats() -> None:
    terms = 1 << 18
    x = np.full((1, terms), 127 * SCALE, np.float32)
    weight = np.full((4, terms), 1.0, np.float32)
    scales = np.full(4, 1 / 127, np.float32)
    case = linear((1, terms), 4)
    run = fr.compile(
        function(case, weight, scales), args=[fr.InputInfo(x.shape, fr.float32)], target="cpu"
    )
    result = np.asarray(run(fr.Tensor(x)))
    np.testing.assert_allclose(result, terms * 127 * SCALE, rtol=1e-2)


ANY_BATCH = ("asymmetric", "rank_3", "conv", "rows_37", "planes", "lines")


@functools.cache
def of_any_batch() -> dict[str, farrier_runtime.Executable]:
    batch = fr.NamedDimension("batch", 1, 4, 9)
    functions: dict[str, Any] = {}
    for name in ANY_BATCH:
        case = (CASES | LARGE)[name]
        _, weight, scales = operands(case, False)
        infos = [fr.InputInfo((batch, *case.input[1:]), fr.float32)]
        functions[name] = (function(case, weight, scales), infos)
    return together(functions)


@pytest.mark.parametrize("name", ANY_BATCH)
def test_any_batch_has_the_same_sums(name: str) -> None:
    case = (CASES | LARGE)[name]
    _, weight, scales = operands(case, False)
    for size in (1, 3, 9):
        x, _, _ = operands(case._replace(input=(size, *case.input[1:])), False)
        wanted = expected(case, x, weight, scales)
        np.testing.assert_array_equal(np.asarray(of_any_batch()[name](x)), wanted)


def test_tensor_cores_multiply_them_as_float16() -> None:
    cuda = Target.parse("cuda:sm_80")
    files = dump([traced(linear((64, 256), 128, zero_point=3))], [cuda], NO_CACHE, "ptx")
    assert "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" in "\n".join(files.values())


def test_bias_activation_and_requantisation_are_fused() -> None:
    weight, scales = np.ones((32, 32), np.float32), np.full(32, SCALE, np.float32)

    def layer(q: fr.Tensor) -> fr.Tensor:
        x = fr.dequantize(q, SCALE, fr.float32, zero_point=3)
        w = fr.quantize(fr.Tensor(weight), fr.Tensor(scales), fr.int8, 0)
        w = fr.dequantize(w, fr.Tensor(scales), fr.float32, 0)
        y = fr.relu(fr.dot_general(x, w, ((1,), (1,))) + fr.Tensor(scales))
        return fr.quantize(y, SCALE, fr.int8, zero_point=3)

    info = fr.InputInfo((64, 32), fr.int8)
    graph = trace(lambda q: layer(layer(q)), [info], name="main").graph
    (text,) = dump([graph], [CPU], NO_CACHE, "flow").values()
    dispatches = re.findall(r"flow\.dispatch @\w+::@(\w+)", text.partition("func public @main")[2])
    assert [name.partition("like_")[2] for name in dispatches] == ["64x32x32_i8xi8xi32"] * 2
