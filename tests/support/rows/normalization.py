"""Rows of normalisation."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

from typing import Any

import numpy as np

import farrier as fr
from support.records import Operand, Record

FEATURES = (Operand((3,)), Operand((3,)), Operand((3,)), Operand((3,), 0.1, 3))


def _batch_norm(eps: float) -> Any:
    def reference(x: Any, *statistics: Any) -> Any:
        columns = [array.reshape(3, *[1] * (x.ndim - 2)) for array in statistics]
        weight, bias, mean, variance = columns
        return (x - mean) / np.sqrt(variance + eps) * weight + bias

    return reference


def _torch(eps: float) -> Any:
    def call(x: Any, weight: Any, bias: Any, mean: Any, variance: Any) -> Any:
        import torch

        return torch.nn.functional.batch_norm(x, mean, variance, weight, bias, eps=eps)

    return call


ROWS = [
    Record(
        "batch_norm",
        fr.batch_norm,
        (Operand((2, 3, 5, 4)), *FEATURES),
        reference=_batch_norm(1e-5),
        torch=_torch(1e-5),
        tolerance=2,
    ),
    Record(
        "batch_norm/eps",
        lambda *tensors: fr.batch_norm(*tensors, eps=0.1),
        (Operand((2, 3)), *FEATURES),
        reference=_batch_norm(0.1),
        torch=_torch(0.1),
        tolerance=2,
    ),
]
