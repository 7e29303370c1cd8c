"""Masks beside matrix products: IREE cannot pack bools that it reads from memory."""

from __future__ import annotations

import numpy as np
import pytest

import farrier as fr
from support.tolerances import assert_close


def masked(q: fr.Tensor, k: fr.Tensor, mask: fr.Tensor) -> fr.Tensor:
    return fr.softmax(fr.where(mask, q @ fr.transpose(k, -2, -1), -1e9), dim=-1)


def heads(length: int, seed: int) -> fr.Tensor:
    drawn = np.random.default_rng(seed).uniform(-1, 1, (2, 3, length, 32))
    return fr.Tensor(drawn.astype(np.float32))


# 16 is a multiple of the tiles and fails elsewhere than 7, which is padded.
@pytest.mark.parametrize("length", [7, 16])
@pytest.mark.parametrize("shape", ["causal", "by head", "padding"])
@pytest.mark.parametrize("source", ["input", "constant"])
def test_mask(source: str, shape: str, length: int) -> None:
    sizes = {
        "causal": (length, length),
        "by head": (2, 3, length, length),
        "padding": (2, 1, 1, length),
    }[shape]
    mask = fr.Tensor(np.random.default_rng(2).uniform(size=sizes) < 0.7)
    q, k = heads(length, seed=0), heads(length, seed=1)
    info = fr.InputInfo(q.shape, fr.float32)
    given = fr.InputInfo(sizes, fr.bool) if source == "input" else mask
    compiled = fr.compile(masked, args=[info, info, given], target="cpu")
    found = compiled(q, k, mask) if source == "input" else compiled(q, k)
    assert_close(found.numpy(), masked(q, k, mask).numpy(), 10)
