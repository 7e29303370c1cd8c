"""How a quantised tensor's integers stand for floats, where that is constant: part of its type."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from farrier_compiler.types.elements import element_text
from farrier_runtime.dtypes import dtype

# Types with more scales than this do not carry them: every mention would print them all.
MOST_SCALES = 4096


@dataclass(frozen=True, slots=True)
class Quantization:
    """Constant scales and zero points: an element q stands for `(q - zero_point) * scale`.

    Attributes:
        expressed: the data type of the floats.
        scale: one number; one for each position along `axis`; or one for each block, row by row.
        zero_point: as many whole numbers.
        axis: the dimension along which they change.
        block: the size of a block in each dimension.
        storage_range: the smallest and the largest element; None: all that the data type holds.

    Example:
        >>> from farrier_runtime.dtypes import float32
        >>> Quantization(float32, (0.5, 0.25), (0, 3), axis=1).text("i8")
        '!quant.uniform<i8:f32:1, {0.5, 0.25:3}>'
    """

    expressed: dtype
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int | None = None
    block: tuple[int, ...] | None = None
    storage_range: tuple[int, int] | None = None

    def fits(self, shape: Sequence[int]) -> bool:
        """Return whether a tensor of this shape can have these scales."""
        if self.block is not None:
            pairs = list(zip(shape, self.block, strict=False))
            if len(shape) != len(self.block) or not all(b and size % b == 0 for size, b in pairs):
                return False
        elif self.axis is not None and not 0 <= self.axis < len(shape):
            return False
        return len(self.scale) == math.prod(self.parameter_shape(shape))

    def parameter_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of the scales of a tensor of this shape."""
        if self.block is not None:
            return tuple(size // of for size, of in zip(shape, self.block, strict=True))
        return () if self.axis is None else (shape[self.axis],)

    def transposed(self, permutation: Sequence[int]) -> Quantization | None:
        """Return this for the tensor with its dimensions in another order; None for blocks."""
        if self.axis is None:
            return self if self.block is None else None
        return replace(self, axis=permutation.index(self.axis))

    def reshaped(self, before: Sequence[int], after: Sequence[int]) -> Quantization | None:
        """Return this for the elements in another shape; None for blocks, and a merged axis."""
        if self.axis is None:
            return self if self.block is None else None
        axis = kept_dim(before, after, self.axis)
        return None if axis is None else replace(self, axis=axis)

    def described(self, storage: str, shape: Sequence[int]) -> str:
        """Return the type as error messages show it: without scales, where there are many."""
        if len(self.scale) <= 16:
            return self.text(storage, shape)
        return f"!quant.uniform<{storage}:{self.expressed.short}, {len(self.scale)} scales>"

    def text(self, storage: str, shape: Sequence[int] = (), exact: bool = False) -> str:
        """Return the type's text in MLIR's syntax.

        Args:
            storage: the short name of the elements' data type.
            shape: the tensor's shape, which tells how the blocks are laid out.
            exact: write the scales with all digits, as MLIR must have them.
        """
        limits = "<{}:{}>".format(*self.storage_range) if self.storage_range else ""
        where = "" if self.axis is None else f":{self.axis}"
        if self.block is not None:
            where = f":{{{', '.join(f'{dim}:{size}' for dim, size in enumerate(self.block))}}}"
        pairs = zip(self.scale, self.zero_point, strict=True)
        numbers = [_number(scale, self.expressed, exact) + _offset(zero) for scale, zero in pairs]
        if self.block is not None:
            parameters = _nested(numbers, self.parameter_shape(shape))
        else:
            parameters = numbers[0] if self.axis is None else f"{{{', '.join(numbers)}}}"
        return f"!quant.uniform<{storage}{limits}:{self.expressed.short}{where}, {parameters}>"


def kept_dim(before: Sequence[int], after: Sequence[int], dim: int) -> int | None:
    """Return where a reshape puts a dimension, if it keeps it as it is."""
    behind = math.prod(before[dim + 1 :])
    for place, size in enumerate(after):
        if size == before[dim] and math.prod(after[place + 1 :]) == behind:
            return place
    return None


def _number(scale: float, expressed: dtype, exact: bool) -> str:
    return f"{scale:.16e}" if exact else element_text(np.asarray(scale, expressed.numpy), expressed)


def _offset(zero_point: int) -> str:
    return f":{zero_point}" if zero_point else ""


def _nested(numbers: Sequence[str], counts: Sequence[int]) -> str:
    if not counts:
        return numbers[0]
    size = len(numbers) // counts[0]
    parts = (numbers[start : start + size] for start in range(0, len(numbers), size))
    return "{" + ", ".join(_nested(part, counts[1:]) for part in parts) + "}"
