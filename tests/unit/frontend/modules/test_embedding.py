"""Embedding: fields, values and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 0)])
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_vectors(shape: tuple[int, ...], dtype: Any) -> None:
    generator = np.random.default_rng(0)
    embedding = fr.Embedding(9, 4)
    embedding.reset_parameters(0)
    tokens = generator.integers(0, 9, shape).astype(dtype)
    result = embedding(fr.Tensor(tokens))
    assert result.shape == (*shape, 4)
    np.testing.assert_array_equal(result.numpy(), embedding.weight.numpy()[tokens])


def test_fields() -> None:
    embedding = fr.Embedding(9, 4, fr.float16)
    fields = embedding.num_embeddings, embedding.embedding_dim, embedding.dtype
    assert fields == (9, 4, fr.float16)
    assert {name: x.shape for name, x in embedding.state_dict().items()} == {"weight": (9, 4)}


@pytest.mark.parametrize(("sizes", "name"), [((0, 4), "num_embeddings"), ((9, 0), "embedding_dim")])
def test_sizes(sizes: tuple[int, int], name: str) -> None:
    with pytest.raises(fr.ArgumentError) as raised:
        fr.Embedding(*sizes)
    assert message(raised.value) == f"Embedding takes an integer {name} >= 1, not 0."


def test_tokens_are_integers() -> None:
    with pytest.raises(fr.DtypeError) as raised:
        fr.Sequential(fr.Embedding(9, 4))(fr.ones((3,)))
    assert message(raised.value) == (
        "gather takes int32 or int64 indices, but got float32 (3,). Convert them first, for "
        "example with fr.cast(index, fr.int32)."
    )
    assert "layer '0'" in str(raised.value)
