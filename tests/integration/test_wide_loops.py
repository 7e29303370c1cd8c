"""Programs whose ops IREE fuses to kernels that it cannot compile, or that nothing can load."""

from __future__ import annotations

import functools
import logging
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from farrier.compiling.trace import trace
from farrier_compiler.driver import dump
from support.compiler_process import CPU, UNCACHED
from support.dynamic import assert_as_eager, together

COUNT = 34
N = fr.NamedDimension("n", 0, 8, 64)
OTHERS = [fr.NamedDimension(f"n{index}", 0, 8, 64) for index in range(COUNT)]
LINE = fr.InputInfo((N,), fr.float32)


def total(*xs: fr.Tensor) -> fr.Tensor:
    return functools.reduce(operator.add, xs)


def doubled(*xs: fr.Tensor) -> fr.Tensor:
    return fr.concatenate([x * 2.0 for x in xs], 0)


def of_all_types(*xs: fr.Tensor) -> fr.Tensor:
    return total(*[fr.cast(x, fr.float32) for x in xs])


def chained(*xs: fr.Tensor) -> tuple[fr.Tensor, ...]:
    results = [xs[0]]
    for x in xs[1:]:
        results.append(results[-1] * 0.5 + x)
    return tuple(results[1:])


TYPES = (fr.float32, fr.int32, fr.bool, fr.uint8, fr.float16)
CASES: dict[str, tuple[Callable[..., Any], list[fr.InputInfo]]] = {
    "sum": (total, [fr.InputInfo((4,), fr.float32)] * COUNT),
    "types": (of_all_types, [fr.InputInfo((4,), TYPES[i % 5]) for i in range(COUNT)]),
    "reduced": (lambda *xs: fr.sum(total(*xs)), [fr.InputInfo((4,), fr.float32)] * COUNT),
    "results": (chained, [fr.InputInfo((4,), fr.float32)] * COUNT),
    "dynamic_sum": (total, [LINE] * COUNT),
    "joined": (lambda *xs: fr.concatenate(xs, 0), [LINE] * COUNT),
    "stacked": (lambda *xs: fr.stack(xs, 1), [LINE] * COUNT),
    "sizes": (doubled, [fr.InputInfo((n,), fr.float32) for n in OTHERS]),
    "ranks": (
        total,
        [fr.InputInfo((N, OTHERS[0], OTHERS[1], OTHERS[2]), fr.float32)] * 12,
    ),
}


@functools.cache
def compiled() -> dict[str, farrier_runtime.Executable]:
    return together(CASES)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [3, 1, 0])
def test_compiled_gives_what_eager_does(name: str, size: int) -> None:
    function, infos = CASES[name]
    generator = np.random.default_rng(0)
    arrays = [
        generator.integers(0, 2, [n if isinstance(n, int) else size for n in info.shape]).astype(
            info.dtype.numpy
        )
        for info in infos
    ]
    assert assert_as_eager(compiled()[name], function, arrays)


def test_values_are_right() -> None:
    ones = [np.ones(4, np.float32)] * COUNT
    np.testing.assert_array_equal(np.asarray(compiled()["sum"](*ones)), np.full(4, COUNT))
    assert np.asarray(compiled()["reduced"](*ones)) == 4 * COUNT
    lines = [np.full(i % 3, i, np.float32) for i in range(COUNT)]
    np.testing.assert_array_equal(
        np.asarray(compiled()["sizes"](*lines)), np.concatenate(lines) * 2
    )


LOSS = [
    fr.InputInfo((3, 5, 6, 6), fr.float32),
    fr.InputInfo((3, 6, 6), fr.int64),
    fr.InputInfo((5,), fr.float32),
]
REFUSAL = (
    "IREE refuses sum of float32 (3, 5, 6, 6) in weighted_loss: operand #0 does not dominate this "
    "use. Farrier tries again without fusing it with others."
)


def weighted_loss(x: fr.Tensor, t: fr.Tensor, w: fr.Tensor) -> fr.Tensor:
    hit = fr.iota(x.shape, 1, fr.int32) == fr.unsqueeze(fr.cast(t, fr.int32), 1)
    losses = -fr.sum(fr.where(hit, x, 0.0), 1)
    weights = fr.sum(fr.where(hit, fr.reshape(w, (5, 1, 1)), 0.0), 1)
    return fr.sum(losses * weights) / fr.sum(weights)


def test_what_iree_fuses_wrongly_is_compiled_apart(caplog: pytest.LogCaptureFixture) -> None:
    generator = np.random.default_rng(0)
    x = generator.standard_normal((3, 5, 6, 6)).astype(np.float32)
    t, w = generator.integers(0, 5, (3, 6, 6)), generator.random(5).astype(np.float32)
    with caplog.at_level(logging.WARNING, "farrier"):
        run = fr.compile(weighted_loss, args=LOSS, target="cpu", cache=False)
    assert caplog.messages == [REFUSAL]
    weights = w[t]
    losses = -np.take_along_axis(x, t[:, None], 1)[:, 0]
    expected = (losses * weights).astype(np.float64).sum() / weights.astype(np.float64).sum()
    result = run(fr.Tensor(x), fr.Tensor(t), fr.Tensor(w))
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-5)


def test_dumps_show_what_is_compiled_apart(caplog: pytest.LogCaptureFixture) -> None:
    graph = trace(weighted_loss, LOSS, name="weighted_loss").graph
    with caplog.at_level(logging.WARNING, "farrier"):
        phase = dump([graph], CPU, UNCACHED, "dispatch-creation")["dispatch-creation"]
        code = dump([graph], CPU, UNCACHED, "asm")
    assert caplog.messages == [REFUSAL] * 2
    assert phase.count("util.optimization_barrier") == 2
    assert any("weighted_loss" in text for text in code.values())
