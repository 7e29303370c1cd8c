"""Embedding layer: a vector for each token."""

from __future__ import annotations

from farrier.modules import checks
from farrier.modules.initialization import reset_normal
from farrier.modules.parameter import Parameter
from farrier.modules.quantizable import Quantizable
from farrier.ops.indexing import gather
from farrier.ops.quantization import dequantize
from farrier.ops.shape import flatten, reshape
from farrier.tensor import Tensor
from farrier_runtime.dtypes import DtypeLike, float32


class Embedding(Quantizable):
    """Look up a vector for each token.

    `y[..., :] = weight[x[...], :]`

    Args:
        num_embeddings: the number of vectors.
        embedding_dim: the size of each vector.
        dtype: the data type of the vectors.
        quant_dtype: the data type that the vectors are quantised to, by `weight_scale`.
        weight_quant_dim: the dimension of the weight with a scale for each position; 0 has one for
            each token.

    Shape:
        x: (*), int32 or int64, of any rank; each from 0 to num_embeddings - 1.
        output: (*, embedding_dim).
        weight: (num_embeddings, embedding_dim).

    Raises:
        ArgumentError: a size is not an integer >= 1.

    Example:
        >>> embedding = fr.Embedding(100, 8)
        >>> embedding(fr.Tensor([[1, 5, 99]])).shape
        (1, 3, 8)
    """

    quantizes_input = False

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        dtype: DtypeLike = float32,
        quant_dtype: DtypeLike | None = None,
        weight_quant_dim: int | None = None,
    ) -> None:
        checks.positive("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.weight: Tensor = Parameter((num_embeddings, embedding_dim), dtype)
        self.dtype = self.weight.dtype
        self._add_scales(quant_dtype, weight_quant_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return the vectors, (*, embedding_dim), of the tokens x, (*)."""
        self.observe_input(x)
        return gather(self.weight, 0, x) if self.quant_dtype is None else self._dequantized(x)

    def _dequantized(self, x: Tensor) -> Tensor:
        """Look up quantised vectors, and dequantise only those."""
        scale, dim = self.weight_scale, self.weight_quant_dim
        assert scale is not None
        tokens = flatten(x) if x.rank else reshape(x, (1,))
        rows = gather(self.quantized_weight(), 0, tokens)
        if scale.rank == 2:  # one for each block
            scale = gather(scale, 0, tokens // (self.num_embeddings // scale.shape[0]))
        elif dim == 0:
            scale = gather(scale, 0, tokens)
        vectors = dequantize(rows, scale, self.dtype, dim)
        return reshape(vectors, (*x.sizes, self.embedding_dim))

    def reset_parameters(self, seed: int = 0) -> None:
        """Draw weight from the normal distribution with mean 0 and variance 1."""
        reset_normal(self, seed)
        self.reset_scale()
