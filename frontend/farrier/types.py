"""Annotations of what functions accept as tensors, integers and shapes."""

from __future__ import annotations

from typing import TypeAlias

from farrier.tensor import Tensor
from farrier.tensor.interop import IntLike as IntLike, ShapeLike as ShapeLike

TensorLike: TypeAlias = Tensor | int | float | bool
"""A tensor, or a Python number."""
