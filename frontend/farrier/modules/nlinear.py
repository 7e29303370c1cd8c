"""NLinear layer: a linear map for each position."""

from __future__ import annotations

from farrier.modules import checks
from farrier.modules.initialization import reset_uniform
from farrier.modules.module import Module
from farrier.modules.parameter import Parameter
from farrier.ops.arguments import flag
from farrier.ops.linear_algebra import dot_general
from farrier.ops.shape import permute
from farrier.tensor import Tensor, as_tensor
from farrier_runtime.dtypes import DtypeLike, float32


class NLinear(Module):
    """Apply a separate linear map to each position, such as each token or each image patch.

    `y[..., i, :] = x[..., i, :] weight[i] + bias[i]`, for each position i in n

    Args:
        n: the number of positions, or their layout, such as (width, height).
        in_features: the size of the input's last dimension.
        out_features: the size of the output's last dimension.
        bias: whether to add a bias.
        dtype: the data type of the parameters and of the input.

    Shape:
        x: (*, *n, in_features), with any number of leading dimensions, including none.
        output: (*, *n, out_features).
        weight: (*n, in_features, out_features).
        bias: (*n, out_features).

    Raises:
        ArgumentError: a size is not an integer >= 1.

    Example:
        >>> tokens = fr.NLinear(4, in_features=6, out_features=7)
        >>> tokens(fr.ones((2, 4, 6))).shape
        (2, 4, 7)
    """

    _fixed = frozenset({"dtype", "n", "in_features", "out_features"})

    def __init__(
        self,
        n: int | tuple[int, ...],
        in_features: int,
        out_features: int,
        bias: bool = True,
        dtype: DtypeLike = float32,
    ) -> None:
        checks.positive("NLinear", in_features=in_features, out_features=out_features)
        self.n = checks.integers("NLinear", "n", (n,) if isinstance(n, int) else n)
        self.in_features = in_features
        self.out_features = out_features
        self.weight: Tensor = Parameter((*self.n, in_features, out_features), dtype)
        self.dtype = self.weight.dtype
        self.bias: Tensor | None = (
            Parameter((*self.n, out_features), dtype) if flag("NLinear's bias", bias) else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the results of the maps, (*, *n, out_features), for x, (*, *n, in_features)."""
        x = as_tensor(x)
        layer = f"NLinear({self.n}, {self.in_features}, {self.out_features})"
        checks.ends_with(layer, x, (*self.n, self.in_features))
        rank, first = len(self.n), x.rank - len(self.n) - 1
        positions = tuple(range(first, first + rank)), tuple(range(rank))
        product = dot_general(x, self.weight, ((-1,), (rank,)), positions)  # (*n, *, out)
        front = range(rank, rank + first)
        result = permute(product, (*front, *range(rank), -1)) if first else product
        return result if self.bias is None else result + self.bias

    def reset_parameters(self, seed: int = 0) -> None:
        """Draw weight and bias uniformly from +-1 / sqrt(in_features)."""
        reset_uniform(self, self.in_features, seed)
