"""Quantised tensors at random, sums of integers in numpy, and what looks like torch's tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

import farrier as fr
from farrier_compiler.ops.quantization import storage_limits
from farrier_runtime.dtypes import dtype


def drawn(kind: dtype, *shape: int, seed: int = 0) -> Any:
    """Return integers from the whole range of a data type."""
    low, high = storage_limits(kind)
    generator = np.random.default_rng((seed, *shape))
    return generator.integers(int(low), int(high) + 1, shape).astype(kind.numpy)


def quantized(
    integers: Any,
    scale: Any,
    dim: int | None = None,
    zero_point: Any = None,
    kind: Any = fr.float32,
) -> fr.Tensor:
    """Return the quantised tensor that is stored as these integers."""
    plain = fr.Tensor(integers)
    floats = fr.dequantize(plain, scale, kind, dim, zero_point)
    return fr.quantize(floats, scale, plain.dtype, dim, zero_point)


def requantized(total: Any, step: Any, scale: float, zero_point: int, kind: dtype) -> Any:
    """Return sums of integer products, which stand for `total * step`, as integers."""
    rounded = np.rint(total.astype(np.float64) * step / scale) + zero_point
    return np.clip(rounded, *storage_limits(kind)).astype(kind.numpy)


class Foreign:
    """A quantised tensor that tells what it is by torch's methods."""

    is_quantized = True

    def __init__(
        self, integers: Any, scale: Any, zero_point: Any, axis: int | None = None, scheme: str = ""
    ) -> None:
        self.integers, self.scale, self.zero_point, self.axis = integers, scale, zero_point, axis
        self.scheme = scheme or ("per_tensor_affine" if axis is None else "per_channel_affine")

    def qscheme(self) -> str:
        return f"torch.{self.scheme}"

    def int_repr(self) -> Any:
        return self.integers

    def q_scale(self) -> float:
        return float(self.scale)

    def q_zero_point(self) -> int:
        return int(self.zero_point)

    def q_per_channel_scales(self) -> Any:
        return np.asarray(self.scale, np.float64)

    def q_per_channel_zero_points(self) -> Any:
        return np.asarray(self.zero_point)

    def q_per_channel_axis(self) -> int | None:
        return self.axis
