"""GPT-2, a decoder-only transformer, from token ids to logits, in the style of nanoGPT.

The weights of Hugging Face's GPT2LMHeadModel load through `from_hugging_face`. To sample tokens:

    python examples/gpt2/generate.py

A. Radford et al., 2019: Language Models are Unsupervised Multitask Learners.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import farrier as fr


@dataclass(frozen=True)
class GPT2Config:
    """The sizes of the network, with Hugging Face's names; by default the smallest GPT-2."""

    vocab_size: int = 50257
    n_positions: int = 1024
    n_embd: int = 768
    n_layer: int = 12
    n_head: int = 12
    layer_norm_epsilon: float = 1e-5


class Attention(fr.Module):
    """Multi-head self-attention: softmax(Q K^T / sqrt(size of a head)) V."""

    def __init__(self, config: GPT2Config):
        """Create the layers; the first computes queries, keys and values at once."""
        super().__init__()
        self.heads = config.n_head
        self.head_size = config.n_embd // config.n_head
        self.c_attn = fr.Linear(config.n_embd, 3 * config.n_embd)
        self.c_proj = fr.Linear(config.n_embd, config.n_embd)

    def forward(self, x: fr.Tensor, mask: fr.Tensor) -> fr.Tensor:
        """Mix x, (B, T, C); position i sees position j where mask[i, j], (T, T), is not -inf."""
        q, k, v = (self.split_heads(part) for part in fr.split(self.c_attn(x), 3, dim=-1))
        scores = q @ fr.transpose(k, -2, -1) / math.sqrt(self.head_size)  # (B, heads, T, T)
        weights = fr.softmax(scores + mask, dim=-1)
        mixed = fr.transpose(weights @ v, 1, 2)  # (B, T, heads, head_size)
        return self.c_proj(fr.reshape(mixed, x.shape))

    def split_heads(self, x: fr.Tensor) -> fr.Tensor:
        """Return x, (B, T, C), as (B, heads, T, head_size)."""
        heads = fr.reshape(x, (x.shape[0], x.shape[1], self.heads, self.head_size))
        return fr.transpose(heads, 1, 2)


class MLP(fr.Module):
    """Two linear layers, applied to each position separately."""

    def __init__(self, config: GPT2Config):
        """Create the layers; the inner one is four times as wide."""
        super().__init__()
        self.c_fc = fr.Linear(config.n_embd, 4 * config.n_embd)
        self.c_proj = fr.Linear(4 * config.n_embd, config.n_embd)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        """Return a tensor of the shape of x, (B, T, C)."""
        return self.c_proj(fr.gelu(self.c_fc(x), approximate="tanh"))


class Block(fr.Module):
    """Attention and MLP, each normalised before and added to its input."""

    def __init__(self, config: GPT2Config):
        super().__init__()
        self.ln_1 = fr.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.attn = Attention(config)
        self.ln_2 = fr.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.mlp = MLP(config)

    def forward(self, x: fr.Tensor, mask: fr.Tensor) -> fr.Tensor:
        """Return a tensor of the shape of x, (B, T, C)."""
        x = x + self.attn(self.ln_1(x), mask)
        return x + self.mlp(self.ln_2(x))


class GPT2(fr.Module):
    """Token ids, (B, T), int32 or int64 -> logits of each next token, (B, T, vocab_size)."""

    def __init__(self, config: GPT2Config | None = None):
        super().__init__()
        config = config or GPT2Config()
        self.wte = fr.Embedding(config.vocab_size, config.n_embd)
        self.wpe = fr.Embedding(config.n_positions, config.n_embd)
        self.h = [Block(config) for _ in range(config.n_layer)]
        self.ln_f = fr.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)

    def forward(self, tokens: fr.Tensor) -> fr.Tensor:
        """Return the logits; those at position t depend only on the tokens up to t."""
        positions = fr.arange(tokens.shape[1], dtype=fr.int32)
        mask = fr.where(fr.unsqueeze(positions, 1) >= positions, 0.0, -math.inf)  # (T, T)
        x = self.wte(tokens) + self.wpe(positions)
        for block in self.h:
            x = block(x, mask)
        # The head is a linear layer without bias that shares the embedding's weight.
        return fr.dot_general(self.ln_f(x), self.wte.weight, contracting_dims=((-1,), (1,)))

    def reset_parameters(self, seed: int = 0) -> None:
        """Initialise the layers, the embeddings with GPT-2's standard deviation of 0.02."""
        super().reset_parameters(seed)
        self.wte.weight = 0.02 * self.wte.weight
        self.wpe.weight = 0.02 * self.wpe.weight


def from_hugging_face(state_dict: Mapping[str, Any]) -> dict[str, Any]:
    """Return the weights of a GPT2LMHeadModel or GPT2Model with the names and layouts used here."""
    transposed = ("c_attn.weight", "c_proj.weight", "c_fc.weight")  # Conv1D's are (in, out)
    unused = ("lm_head.weight", ".attn.bias", ".attn.masked_bias")  # a tied weight, causal masks
    return {
        name.removeprefix("transformer."): value.T if name.endswith(transposed) else value
        for name, value in state_dict.items()
        if not name.endswith(unused)
    }
