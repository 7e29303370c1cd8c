"""Quantised Linear and Conv on CPU: Farrier against float32, torch and ONNX Runtime.

    python benchmarks/quantization.py [--threads 1,2] [--rounds 30] [--only 1x1024]

The peers are torch and onnxruntime (which needs onnx), if they are installed. Each thread count
runs in its own process, in which the libraries take turns. The output is the median time of one
call for each, and the median of the pairwise ratios of Farrier's time to each peer's in the same
scheme, and to those in float32, its own first. Below 1, Farrier is faster.

All inputs and outputs are float32, without a bias, and results are checked against float64 first.
Weights, and inputs in int8, are multiples of their scales, so quantising them is exact. Each output
channel has a scale; in int4 Linear, each block of 64 weights of an output has one. Peers differ: in
int8, torch, and ONNX Runtime for Conv, round results to 8 bits. With only the weights quantised,
torch has Linear, which is fast in bfloat16, and its casts are timed too; ONNX Runtime rounds inputs
of Linear to 8 bits, its default, and widens Conv's weights in each call.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import ml_dtypes
import numpy as np

import farrier as fr
import farrier_runtime

NAMES = ("farrier", "torch", "onnx")
BLOCK = 64

# 7 of 8 bits: on CPUs without VNNI, peers add two products in 16 bits, which may saturate.
INPUT_SCALE, INPUT_ZERO_POINT, INPUT_LIMIT = 1 / 16, 67, 127

# Relative to the largest output: one quantisation step in int8; with only weights quantised, errors
# of bfloat16 and of inputs in 8 bits. Farrier's results must always be as exact as float32.
FLOAT = 1e-5
TOLERANCES = {"float32": FLOAT, "int8": 1 / 127, "int8 weights": 0.01, "int4 weights": 0.01}
SETTLE_SECONDS = 0.01  # threads of the previous call may spin, torch's for 8 ms


@dataclass(frozen=True)
class Case:
    """The shapes of a layer: Linear if the weight is a matrix, else Conv, which keeps the size."""

    label: str
    input: tuple[int, ...]
    weight: tuple[int, ...]
    padding: int = 0
    groups: int = 1

    @property
    def is_linear(self) -> bool:
        return len(self.weight) == 2


CASES = (
    *(
        Case(f"Linear {rows}x{size}x{size}", (rows, size), (size, size))
        for rows, size in ((1, 512), (1, 1024), (1, 4096), (8, 1024), (64, 512), (128, 1024))
    ),
    Case("Conv 64x56x56, 3x3", (1, 64, 56, 56), (64, 64, 3, 3), 1),
    Case("Conv 128x28x28, 3x3", (1, 128, 28, 28), (128, 128, 3, 3), 1),
    Case("Conv 64x56x56, 1x1", (1, 64, 56, 56), (64, 64, 1, 1)),
    Case("Conv 64x56x56, depthwise", (1, 64, 56, 56), (64, 1, 3, 3), 1, 64),
)


@dataclass(frozen=True)
class Problem:
    """A layer's data: weight is integer times scale, (out, blocks); step is the output's scale."""

    case: Case
    scheme: str
    x: Any
    integers: Any
    scales: Any
    weight: Any
    expected: Any
    step: Any


def problem(case: Case, scheme: str) -> Problem:
    generator, limit = np.random.default_rng(0), 7 if scheme == "int4 weights" else 127
    inputs = generator.integers(0, INPUT_LIMIT + 1, case.input) - INPUT_ZERO_POINT
    integers = generator.integers(-limit, limit + 1, case.weight).astype(np.int8)
    blocks = case.weight[1] // BLOCK if limit == 7 and case.is_linear else 1
    scales = (generator.uniform(0.5, 1, (len(integers), blocks)) / limit).astype(np.float32)
    x = (inputs * INPUT_SCALE).astype(np.float32)
    weight = (integers.reshape(*scales.shape, -1) * scales[..., None]).reshape(case.weight)
    expected = reference(case, x, weight)
    return Problem(case, scheme, x, integers, scales, weight, expected, abs(expected).max() / 127)


def reference(case: Case, x: Any, weight: Any) -> Any:
    """Return the output in float64."""
    x, weight = x.astype(np.float64), weight.astype(np.float64)
    if case.is_linear:
        return x @ weight.T
    padded = np.pad(x, [(0, 0)] * 2 + [(case.padding,) * 2] * 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], (2, 3))
    grouped, kernels = (a.reshape(case.groups, -1, *a.shape[1:]) for a in (windows[0], weight))
    return np.einsum("gchwij,gocij->gohw", grouped, kernels, optimize=True).reshape(x.shape)


def farrier_call(problem: Problem, threads: int) -> Callable[[], Any]:
    info = fr.InputInfo(problem.case.input, fr.float32)
    executable = fr.compile(farrier_layer(problem), args=[info], target="cpu")
    with tempfile.TemporaryDirectory() as folder:
        artifact = executable.save(Path(folder) / "layer.vmfb").read_bytes()
    run = farrier_runtime.load(artifact, threads=threads)
    return lambda: run(problem.x)


def farrier_layer(problem: Problem) -> Any:
    case, options = problem.case, dict[str, Any](bias=False)
    scales = problem.scales if problem.scales.shape[1] > 1 else problem.scales[:, 0]
    if problem.scheme != "float32":
        options["quant_dtype"] = fr.int4 if problem.scheme == "int4 weights" else fr.int8
        options["weight_quant_dim"] = 0 if scales.ndim == 1 else None
    if case.is_linear:
        layer: Any = fr.Linear(case.weight[1], case.weight[0], **options)
    else:
        options |= {"padding": ((case.padding,) * 2,) * 2, "groups": case.groups}
        layer = fr.Conv(case.input[1], case.weight[0], case.weight[2:], **options)
    layer.weight = fr.Tensor(problem.weight)
    if problem.scheme != "float32":
        layer.weight_scale = fr.Tensor(scales)
    if problem.scheme == "int8":
        layer.input_scale, layer.input_zero_point = INPUT_SCALE, INPUT_ZERO_POINT - 128
    return layer


def torch_call(torch: Any, problem: Problem) -> Callable[[], Any] | None:
    """Return torch's layer, or None if it has no such layer."""
    x, case, functional = torch.from_numpy(problem.x), problem.case, torch.nn.functional
    if problem.scheme == "int8":
        return torch_quantized(torch, problem, x)
    if problem.scheme != "float32":
        return torch_weight_only(torch, problem, x) if case.is_linear else None
    weight = torch.from_numpy(problem.weight)
    if case.is_linear:
        return lambda: functional.linear(x, weight)
    return lambda: functional.conv2d(x, weight, padding=case.padding, groups=case.groups)


def torch_quantized(torch: Any, problem: Problem, x: Any) -> Callable[[], Any]:
    case, ops, ones = problem.case, torch.ops.quantized, [1, 1]
    floats, scales = torch.from_numpy(problem.weight), torch.from_numpy(problem.scales[:, 0])
    zeros = torch.zeros(len(scales), dtype=torch.int64)
    weight = torch.quantize_per_channel(floats, scales, zeros, 0, torch.qint8)
    options = ones, [case.padding] * 2, ones, case.groups
    if case.is_linear:
        product, packed = ops.linear, ops.linear_prepack(weight, None)
    else:
        product, packed = ops.conv2d, ops.conv2d_prepack(weight, None, *options)
    quantize, narrow = torch.quantize_per_tensor, (INPUT_SCALE, INPUT_ZERO_POINT, torch.quint8)
    return lambda: product(quantize(x, *narrow), packed, problem.step, 128).dequantize()


def torch_weight_only(torch: Any, problem: Problem, x: Any) -> Callable[[], Any]:
    ops, bfloat16 = torch.ops.aten, torch.bfloat16
    integers, scales = torch.from_numpy(problem.integers), torch.from_numpy(problem.scales)
    if problem.scheme == "int8 weights":
        scale = scales[:, 0].to(bfloat16)
        return lambda: ops._weight_int8pack_mm(x.to(bfloat16), integers, scale).float()
    packed = ops._convert_weight_to_int4pack_for_cpu(integers.to(torch.int32) + 8, 1)
    pairs = torch.stack([scales.T, torch.zeros_like(scales.T)], -1).to(bfloat16)
    product = ops._weight_int4pack_mm_for_cpu
    return lambda: product(x.to(bfloat16), packed, BLOCK, pairs).float()


def onnx_call(onnx: Any, runtime: Any, problem: Problem, threads: int) -> Callable[[], Any]:
    """Return ONNX Runtime's call of a QuantizeLinear-DequantizeLinear model, which it fuses."""
    model, options = onnx.parser.parse_model(onnx_text(problem)), runtime.SessionOptions()
    weight = problem.weight if problem.scheme == "float32" else problem.integers
    weight = weight.astype(ml_dtypes.int4) if problem.scheme == "int4 weights" else weight
    weight = weight.T if problem.case.is_linear else weight
    scales = problem.scales.T if problem.scales.shape[1] > 1 else problem.scales[:, 0]
    for name, data in (("weight", weight), ("scales", scales)):
        model.graph.initializer.append(onnx.numpy_helper.from_array(data, name))
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # it warns about each unused constant
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = runtime.InferenceSession(model.SerializeToString(), options)
    return lambda: session.run(None, {"x": problem.x})[0]


def onnx_text(problem: Problem) -> str:
    """Return the model except for "weight", a Linear's (in, out), and its "scales"."""
    case, x, weight, y, nodes = problem.case, "x", "weight", "y", list[str]()
    if problem.scheme == "int8":
        nodes += ["x_integers = QuantizeLinear (x, x_scale, x_zero)"]
        nodes += ["x_rounded = DequantizeLinear (x_integers, x_scale, x_zero)"]
        x, y = "x_rounded", "y" if case.is_linear else "y_exact"
    if problem.scheme != "float32":
        blocks, weight = problem.scales.shape[1] > 1, "floats"
        options = f"axis = {int(case.is_linear and not blocks)}, block_size = {BLOCK * blocks}"
        nodes += [f"floats = DequantizeLinear <{options}> (weight, scales)"]
    options = f"<pads = {[case.padding] * 4}, group = {case.groups}>"
    nodes += [f"{y} = {'MatMul' if case.is_linear else f'Conv {options}'} ({x}, {weight})"]
    if y != "y":
        nodes += ["y_integers = QuantizeLinear (y_exact, y_scale, y_zero)"]
        nodes += ["y = DequantizeLinear (y_integers, y_scale, y_zero)"]
    tensor_type = f"float{list(case.input)}"
    steps = f"float x_scale = {{{INPUT_SCALE}}}, float y_scale = {{{problem.step:.9g}}}"
    zeros = f"uint8 x_zero = {{{INPUT_ZERO_POINT}}}, uint8 y_zero = {{128}}"
    head = f'<ir_version: 10, opset_import: ["": 21]> layer ({tensor_type} x) => ({tensor_type} y)'
    return f"{head} <{steps}, {zeros}> {{ {' '.join(nodes)} }}"


def installed(*names: str) -> list[Any]:
    """Return the modules, or None for each if one is not installed."""
    try:
        return [importlib.import_module(name) for name in names]
    except ImportError as error:
        print(f"{error.name} is not installed: its columns are left out")
        return [None] * len(names)


def calls(case: Case, threads: int, peers: list[Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield the scheme, library and function of each case; a wrong result ends the script."""
    torch, onnx, runtime = peers
    for scheme in TOLERANCES:
        given = problem(case, scheme)
        own, other = farrier_call(given, threads), torch and torch_call(torch, given)
        third = onnx and onnx_call(onnx, runtime, given, threads)
        for name, call in zip(NAMES, (own, other, third), strict=True):
            if call is not None:
                limit = FLOAT if name == NAMES[0] else TOLERANCES[scheme]
                error = np.abs(np.asarray(call()) - given.expected).max() / (127 * given.step)
                if not error <= limit:
                    sys.exit(f"{case.label}, {scheme}, {name}: error {error:.1e}, over {limit:.1e}")
                yield scheme, name, call


def timed(function: Callable[[], Any]) -> float:
    """Return the milliseconds of a call, after warm-up calls until other threads stop spinning."""
    end = time.perf_counter() + SETTLE_SECONDS
    while time.perf_counter() < end:
        function()
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1e3


def measure(case: Case, threads: int, rounds: int, peers: list[Any]) -> None:
    """Time the libraries in turn, and print the figures."""
    functions = {(scheme, name): call for scheme, name, call in calls(case, threads, peers)}
    turns = [{key: timed(call) for key, call in functions.items()} for _ in range(rounds)]
    for scheme in TOLERANCES:
        same, plain = ([(key, name) for name in NAMES] for key in (scheme, "float32"))
        times = [median(turn.get(key, np.nan) for turn in turns) for key in same]
        own, *others = *same, *plain
        ratios = [median(turn[own] / turn.get(key, np.nan) for turn in turns) for key in others]
        cells = "".join(f"{x:9.3f}" for x in times) + "".join(f"{x:9.2f}" for x in ratios)
        print(f"{case.label:25}{scheme:12}{cells.replace('nan', '  -')}", flush=True)


def measure_all(threads: int, rounds: int, only: str) -> None:
    peers = [*installed("torch"), *installed("onnx", "onnxruntime")]
    if peers[0]:
        warnings.filterwarnings("ignore", "torch.quantize_per_tensor")
        peers[0].set_num_threads(threads)
    heads = (*NAMES, "/torch", "/onnx", "/own32", "/torch32", "/onnx32")
    print(f"\n{f'Threads: {threads}; ms a call':37}", *map("{:>8}".format, heads), flush=True)
    for case in filter(lambda case: only in case.label, CASES):
        measure(case, threads, rounds, peers)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", default=f"1,{os.cpu_count()}")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--only", default="", help="a part of the names of cases")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        measure_all(args.child, args.rounds, args.only)
        return
    with tempfile.TemporaryDirectory() as cache:
        for threads in args.threads.split(","):
            command = [sys.executable, __file__, "--child", threads]
            command += ["--rounds", str(args.rounds), "--only", args.only]
            subprocess.run(command, check=True, env=os.environ | {"FARRIER_CACHE": cache})


if __name__ == "__main__":
    main()
