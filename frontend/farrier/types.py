"""Annotations of what functions accept as tensors, integers, shapes and data types."""

from __future__ import annotations

from typing import TypeAlias

from farrier.tensor import Tensor
from farrier.tensor.interop import IntLike as IntLike, ShapeLike as ShapeLike
from farrier_runtime.dtypes import DtypeLike as DtypeLike

TensorLike: TypeAlias = Tensor | int | float | bool
"""A tensor, or a Python number."""
