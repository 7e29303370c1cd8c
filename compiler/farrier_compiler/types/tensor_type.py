"""Types of tensors."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from farrier_compiler.sizes import SymbolicSize, is_static
from farrier_compiler.types.uniform import Quantization
from farrier_runtime.dtypes import dtype
from farrier_runtime.errors import ShapeError
from farrier_runtime.wording import shown

Shape = tuple[int, ...]
"""The size of each dimension, symbolic for dynamic dimensions."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """The type of a value: its shape, data type and quantisation.

    Attributes:
        shape: the size of each dimension.
        dtype: the data type of the elements as they are stored.
        quantization: the constant scales and zero points of a quantised tensor. Only results of
            `quantize` have it; other ops see plain numbers, and types derived from this lack it.

    Example:
        >>> from farrier_runtime.dtypes import float32
        >>> str(TensorType((2, 3), float32))
        'f32[2,3]'
    """

    shape: Shape
    dtype: dtype
    quantization: Quantization | None = None

    @property
    def plain(self) -> TensorType:
        """The type of the elements as plain numbers."""
        return self if self.quantization is None else TensorType(self.shape, self.dtype)

    def agrees(self, other: TensorType) -> bool:
        """Return whether types are equal, ignoring quantisation that only one of them has."""
        both = self.quantization is not None and other.quantization is not None
        return self == other if both else self.plain == other.plain

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def is_static(self) -> bool:
        """Whether all sizes are numbers."""
        return is_static(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        size = 1
        for length in self.shape:
            size *= length
        return size

    def with_shape(self, shape: Iterable[int]) -> TensorType:
        """Return this type with another shape."""
        return TensorType(tuple(shape), self.dtype)

    def with_dtype(self, dtype: dtype) -> TensorType:
        """Return this type with another data type."""
        return TensorType(self.shape, dtype)

    def describe(self) -> str:
        """Return the type in the words of error messages: `float32 (2, 3)`."""
        if self.quantization is not None:
            return f"{self.quantization.described(self.dtype.short, self.shape)} {self.shape}"
        return f"{self.dtype} {self.shape}"

    def __str__(self) -> str:
        if self.quantization is not None:
            element = self.quantization.text(self.dtype.short, self.shape)
            return f"{element}[{','.join(map(str, self.shape))}]"
        return f"{self.dtype.short}[{','.join(map(str, self.shape))}]"


# The limit of numpy's arrays.
_MOST_DIMENSIONS = 64


def check_extent(shape: Shape, dtype: dtype) -> None:
    """Refuse a shape that no array can have.

    Args:
        shape: the size of each dimension; symbolic sizes are left out.
        dtype: the data type of the elements.

    Raises:
        ShapeError: it has too many dimensions or elements.
    """
    if len(shape) > _MOST_DIMENSIONS:
        problem = f"A tensor has at most {_MOST_DIMENSIONS} dimensions, not {len(shape)}."
        raise ShapeError(problem)
    sizes = (size for size in shape if not isinstance(size, SymbolicSize) and size)
    if math.prod(sizes) * dtype.numpy.itemsize >= 2**63:
        raise ShapeError(
            f"A tensor has less than 2**63 bytes: {dtype} {shown(shape)} is too large."
        )
