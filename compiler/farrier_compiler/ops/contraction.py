"""Base class of matmuls and convolutions."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Self, cast

from farrier_compiler.graph import Op
from farrier_compiler.types.tensor_type import Shape
from farrier_runtime.dtypes import dtype


class Contraction(Op, abstract=True):
    """The family of sums, over some dimensions, of products of elements of two operands.

    Attributes:
        dtype: the data type of the result, if it is wider than the operands'.
    """

    dtype: dtype | None

    def with_dtype(self, dtype: dtype) -> Self:
        """Return this op with a result of another data type."""
        return cast("Self", replace(cast("Any", self), dtype=dtype))

    def summed_sizes(self, left: Shape, right: Shape) -> list[int]:
        """Return the sizes over which products are summed, for operands of these shapes."""
        raise NotImplementedError(type(self).__name__)

    def operand_dims(self, dim: int, ranks: tuple[int, int]) -> tuple[int | None, int | None]:
        """Return the dimension of each operand that becomes a dimension of the result."""
        raise NotImplementedError(type(self).__name__)

    def result_dim(self, operand: int, dim: int, ranks: tuple[int, int], rank: int) -> int | None:
        """Return the dimension of the result that a dimension of an operand becomes.

        Args:
            operand: 0 for the left one, 1 for the right one.
            dim: the operand's dimension.
            ranks: the ranks of both operands.
            rank: the rank of the result.
        """
        dims = (out for out in range(rank) if self.operand_dims(out, ranks)[operand] == dim)
        return next(dims, None)

    def multiply_adds(self, left: Shape, right: Shape, out: Shape) -> int:
        """Return how many products are summed in total."""
        return math.prod(out) * math.prod(self.summed_sizes(left, right))
