"""Norms in front of matrix products: IREE cannot compile them fused with the packing."""

from __future__ import annotations

import numpy as np
import pytest

import farrier as fr
from support.tolerances import assert_close


class Block(fr.Module):
    def __init__(self, norm: fr.Module) -> None:
        self.norm = norm
        self.inner = [fr.Linear(768, 768) for _ in range(3)]
        self.outer = fr.Linear(768, 768)
        self.norm2 = fr.LayerNorm(768)
        self.up = fr.Linear(768, 3072)
        self.down = fr.Linear(3072, 768)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        h = self.norm(x)
        q, k, v = (
            fr.permute(fr.reshape(linear(h), (-1, 12, 64)), (1, 0, 2)) for linear in self.inner
        )
        mixed = fr.softmax(q @ fr.transpose(k, 1, 2) * 0.125, -1) @ v
        x = x + self.outer(fr.reshape(fr.permute(mixed, (1, 0, 2)), (-1, 768)))
        return x + self.down(fr.gelu(self.up(self.norm2(x))))


@pytest.mark.parametrize("norm", [fr.LayerNorm(768), fr.RMSNorm(768)])
def test_transformer_block(norm: fr.Module) -> None:
    block = Block(norm)
    block.reset_parameters(0)
    x = np.random.default_rng(0).uniform(-1, 1, (128, 768)).astype(np.float32)
    compiled = fr.compile(block, args=[fr.InputInfo(x.shape, fr.float32)])
    assert_close(compiled(fr.Tensor(x)).numpy(), block(fr.Tensor(x)).numpy(), 10)
