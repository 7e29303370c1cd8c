"""Tensors: lazy handles on values of the op graph."""

from farrier.tensor.tensor import Tensor, apply, as_tensor, record

__all__ = ["Tensor", "apply", "as_tensor", "record"]
