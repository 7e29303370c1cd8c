r"""A sentence encoder: BERT with mean pooling over tokens, normalised to length 1.

The dot product of two sentences' vectors is then the cosine of their angle. The weights of Hugging
Face's BertModel load through `from_hugging_face`; most sentence-transformers are such models. To
compile it and encode random sentences:

    farrier compile examples/bert/model.py:SentenceEncoder --seed 0 \
        --input 2x16xi32 --input 2x16xi32 --target cpu -o bert.vmfb
    farrier run bert.vmfb --input tokens=random --input attention_mask=random

J. Devlin et al., 2018: BERT: Pre-training of Deep Bidirectional Transformers.
N. Reimers and I. Gurevych, 2019: Sentence-BERT.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import farrier as fr


@dataclass(frozen=True)
class BertConfig:
    """The sizes of the network, with Hugging Face's names; by default those of BERT base."""

    vocab_size: int = 30522
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12


class Embeddings(fr.Module):
    """Token ids, (B, T) -> the sums of token and position vectors, (B, T, C)."""

    def __init__(self, config: BertConfig):
        super().__init__()
        self.word_embeddings = fr.Embedding(config.vocab_size, config.hidden_size)
        self.position_embeddings = fr.Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = fr.Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = fr.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, tokens: fr.Tensor) -> fr.Tensor:
        """Return the vectors; every token has the first type, as there is one sentence."""
        positions = fr.arange(tokens.shape[1], dtype=fr.int32)
        x = self.word_embeddings(tokens) + self.position_embeddings(positions)
        return self.LayerNorm(x + self.token_type_embeddings.weight[0])


class SelfAttention(fr.Module):
    """Multi-head attention: softmax(Q K^T / sqrt(size of a head)) V."""

    def __init__(self, config: BertConfig):
        super().__init__()
        self.heads = config.num_attention_heads
        self.head_size = config.hidden_size // config.num_attention_heads
        self.query = fr.Linear(config.hidden_size, config.hidden_size)
        self.key = fr.Linear(config.hidden_size, config.hidden_size)
        self.value = fr.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x: fr.Tensor, mask: fr.Tensor) -> fr.Tensor:
        """Mix x, (B, T, C), ignoring positions where the mask, (B, 1, 1, T), is -inf."""
        q, k, v = (self.split_heads(layer(x)) for layer in (self.query, self.key, self.value))
        scores = q @ fr.transpose(k, -2, -1) / math.sqrt(self.head_size)  # (B, heads, T, T)
        weights = fr.softmax(scores + mask, dim=-1)
        mixed = fr.transpose(weights @ v, 1, 2)  # (B, T, heads, head_size)
        return fr.reshape(mixed, x.shape)

    def split_heads(self, x: fr.Tensor) -> fr.Tensor:
        """Return x, (B, T, C), as (B, heads, T, head_size)."""
        heads = fr.reshape(x, (x.shape[0], x.shape[1], self.heads, self.head_size))
        return fr.transpose(heads, 1, 2)


class Output(fr.Module):
    """The end of both halves of a layer: a linear map with a residual connection."""

    def __init__(self, in_features: int, config: BertConfig):
        super().__init__()
        self.dense = fr.Linear(in_features, config.hidden_size)
        self.LayerNorm = fr.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, x: fr.Tensor, residual: fr.Tensor) -> fr.Tensor:
        """Return a tensor of the shape of residual, (B, T, C)."""
        return self.LayerNorm(self.dense(x) + residual)


class Attention(fr.Module):
    """The first half of a layer."""

    def __init__(self, config: BertConfig):
        super().__init__()
        self.self = SelfAttention(config)
        self.output = Output(config.hidden_size, config)

    def forward(self, x: fr.Tensor, mask: fr.Tensor) -> fr.Tensor:
        """Return a tensor of the shape of x, (B, T, C)."""
        return self.output(self.self(x, mask), x)


class Layer(fr.Module):
    """Attention, then two linear layers that are applied to each position separately."""

    def __init__(self, config: BertConfig):
        super().__init__()
        wide = config.intermediate_size
        self.attention = Attention(config)
        self.intermediate = fr.Sequential(
            {"dense": fr.Linear(config.hidden_size, wide), "act": fr.gelu}
        )
        self.output = Output(wide, config)

    def forward(self, x: fr.Tensor, mask: fr.Tensor) -> fr.Tensor:
        """Return a tensor of the shape of x, (B, T, C)."""
        x = self.attention(x, mask)
        return self.output(self.intermediate(x), x)


class SentenceEncoder(fr.Module):
    """Token ids and a mask, (B, T) each -> a unit vector for each sentence, (B, hidden_size)."""

    def __init__(self, config: BertConfig | None = None):
        super().__init__()
        config = config or BertConfig()
        self.embeddings = Embeddings(config)
        self.encoder = {"layer": [Layer(config) for _ in range(config.num_hidden_layers)]}

    def forward(self, tokens: fr.Tensor, attention_mask: fr.Tensor) -> fr.Tensor:
        """Return the vectors; the mask is 1 at the tokens of each sentence and 0 after them."""
        is_token = fr.unsqueeze(attention_mask != 0, -1)  # (B, T, 1)
        mask = fr.where(is_token, 0.0, -math.inf)
        mask = fr.unsqueeze(fr.transpose(mask, 1, 2), 1)  # (B, 1, 1, T)
        x = self.embeddings(tokens)
        for layer in self.encoder["layer"]:
            x = layer(x, mask)
        return normalized(masked_mean(x, is_token))


def masked_mean(x: fr.Tensor, chosen: fr.Tensor) -> fr.Tensor:
    """Return the mean of x, (B, T, C), over the chosen positions, (B, T, 1)."""
    weights = fr.cast(chosen, x.dtype)
    return fr.sum(x * weights, dim=1) / fr.sum(weights, dim=1)


def normalized(x: fr.Tensor) -> fr.Tensor:
    """Return the vectors x, (B, C), each divided by its Euclidean length."""
    return x * fr.rsqrt(fr.sum(x * x, dim=-1, keepdim=True))


def from_hugging_face(state_dict: Mapping[str, Any]) -> dict[str, Any]:
    """Return the weights of a BertModel that are used here, without the pooler and the buffers."""
    unused = ("pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids")
    return {
        name.removeprefix("bert."): value
        for name, value in state_dict.items()
        if not name.endswith(unused)
    }
