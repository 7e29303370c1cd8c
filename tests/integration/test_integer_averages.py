"""Averages of integers whose sum is out of range, eager and compiled, against Python's integers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from farrier_compiler.types.numbers import limits
from support.dynamic import together

EAGER = (fr.int4, fr.int8, fr.uint8, fr.int16, fr.uint16, fr.int32, fr.uint32, fr.int64, fr.uint64)
COMPILED = (fr.int32, fr.int64)
SAMPLES = fr.NamedDimension("n", 1, 300, 400)
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "mean": lambda x: fr.mean(x, 0),
    "avgpool": lambda x: fr.avgpool(fr.permute(x, (1, 0))[None], (3,)),
    "inside": lambda x: fr.avgpool(
        fr.permute(x, (1, 0))[None], (3,), padding=((1, 1),), count_include_pad=False
    ),
}


def samples(dtype: fr.dtype) -> Any:
    """Return columns of one limit, of random extreme numbers, and of both limits in turn."""
    low, high = limits(dtype)
    extremes = [low, low + 1, max(low, -1), 1, high - 1, high]
    drawn = [extremes[index] for index in np.random.default_rng(0).integers(0, 6, 300)]
    columns = [[high] * 300, [low] * 300, drawn, [low, high, high] * 100]
    return np.array(columns, object).T.astype(dtype.numpy)


def truncated(numbers: Sequence[int]) -> int:
    total = sum(numbers)
    return int(math.copysign(1, total)) * (abs(total) // len(numbers))


def expected(name: str, x: Any) -> list[int]:
    columns = [[int(n) for n in column] for column in x.T]
    if name == "mean":
        return [truncated(column) for column in columns]
    edge = 1 if name == "inside" else 0
    starts = range(-edge, len(x) - 2 + edge)
    return [truncated(c[max(i, 0) : i + 3]) for c, i in itertools.product(columns, starts)]


def flat(result: Any) -> list[int]:
    return [int(n) for n in np.asarray(result).ravel()]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", EAGER, ids=str)
def test_eager(dtype: fr.dtype, name: str) -> None:
    x = samples(dtype)
    assert flat(FUNCTIONS[name](fr.Tensor(x)).numpy()) == expected(name, x)


@pytest.fixture(scope="module")
def compiled() -> dict[str, farrier_runtime.Executable]:
    return together(
        {
            f"{name}_{dtype}": (function, [fr.InputInfo((SAMPLES, 4), dtype)])
            for name, function in FUNCTIONS.items()
            for dtype in COMPILED
        }
    )


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", COMPILED, ids=str)
def test_compiled(
    compiled: dict[str, farrier_runtime.Executable], dtype: fr.dtype, name: str
) -> None:
    x = samples(dtype)
    assert flat(compiled[f"{name}_{dtype}"](x)) == expected(name, x)


def test_large_integers_are_resized_without_a_loss() -> None:
    x = np.array([2**31 - 1, 2**24 + 1, 2**24 + 1], np.int32)
    for mode in ("linear", "cubic"):
        assert flat(fr.resize(fr.Tensor(x[1:]), (4,), mode=mode).numpy()) == [2**24 + 1] * 4
    assert flat(fr.resize(fr.Tensor(x[:1]), (2,)).numpy()) == [2**31 - 1] * 2
