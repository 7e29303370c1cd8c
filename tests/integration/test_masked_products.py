"""Masks beside matrix products, where IREE cannot pack bools that it reads from memory."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from support.dynamic import together
from support.tolerances import assert_close


def masked(q: fr.Tensor, k: fr.Tensor, mask: fr.Tensor) -> fr.Tensor:
    return fr.softmax(fr.where(mask, q @ fr.transpose(k, -2, -1), -1e9), dim=-1)


def heads(length: int, seed: int) -> fr.Tensor:
    drawn = np.random.default_rng(seed).uniform(-1, 1, (2, 3, length, 32))
    return fr.Tensor(drawn.astype(np.float32))


# 16 is a multiple of the tiles, and 7 is padded: each can fail in its own way.
LENGTHS = (7, 16)
SHAPES = ("causal", "by_head", "padding")
SOURCES = ("input", "constant")


def mask(shape: str, length: int) -> fr.Tensor:
    sizes = {
        "causal": (length, length),
        "by_head": (2, 3, length, length),
        "padding": (2, 1, 1, length),
    }[shape]
    return fr.Tensor(np.random.default_rng(2).uniform(size=sizes) < 0.7)


def case(source: str, shape: str, length: int) -> tuple[Any, list[fr.InputInfo]]:
    """Return a function and its InputInfos: the mask is an input, or computed by the function."""
    chosen = mask(shape, length)
    info = fr.InputInfo((2, 3, length, 32), fr.float32)
    if source == "input":
        return masked, [info, info, fr.InputInfo(chosen.shape, fr.bool)]
    return lambda q, k: masked(q, k, chosen), [info, info]


@functools.cache
def programs() -> dict[str, farrier_runtime.Executable]:
    cases = itertools.product(SOURCES, SHAPES, LENGTHS)
    return together({f"{a}_{b}_{c}": case(a, b, c) for a, b, c in cases})


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("source", SOURCES)
def test_masked_products_are_right(source: str, shape: str, length: int) -> None:
    inputs = [heads(length, seed=0), heads(length, seed=1), mask(shape, length)]
    given = inputs if source == "input" else inputs[:2]
    result = programs()[f"{source}_{shape}_{length}"](*(x.numpy() for x in given))
    assert_close(np.asarray(result), masked(*inputs).numpy(), 10)
