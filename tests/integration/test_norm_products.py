"""Norms next to matrix products and sums, which IREE cannot compile when it fuses them."""

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
def test_a_transformer_block_compiles(norm: fr.Module) -> None:
    block = Block(norm)
    block.reset_parameters(0)
    x = np.random.default_rng(0).uniform(-1, 1, (128, 768)).astype(np.float32)
    compiled = fr.compile(block, args=[fr.InputInfo(x.shape, fr.float32)])
    assert_close(compiled(fr.Tensor(x)).numpy(), block(fr.Tensor(x)).numpy(), 10)


@pytest.mark.parametrize("shape", [(2, 16, 512), (1, 77, 768)])
def test_a_norm_of_a_sum_that_is_used_again_compiles(shape: tuple[int, int, int]) -> None:
    """The first half of a transformer's block: the sum of the embeddings is the residual too."""
    norm, linear = fr.LayerNorm(shape[-1]), fr.Linear(shape[-1], shape[-1])
    linear.reset_parameters(0)
    norm.reset_parameters()
    tokens = fr.rand(1000, shape[-1], seed=0)

    def block(ids: fr.Tensor, positions: fr.Tensor) -> fr.Tensor:
        x = fr.gather(tokens, 0, ids) + positions
        return x + linear(norm(x))

    generator = np.random.default_rng(0)
    ids = generator.integers(0, 1000, shape[:2]).astype(np.int32)
    positions = generator.uniform(-1, 1, shape[1:]).astype(np.float32)
    infos = [fr.InputInfo(ids.shape, fr.int32), fr.InputInfo(positions.shape, fr.float32)]
    compiled = fr.compile(block, args=infos, target="cpu")
    inputs = fr.Tensor(ids), fr.Tensor(positions)
    assert_close(compiled(*inputs).numpy(), block(*inputs).numpy(), 10)
