"""Uniform quantisation with constant parameters, a part of tensor types."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from farrier_compiler.types.elements import element_text
from farrier_runtime.dtypes import dtype

# Types omit more scales than this, because every mention would print them all.
MOST_SCALES = 4096


@dataclass(frozen=True, slots=True)
class Quantization:
    """Constant scales and zero points: an element q represents `(q - zero_point) * scale`.

    Attributes:
        expressed: the data type of the floats.
        scale: one scale; one for each index along `axis`; or one for each block, row by row.
        zero_point: as many whole numbers.
        axis: the dimension along which they vary.
        block: the size of a block in each dimension.
        storage_range: the smallest and the largest element; None: those of the data type.

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
            return tuple(size // part for size, part in zip(shape, self.block, strict=True))
        return () if self.axis is None else (shape[self.axis],)

    def transposed(self, permutation: Sequence[int]) -> Quantization | None:
        """Return the parameters of the transposed tensor; None for blocks."""
        if self.axis is None:
            return self if self.block is None else None
        return replace(self, axis=permutation.index(self.axis))

    def reshaped(self, before: Sequence[int], after: Sequence[int]) -> Quantization | None:
        """Return the parameters of the reshaped tensor; None for blocks, or if the axis is lost."""
        if self.axis is None:
            return self if self.block is None else None
        axis = kept_dim(before, after, self.axis)
        return None if axis is None else replace(self, axis=axis)

    def described(self, storage: str, shape: Sequence[int]) -> str:
        """Return the type as error messages show it, without scales where there are many."""
        if len(self.scale) <= 16:
            return self.text(storage, shape)
        return f"!quant.uniform<{storage}:{self.expressed.short}, {len(self.scale)} scales>"

    def text(self, storage: str, shape: Sequence[int] = (), exact: bool = False) -> str:
        """Return the type's text in MLIR's syntax.

        Args:
            storage: the short name of the elements' data type.
            shape: the tensor's shape, which determines the layout of blocks.
            exact: write the scales with all digits, as MLIR needs them.
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
    """Return the dimension to which a reshape moves `dim` unchanged, if there is one."""
    stride = math.prod(before[dim + 1 :])
    for index, size in enumerate(after):
        if size == before[dim] and math.prod(after[index + 1 :]) == stride:
            return index
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
