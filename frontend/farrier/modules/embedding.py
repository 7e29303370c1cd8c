"""Embedding: a vector for each token."""

from __future__ import annotations

from farrier.modules import checks
from farrier.modules.initialization import reset_normal
from farrier.modules.module import Module
from farrier.modules.parameter import Parameter
from farrier.ops.indexing import gather
from farrier.tensor import Tensor
from farrier_runtime.dtypes import dtype, float32


class Embedding(Module):
    """Look up a vector for each token.

    `y[..., :] = weight[x[...], :]`

    Args:
        num_embeddings: the number of vectors.
        embedding_dim: the size of each vector.
        dtype: the data type of the vectors.

    Shape:
        x: (*), int32 or int64, of any rank; each from 0 to num_embeddings - 1.
        output: (*, embedding_dim).
        weight: (num_embeddings, embedding_dim).

    Raises:
        ArgumentError: a size is no integer >= 1.

    Example:
        >>> embedding = fr.Embedding(100, 8)
        >>> embedding(fr.Tensor([[1, 5, 99]])).shape
        (1, 3, 8)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, dtype: dtype = float32) -> None:
        checks.positive("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.dtype = dtype
        self.weight: Tensor = Parameter((num_embeddings, embedding_dim), dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return the vectors, (*, embedding_dim), of the tokens x, (*)."""
        return gather(self.weight, 0, x)

    def reset_parameters(self, seed: int = 0) -> None:
        """Draw weight from the normal distribution with mean 0 and variance 1."""
        reset_normal(self, seed)
