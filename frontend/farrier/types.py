"""What functions accept in place of tensors, integers and shapes, for annotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex, TypeAlias

from farrier.tensor import Tensor

TensorLike: TypeAlias = Tensor | int | float | bool
"""A tensor, or a Python number in its place."""

IntLike: TypeAlias = int | SupportsIndex
"""An integer, or what stands for one."""

ShapeLike: TypeAlias = Sequence[IntLike]
"""The size of each dimension."""
