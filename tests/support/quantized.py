"""Random quantised tensors, integer sums in numpy, and stand-ins for torch's tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

import farrier as fr
from farrier_compiler.types.numbers import storage_limits
from farrier_runtime.dtypes import dtype


def drawn(dtype: dtype, *shape: int, seed: int = 0) -> Any:
    """Return integers from the whole range of a data type."""
    low, high = storage_limits(dtype)
    generator = np.random.default_rng((seed, *shape))
    return generator.integers(int(low), int(high) + 1, shape).astype(dtype.numpy)


def quantized(
    integers: Any,
    scale: Any,
    dim: int | None = None,
    zero_point: Any = None,
    dtype: Any = fr.float32,
) -> fr.Tensor:
    """Return the quantised tensor that is stored as these integers."""
    plain = fr.Tensor(integers)
    floats = fr.dequantize(plain, scale, dtype, dim, zero_point)
    return fr.quantize(floats, scale, plain.dtype, dim, zero_point)


def requantized(total: Any, step: Any, scale: float, zero_point: int, dtype: dtype) -> Any:
    """Quantise sums of integer products, which represent the numbers `total * step`."""
    rounded = np.rint(total.astype(np.float64) * step / scale) + zero_point
    return np.clip(rounded, *storage_limits(dtype)).astype(dtype.numpy)


class Foreign:
    """A stand-in for torch's quantised tensor, with the methods that describe it."""

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


# Biases and scales of layers with four outputs.
OFFSETS = np.array([1, -2, 0.5, 3], np.float32)
SCALES = np.array([0.01, 0.002, 0.03, 0.004], np.float32)


def foreign(*shape: int, axis: int | None = None) -> Foreign:
    """Return a weight like torch's, quantised per tensor or per channel."""
    if axis is None:
        return Foreign(drawn(fr.int8, *shape), 0.01, 0)
    return Foreign(drawn(fr.int8, *shape), SCALES, np.array([0, 3, -5, 0]), axis)


def linear_state(weight: Any, prefix: str = "", bias: Any = OFFSETS) -> dict[str, Any]:
    """Return what torch's quantised Linear has in its state_dict."""
    return {
        f"{prefix}scale": np.float32(0.1),
        f"{prefix}zero_point": np.int64(7),
        f"{prefix}_packed_params.dtype": "torch.qint8",
        f"{prefix}_packed_params._packed_params": (weight, bias),
    }


def conv_state(weight: Any, prefix: str = "", bias: Any = OFFSETS) -> dict[str, Any]:
    """Return what torch's quantised Conv has in its state_dict."""
    values = {"weight": weight, "bias": bias, "scale": np.float32(0.1), "zero_point": np.int64(7)}
    return {prefix + name: value for name, value in values.items()}


# Operands of quantised functions.
X = quantized(drawn(fr.uint8, 2, 6), 0.05, zero_point=128)
W = quantized(drawn(fr.int8, 4, 6), 0.01)
BIAS = fr.Tensor([1.0, 2.0, 3.0, 4.0])
IMAGE = quantized(drawn(fr.uint8, 1, 2, 5, 5), 0.05, zero_point=128)
KERNEL = quantized(drawn(fr.int8, 4, 2, 3, 3), 0.01)
