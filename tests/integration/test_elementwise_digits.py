"""Errors of functions over all floating-point numbers, in units in the last place.

The exact results are long doubles. Compiled functions may be 3 units off in float32 and float64,
and round once more in float16 and bfloat16. CPUs flush subnormal numbers to 0; formulas avoid them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

import farrier as fr
import farrier_runtime
from farrier.compiling.trace import trace
from farrier_compiler.driver import Options, compile_graphs
from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import REGISTRY
from farrier_compiler.stablehlo.formulas import FORMULAS
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.cpus import X86_64, where_it_runs

Array = NDArray[Any]
Wide = np.longdouble

UNITS: dict[dtype, float] = {
    dtypes.float64: 3.0,
    dtypes.float32: 3.0,
    dtypes.float16: 0.502,
    dtypes.bfloat16: 0.502,
}
ROUNDED_TWICE = {"tan": 1.5}
"""What factor functions need that are the quotient of two others."""

SPECIAL = (0.0, 1.0, 2.0, 8.0, 27.0, 1000.0, np.inf, np.nan)
NEIGHBOURS = (0.25, 0.5, 0.70710678, 1.0, 1.41421356, 1.57079633, 2.0, 3.0, 8.0, 10.0, 88.7, 709.7)


def numbers(dtype: dtype, seed: int = 0) -> Array:
    """Return numbers of every exponent, next to special ones, and special ones, of either sign."""
    info: Any = ml_dtypes.finfo(dtype.numpy)
    generator = np.random.default_rng(seed)
    exponents = generator.uniform(info.minexp - info.nmant, info.maxexp, 3000)
    with np.errstate(over="ignore"):
        spread = np.exp2(exponents.astype(Wide))
        near = np.multiply.outer(NEIGHBOURS, 1 + np.arange(-20, 21) * float(info.eps)).ravel()
        elements = np.concatenate([spread, near, generator.uniform(0, 30, 1000), SPECIAL])
        elements = np.concatenate([elements, -elements]).astype(dtype.numpy)
    return elements


def second(dtype: dtype) -> Array:
    """Return other numbers, half of them of a size like the first ones."""
    generator = np.random.default_rng(2)
    first, other = numbers(dtype), numbers(dtype, 1)
    with np.errstate(over="ignore"):
        alike = (first * generator.uniform(0.1, 3, first.size)).astype(dtype.numpy)
    return np.where(generator.random(first.size) < 0.5, alike, generator.permutation(other))


def complement(x: Array) -> Array:
    """Return erfc: by its series up to 2, by its continued fraction above, in long doubles."""
    size = np.minimum(np.abs(x), 40)
    total = term = np.where(size < 2, size, 0)
    for n in range(1, 60):
        term = -term * size * size / n
        total = total + term / (2 * n + 1)
    near = 1 - total * 2 / np.sqrt(Wide(np.pi) + Wide(1.2246467991473532e-16))
    fraction = size
    for n in range(300, 0, -1):
        fraction = size + Wide(n) / 2 / fraction
    root = np.sqrt(Wide(np.pi) + Wide(1.2246467991473532e-16))
    far = np.exp(-size * size) / (fraction * root)
    complement = np.where(size < 2, near, far)
    return np.where(np.isnan(x), x, np.where(x < 0, 2 - complement, complement))


def logarithm_of_sum(x: Array, y: Array) -> Array:
    larger = np.maximum(x, y)
    return larger + np.where(x == y, np.log(Wide(2)), np.log1p(np.exp(-np.abs(x - y))))


# Functions without an op, or whose op's reference does not compute in long doubles.
EXACT: dict[str, Callable[..., Array]] = {
    "erfc": complement,
    "logaddexp": logarithm_of_sum,
    "trunc": np.trunc,
}

# Functions that need other arguments than `numbers`: rows of their own pin their digits.
ELSEWHERE = {
    *("atan2", "expm1", "floor_divide", "log1p", "power"),
    *("remainder", "round", "tanh"),
}

TESTED = {*FORMULAS, *EXACT} - ELSEWHERE


def exact(name: str, *arrays: Array) -> Array:
    """Return a function's results in long doubles."""
    function: Any = EXACT.get(name) or REGISTRY[name]().reference
    results: Array = function(*[array.astype(Wide) for array in arrays])
    assert results.dtype == Wide
    return results


def operands(name: str) -> int:
    return len(inspect.signature(getattr(fr, name)).parameters)


UNARY = sorted(name for name in TESTED if operands(name) == 1)
BINARY = sorted(name for name in TESTED if operands(name) == 2)


def units(dtype: dtype, result: Array, exact: Array, beside: Array | float = 0.0) -> Array:
    """Return errors in units in the last place of the result, or of a larger second number."""
    info: Any = ml_dtypes.finfo(dtype.numpy)
    rounded = exact.astype(dtype.numpy).astype(Wide)
    result = result.astype(Wide)
    largest = np.fmax(np.abs(rounded), np.where(np.isfinite(beside), np.abs(beside), 0))
    _, exponent = np.frexp(np.where(np.isfinite(largest), largest, 1))
    unit = np.ldexp(Wide(1), np.maximum(exponent - 1, info.minexp) - info.nmant)
    error = np.where(np.isfinite(rounded), np.abs(result - exact) / unit, np.inf)
    same = (result == rounded) | (np.isnan(result) & np.isnan(rounded))
    error = np.where(same, np.where(np.isfinite(rounded), error, 0), error)
    wrong_zero = (rounded == 0) & (result == 0) & (np.signbit(result) != np.signbit(rounded))
    return np.where(np.isnan(error) | wrong_zero, np.inf, error)


@functools.cache
def programs(dtype: dtype, target: str) -> farrier_runtime.Executable:
    info = fr.InputInfo(numbers(dtype).shape, dtype)
    graphs = [
        trace(getattr(fr, name), [info] * (1 + (name in BINARY)), name=name).graph
        for name in (*UNARY, *BINARY)
    ]
    compiled = compile_graphs(graphs, [Target.parse(target)], Options(cache=False))
    return farrier_runtime.load(compiled.to_bytes(), device="cpu")


DTYPES = pytest.mark.parametrize("dtype", UNITS, ids=lambda dtype: dtype.short)

# Smaller floats are computed in float32: on another CPU, too.
CASES = pytest.mark.parametrize(
    ("dtype", "target"),
    [
        pytest.param(dtype, target, id=f"{dtype.short}-{target}")
        for dtype in UNITS
        for target in ("cpu", X86_64)
        if target == "cpu" or dtype.bits >= 32
    ],
)


@CASES
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_are_exact_to_their_units(name: str, dtype: dtype, target: str) -> None:
    x = numbers(dtype)
    with where_it_runs():
        result = np.asarray(programs(dtype, target)[name](x))
    with np.errstate(all="ignore"):
        error = units(dtype, result, exact(name, x))
    worst = int(np.argmax(error))
    assert error[worst] <= UNITS[dtype] * ROUNDED_TWICE.get(name, 1), (
        x[worst],
        result[worst],
        error[worst],
    )


@CASES
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_are_exact_to_their_units(name: str, dtype: dtype, target: str) -> None:
    x, y = numbers(dtype), second(dtype)
    with where_it_runs():
        result = np.asarray(programs(dtype, target)[name](x, y))
    with np.errstate(all="ignore"):
        # Near 0, where the operands cancel, the error is relative to the operands.
        beside = np.fmax(np.abs(x), np.abs(y)).astype(Wide) if name == "logaddexp" else 0.0
        error = units(dtype, result, exact(name, x, y), beside)
    worst = int(np.argmax(error))
    assert error[worst] <= UNITS[dtype], (x[worst], y[worst], result[worst], error[worst])


@DTYPES
@pytest.mark.parametrize("name", UNARY)
def test_references_are_exact_to_their_units(name: str, dtype: dtype) -> None:
    x = numbers(dtype)
    result = getattr(fr, name)(fr.Tensor(x)).numpy()
    with np.errstate(all="ignore"):
        error = units(dtype, result, exact(name, x))
    assert error.max() <= UNITS[dtype] + 1, x[int(np.argmax(error))]
