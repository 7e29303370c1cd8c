"""Linear layer: a matrix product and a bias."""

from __future__ import annotations

from farrier.modules import checks
from farrier.modules.initialization import reset_uniform
from farrier.modules.parameter import Parameter
from farrier.modules.quantizable import Quantizable
from farrier.ops.arguments import flag
from farrier.ops.linear_algebra import dot_general
from farrier.tensor import Tensor, as_tensor
from farrier_runtime.dtypes import DtypeLike, float32


class Linear(Quantizable):
    """Apply a linear map to the last dimension.

    `y = x W^T + b`

    With `quant_dtype`, W is quantised with `weight_scale`, once at compile time. If `input_scale`
    is set, x is quantised too, and the products are summed as integers.

    Args:
        in_features: the size of the input's last dimension.
        out_features: the size of the output's last dimension.
        bias: whether to add b.
        dtype: the data type of the parameters and of the input.
        quant_dtype: the data type that the weight, and possibly the input, is quantised to.
        weight_quant_dim: the dimension of the weight with a scale for each position; 0 has one for
            each output. By default the whole weight has one scale, or one for each block.

    Shape:
        x: (*, in_features), with any number of leading dimensions, including none.
        output: (*, out_features).
        weight: (out_features, in_features).
        bias: (out_features,).
        weight_scale: (), (weight.shape[weight_quant_dim],), or the number of blocks in both
            dimensions of the weight.
        input_scale: (); it may stay unset.
        input_zero_point: (), of `quant_dtype`; it may stay unset, for 0.

    Raises:
        ArgumentError: a size is not an integer >= 1, or the weight has no such dimension.
        DtypeError: weights cannot be quantised to `quant_dtype`.

    Example:
        >>> linear = fr.Linear(20, 30)
        >>> linear(fr.ones((128, 20))).shape
        (128, 30)
        >>> small = fr.Linear(20, 30, quant_dtype=fr.int8, weight_quant_dim=0)
        >>> small.reset_parameters()  # weight_scale too
        >>> small(fr.ones((128, 20))).shape
        (128, 30)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        dtype: DtypeLike = float32,
        quant_dtype: DtypeLike | None = None,
        weight_quant_dim: int | None = None,
    ) -> None:
        checks.positive("Linear", in_features=in_features, out_features=out_features)
        self.in_features = in_features
        self.out_features = out_features
        self.weight: Tensor = Parameter((out_features, in_features), dtype)
        self.dtype = self.weight.dtype
        self.bias: Tensor | None = (
            Parameter((out_features,), dtype) if flag("Linear's bias", bias) else None
        )
        self._add_scales(quant_dtype, weight_quant_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return `x W^T + b`, (*, out_features), for x, (*, in_features)."""
        x = as_tensor(x)
        checks.ends_with(f"Linear({self.in_features}, {self.out_features})", x, (self.in_features,))
        x, weight = self.operands(x)
        product = dot_general(x, weight, contracting_dims=((-1,), (1,)))
        return product if self.bias is None else product + self.bias

    def reset_parameters(self, seed: int = 0) -> None:
        """Draw weight and bias uniformly from +-1 / sqrt(in_features), and fit weight_scale."""
        reset_uniform(self, self.in_features, seed)
        self.reset_scale()
