"""Programs with dynamic sizes: eager's results for every legal size, errors for all others."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from support.dynamic import assert_as_eager, together
from support.records import Operand

N = fr.NamedDimension("n", 0, 4, 8)
M = fr.NamedDimension("m", 0, 3, 9)
ANY = (0, 4, 8)
X = (N, 3)
XY = (N, M)
SOME = (0, 1, 2, 3, 5, 8)
PAIRS = list(itertools.product((0, 1, 3, 8), (0, 1, 3, 9)))
UNNAMED = list(itertools.product((0, 1, 2, 3), repeat=2))


@dataclass(frozen=True)
class Case:
    """A function, the shapes it is compiled for, and the sizes it is called with."""

    function: Callable[..., Any]
    shapes: Sequence[Any]
    calls: Sequence[Any]
    concrete: Callable[..., Sequence[tuple[int, ...]]]
    dtype: fr.dtype = fr.float32


def rows(function: Callable[..., Any], calls: Sequence[int] = SOME) -> Case:
    """Return a case of a function of (n, 3)."""
    return Case(function, [X], [(n,) for n in calls], lambda n: [(n, 3)])


def matrix(function: Callable[..., Any]) -> Case:
    """Return a case of a function of (n, m)."""
    return Case(function, [XY], PAIRS, lambda n, m: [(n, m)])


def vectors(function: Callable[..., Any]) -> Case:
    """Return a case of a function of two vectors whose sizes have no name."""
    return Case(function, [(ANY,), (ANY,)], UNNAMED, lambda a, b: [(a,), (b,)])


def pair(function: Callable[..., Any]) -> Case:
    """Return a case of a function of (n, 3) and (m, 3)."""
    return Case(function, [X, (M, 3)], PAIRS, lambda n, m: [(n, 3), (m, 3)])


CASES: dict[str, Case] = {
    # Dimensions may be empty.
    "elementwise": rows(lambda x: fr.tanh(x) * 2 + x),
    "matmul": Case(lambda x, y: x @ y, [XY, (M, 5)], PAIRS, lambda n, m: [(n, m), (m, 5)]),
    "sums": matrix(lambda x: (fr.sum(x, 0), fr.sum(x, 1), fr.sum(x), fr.prod(x, 1, keepdim=True))),
    "mean": matrix(lambda x: fr.mean(x, 1)),
    "max_last": matrix(lambda x: fr.max(x, 1)),
    "min_all": matrix(lambda x: fr.min(x)),
    "argmax": matrix(lambda x: fr.argmax(x, 0)),
    "softmax": matrix(lambda x: fr.softmax(x, 1)),
    "softmax_all": matrix(lambda x: fr.softmax(x)),
    "variance": matrix(lambda x: fr.var(x, 1)),
    "cumsum": matrix(lambda x: fr.cumsum(x, 0)),
    "concatenate": pair(lambda x, y: fr.concatenate([x, y, x], 0)),
    "sort": matrix(lambda x: fr.sort(x, 1)),
    "topk": matrix(lambda x: fr.topk(x, 3, 1)),
    "tril": matrix(lambda x: (fr.tril(x, -1), fr.triu(x, 1))),
    "outer": vectors(lambda x, y: fr.outer(x, y)),
    "returns_input": rows(lambda x: x),
    "returns_size": rows(lambda x: fr.cast(fr.Tensor(0) + x.shape[0] * 2, fr.int32)),
    # Sizes that must fit each other.
    "broadcast": vectors(lambda x, y: x + y),
    "broadcast_three": Case(
        lambda x, y, z: fr.where(x > 0, y, z),
        [(ANY,)] * 3,
        list(itertools.product((1, 3), (1, 3, 4), (0, 1, 3))),
        lambda a, b, c: [(a,), (b,), (c,)],
    ),
    "broadcast_twice": vectors(lambda x, y: (x + y) * (y + x) + x),
    "zeros_of_broadcast": vectors(lambda x, y: fr.zeros((x + y).shape)),
    "batched": Case(
        lambda x, y: x @ y,
        [(ANY, 2, M), (ANY, M, 4)],
        list(itertools.product((0, 1, 2, 3), (1, 2, 3), (0, 2))),
        lambda a, b, m: [(a, 2, m), (b, m, 4)],
    ),
    "inner_sizes": Case(
        lambda x, y: x @ y, [(2, ANY), (ANY, 3)], UNNAMED, lambda a, b: [(2, a), (b, 3)]
    ),
    "stack": vectors(lambda x, y: fr.stack([x, y])),
    "expand": Case(
        lambda x, y: fr.expand(x, (y.shape[0], 3)),
        [(ANY, 3), (M, 3)],
        UNNAMED,
        lambda a, b: [(a, 3), (b, 3)],
    ),
    "squeeze": rows(lambda x: fr.squeeze(x, 0)),
    # Indices and slices.
    "position": rows(lambda x: (x[2], x[-2])),
    "positions": rows(lambda x: x[[0, -1, 2]]),
    "positions_from_end": rows(lambda x: x[:, [0, 2]][[-3]]),
    "gather": Case(
        lambda x: fr.gather(x, 0, fr.Tensor([0, -1, 5])),
        [X],
        [(n,) for n in SOME],
        lambda n: [(n, 3)],
    ),
    "slices": rows(lambda x: (x[1:], x[:3], x[::2], x[::-1], x[-2:], x[:-1], x[3:1])),
    "steps_back": rows(lambda x: (x[5:2:-1], x[-2:-5:-2], x[:2:-3], x[2::-1]), range(9)),
    "size_slices": pair(lambda x, y: (x[: y.shape[0]], x[y.shape[0] :], x[: x.shape[0] // 2])),
    "slices_about_sizes": rows(
        lambda x: (x[x.shape[0] - 4 :], x[: x.shape[0] - 4], x[x.shape[0] - 6 : x.shape[0] - 3 : 2])
    ),
    "slices_about_sizes_back": rows(
        lambda x: (x[x.shape[0] - 4 :: -1], x[: x.shape[0] - 4 : -2], x[x.shape[0] - 9 :: -1])
    ),
    "position_about_size": rows(lambda x: x[x.shape[0] - 4], range(9)),
    "size_position": pair(lambda x, y: x[y.shape[0]]),
    # Shapes.
    "reshape_rest": rows(lambda x: fr.reshape(x, (-1, 4)), range(9)),
    "reshape_halves": rows(lambda x: fr.reshape(x, (x.shape[0] // 2, 2, -1)), range(9)),
    "reshape_rest_of_none": rows(
        lambda x: (fr.reshape(x, (x.shape[0], -1)), fr.reshape(x, (3, x.shape[0], -1))), range(9)
    ),
    "reshape_rest_twice": rows(
        lambda x: fr.reshape(fr.reshape(x, (-1, x.shape[0])), (3, x.shape[0])), range(9)
    ),
    "reshape_rest_of_full": rows(
        lambda x: fr.reshape(fr.ones((x.shape[0], 3)), (x.shape[0], -1)) + x, range(9)
    ),
    "reshape_by_size": matrix(lambda x: fr.reshape(x, (x.shape[0] + 1, -1))),
    "reshape_swapped": matrix(lambda x: fr.reshape(x, (x.shape[1], x.shape[0]))),
    "reshape_groups": matrix(lambda x: fr.reshape(x, (4, -1))),
    "flatten": matrix(lambda x: fr.flatten(fr.unsqueeze(x, 1))),
    "product_of_shape": matrix(lambda x: fr.reshape(x, (math.prod(x.shape),))),
    "transposed": matrix(lambda x: fr.permute(fr.flip(x), (1, 0))),
    "repeat": rows(lambda x: fr.repeat(x, x.shape[0], 1)),
    "repeat_fewer": rows(lambda x: fr.repeat(x, x.shape[0] - 2, 1)),
    "pad": rows(lambda x: fr.pad(x, [(1, 2), (x.shape[0], 0)], value=2.0)),
    "crop": rows(lambda x: fr.pad(x, [(-1, -2), (0, 0)])),
    "reflect": rows(lambda x: fr.pad(x, [(1, 2), (0, 0)], mode="reflect")),
    "split": rows(lambda x: fr.split(x, 3), range(9)),
    "split_sizes": rows(lambda x: fr.split(x, [2, x.shape[0] - 2])),
    "split_fixed": rows(lambda x: fr.split(x, [2, 3])),
    "full": rows(lambda x: fr.full((x.shape[0] * 2, 2), 3.0)),
    "full_fewer": rows(lambda x: fr.ones((x.shape[0] - 2,))),
    "divided_by_size": rows(lambda x: fr.ones((8 // x.shape[0],))),
    # Windows.
    "convolution": Case(
        lambda x, w: fr.convolution(x, w, stride=(2, 1), padding=((1, 0), (0, 0))),
        [(N, 2, (1, 4, 9), (1, 4, 9)), (3, 2, 3, 2)],
        [(0, 4, 4), (1, 2, 2), (3, 9, 5), (2, 1, 4), (2, 4, 1)],
        lambda n, h, w: [(n, 2, h, w), (3, 2, 3, 2)],
    ),
    "global_pools": Case(
        lambda x: (fr.maxpool(x, x.shape[2:]), fr.avgpool(x, (x.shape[2], 2))),
        [(N, 2, (1, 4, 9), (2, 4, 9))],
        [(0, 4, 4), (1, 3, 2), (3, 9, 5)],
        lambda n, h, w: [(n, 2, h, w)],
    ),
    "steps_apart": matrix(lambda x: (x[:, ::-2], fr.flip(x[::2, 1::2]), fr.sum(x[::2], 0))),
    "reversed_column_of_bytes": Case(
        lambda x: fr.flip(x[:, :, 1], 0),
        [((1, 2, 8), (1, 2, 8), (2, 3, 8))],
        [(1, 2, 3), (8, 8, 8)],
        lambda a, b, c: [(a, b, c)],
        fr.uint8,
    ),
    "empty_parts": matrix(lambda x: (x[:, :0], fr.unsqueeze(x, 1)[:, 1:])),
    "places_of_extremes": Case(
        lambda x: (fr.argmax(fr.flip(x, 1), 1), fr.argmin(fr.concatenate([x, x], 0), 2)),
        [((1, 2, 8), (1, 2, 8), (1, 2, 8))],
        [(1, 2, 3), (8, 8, 8)],
        lambda a, b, c: [(a, b, c)],
    ),
    "any_kernel": Case(
        lambda x, w: fr.convolution(x, w),
        [(1, 2, 6), (3, 2, (1, 3, 8))],
        [(1,), (3,), (6,), (7,)],
        lambda k: [(1, 2, 6), (3, 2, k)],
    ),
    "pools": Case(
        lambda x: (fr.maxpool(x, (3, 2)), fr.avgpool(x, (3, 2), (2, 1), ((1, 0), (0, 0)), False)),
        [(N, 2, (1, 4, 9), (1, 4, 9))],
        [(0, 4, 4), (1, 3, 2), (3, 9, 5), (2, 2, 4), (2, 4, 1)],
        lambda n, h, w: [(n, 2, h, w)],
    ),
}


@pytest.fixture(scope="module")
def programs() -> dict[str, farrier_runtime.Executable]:
    """Return all cases, compiled once for all sizes."""
    functions: dict[str, Any] = {
        name: (case.function, [fr.InputInfo(shape, case.dtype) for shape in case.shapes])
        for name, case in CASES.items()
    }
    return together(functions)


@pytest.mark.parametrize("name", CASES)
def test_every_size_is_computed_or_refused_as_eagerly(
    name: str, programs: dict[str, farrier_runtime.Executable]
) -> None:
    case, random = CASES[name], np.random.default_rng(len(name))
    computed = 0
    for call in case.calls:
        arrays = [Operand(shape).random(case.dtype, random) for shape in case.concrete(*call)]
        computed += assert_as_eager(programs[name], case.function, arrays, 4)
    assert computed, "no size is allowed"
