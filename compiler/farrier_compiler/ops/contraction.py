"""What matrix products and convolutions have in common."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Self, cast

from farrier_compiler.graph import Op
from farrier_compiler.types.tensor_type import Shape
from farrier_runtime.dtypes import dtype


class Contraction(Op, abstract=True):
    """The family: products of elements of two operands, summed over some dimensions.

    Attributes:
        dtype: that of the result, if it is wider than the operands' one.
    """

    dtype: dtype | None

    def with_dtype(self, dtype: dtype) -> Self:
        """Return this op with a result of another data type."""
        return cast("Self", replace(cast("Any", self), dtype=dtype))

    def summed_sizes(self, left: Shape, right: Shape) -> list[int]:
        """Return the sizes over which products are summed, for operands of these shapes."""
        raise NotImplementedError(type(self).__name__)

    def operand_dims(self, dim: int, ranks: tuple[int, int]) -> tuple[int | None, int | None]:
        """Return the dimension of each operand that makes a dimension of the result alone."""
        raise NotImplementedError(type(self).__name__)

    def result_dim(self, operand: int, dim: int, ranks: tuple[int, int], rank: int) -> int | None:
        """Return which dimension of the result an operand's one makes alone.

        Args:
            operand: 0 for the left one, 1 for the right one.
            dim: a dimension of it.
            ranks: those of both operands.
            rank: that of the result.
        """
        places = range(rank)
        return next((at for at in places if self.operand_dims(at, ranks)[operand] == dim), None)

    def multiply_adds(self, left: Shape, right: Shape, out: Shape) -> int:
        """Return how many products are summed in all."""
        return math.prod(out) * math.prod(self.summed_sizes(left, right))
