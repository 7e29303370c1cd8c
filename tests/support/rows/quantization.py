"""Rows of quantisation."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import farrier as fr
from farrier_compiler.types.numbers import storage_limits
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.records import FLOATS, Operand, Record, Refusal, Values, wrong_dtype

FLOAT32 = (dtypes.float32,)
NO_OFFSET = np.asarray(0)
X = Operand((4, 6), -20, 20)
SCALE = Operand((), 0.05, 0.2)
CHANNELS = Operand((6,), 0.05, 0.2)
BLOCKS = Operand((2, 6), 0.05, 0.2)


def _spread(array: Any, shape: tuple[int, ...], dim: int | None) -> Any:
    """Return scales or zero points, broadcast to one for each element."""
    if array.ndim == 0 or dim is not None:
        sizes = [-1 if axis == dim else 1 for axis in range(len(shape))]
        return np.broadcast_to(array.reshape(sizes if array.ndim else ()), shape)
    return np.kron(array, np.ones([a // b for a, b in zip(shape, array.shape, strict=True)]))


def _quantized(storage: dtype, dim: int | None = None, scale: Any = None, zero_point: Any = 0):
    """Return the definition, in float64."""

    def reference(x: Any, *operands: Any) -> Any:
        s, z = operands if len(operands) == 2 else (*operands, np.asarray(zero_point))[-2:]
        s = np.asarray(scale) if scale is not None else s
        ratio = x / _spread(s, x.shape, dim)
        whole = ratio if storage.is_floating else np.where(np.isnan(ratio), 0, np.rint(ratio))
        inside = np.clip(whole + _spread(z, x.shape, dim), *storage_limits(storage))
        return inside.astype(storage.numpy)

    return reference


def _dequantized(dim: int | None = None):
    def reference(q: Any, s: Any, z: Any = NO_OFFSET) -> Any:
        return (q - _spread(z, q.shape, dim).astype(float)) * _spread(s, q.shape, dim)

    return reference


def _torch(name: str, qtype: str, *arguments: Any):
    """Return torch's function, which warns that it will be removed."""

    def call(x: Any, *parameters: Any) -> Any:
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            function = getattr(torch, name)
            return function(x, *parameters, *arguments, getattr(torch, qtype)).int_repr()

    return call


def _storage(storage: dtype, **options: Any) -> Record:
    """Return the row of a data type that quantised tensors are stored in."""
    name = f"quantize/{storage.name}"

    def function(x: fr.Tensor, scale: fr.Tensor) -> fr.Tensor:
        # int4 cannot leave a compiled function.
        return fr.cast(fr.quantize(x, scale, storage), dtypes.float32)

    return Record(name, function, (X, Operand((), 0.5, 4)), FLOATS, _quantized(storage))


def _inverse(storage: dtype, low: int, high: int) -> Record:
    """Return the row of `dequantize` from integers, by the scale and zero point of each channel."""
    operands = (Operand((4, 6), low, high, storage), CHANNELS, Operand((6,), low, high, storage))

    def function(q: fr.Tensor, scale: fr.Tensor, zero_point: fr.Tensor) -> fr.Tensor:
        return fr.dequantize(q, scale, scale.dtype, 1, zero_point)

    return Record(f"dequantize/{storage.name}", function, operands, FLOATS, _dequantized(1))


def _from_float8(storage: dtype) -> Record:
    """Return the row of `dequantize` from small floats, which XLA's client cannot take."""

    def function(x: fr.Tensor, scale: fr.Tensor) -> fr.Tensor:
        return fr.dequantize(fr.cast(x, storage), scale, scale.dtype, 1)

    def reference(x: Any, scale: Any) -> Any:
        return x.astype(storage.numpy).astype(float) * scale

    operands = (Operand((4, 6), -400, 400), CHANNELS)
    return Record(f"dequantize/{storage.name}", function, operands, FLOATS, reference)


FOUR_BITS = np.random.default_rng(0).integers(-8, 8, (4, 6)).astype(dtypes.int4.numpy)

# Halves, limits and beyond, zeros, infinities and NaN.
SPECIAL = (0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, 127.5, -128.5, -129.5, 254.5, 255.5, 1e30)
SPECIAL = (*SPECIAL, 0.0, -0.0, float("inf"), float("-inf"), float("nan"))

ROWS = [
    Record(
        "quantize",
        lambda x, s: fr.quantize(x, s, fr.int8),
        (X, SCALE),
        FLOATS,
        _quantized(dtypes.int8),
        _torch("quantize_per_tensor", "qint8", 0),
        FLOAT32,
        refused=(
            wrong_dtype("quantize", lambda x: fr.quantize(x, 1.0, fr.int8), FLOATS),
            Refusal(
                lambda: fr.quantize(fr.ones((2, 4)), [1.0, 2.0], fr.int8, 1),
                fr.ShapeError,
                "quantize got dim=1 of float32 (2, 4) and the scale float32 (2,). "
                "Along that dimension it takes one scale for each position, (4,).",
            ),
            Refusal(
                lambda: fr.quantize(fr.ones((2, 4)), 1.0, fr.int32),
                fr.DtypeError,
                "Quantized tensors are stored as int8, uint8, int4, int16, uint16, float8, "
                "float8_e5m2, not as int32.",
            ),
        ),
    ),
    Record(
        "quantize/zero_point",
        lambda x, s: fr.quantize(x, s, fr.uint8, zero_point=77),
        (X, SCALE),
        FLOATS,
        _quantized(dtypes.uint8, zero_point=77),
        _torch("quantize_per_tensor", "quint8", 77),
        FLOAT32,
    ),
    Record(
        "quantize/per_channel",
        lambda x, s, z: fr.quantize(x, s, fr.uint8, 1, z),
        (X, CHANNELS, Operand((6,), 0, 255, dtypes.uint8)),
        FLOATS,
        _quantized(dtypes.uint8, 1),
        _torch("quantize_per_channel", "quint8", 1),
        FLOAT32,
    ),
    Record(
        "quantize/blocks",
        lambda x, s, z: fr.quantize(x, s, fr.int8, None, z),
        (X, BLOCKS, Operand((2, 6), -128, 127, dtypes.int8)),
        FLOATS,
        _quantized(dtypes.int8),
    ),
    Record(
        "quantize/computed_scale",
        lambda x: fr.quantize(x, fr.max(fr.abs(x), dim=0) / 127.0, fr.int8, 1),
        (X,),
        FLOAT32,
        lambda x: _quantized(dtypes.int8, 1)(x, abs(x).max(axis=0) / 127),
    ),
    Record(
        "quantize/halves",
        lambda x, s: fr.quantize(x, s, fr.int8),
        (Values((len(SPECIAL),), values=SPECIAL), Values((), values=(1.0,))),
        FLOATS,
        _quantized(dtypes.int8),
    ),
    Record(
        "quantize/halves_odd_zero_point",
        lambda x, s: fr.quantize(x, s, fr.uint8, zero_point=5),
        (Values((len(SPECIAL),), values=SPECIAL), Values((), values=(1.0,))),
        FLOATS,
        _quantized(dtypes.uint8, zero_point=5),
    ),
    *map(
        _storage,
        (
            dtypes.int4,
            dtypes.int16,
            dtypes.uint16,
            dtypes.float8,
            dtypes.float8_e5m2,
        ),
    ),
    Record(
        "dequantize",
        lambda q, s: fr.dequantize(q, s, s.dtype),
        (Operand((4, 6), -128, 127, dtypes.int8), SCALE),
        FLOATS,
        _dequantized(),
        refused=(
            Refusal(
                lambda: fr.dequantize(fr.ones((2, 4)), 1.0, fr.float32),
                fr.DtypeError,
                "Quantized tensors are stored as int8, uint8, int4, int16, uint16, float8, "
                "float8_e5m2, int32, not as float32.",
            ),
        ),
    ),
    Record(
        "dequantize/blocks",
        lambda q, s, z: fr.dequantize(q, s, s.dtype, None, z),
        (
            Operand((4, 6), 0, 255, dtypes.uint8),
            BLOCKS,
            Operand((2, 6), 0, 255, dtypes.uint8),
        ),
        FLOATS,
        _dequantized(),
    ),
    _inverse(dtypes.int8, -128, 127),
    _inverse(dtypes.uint8, 0, 255),
    _inverse(dtypes.int16, -32768, 32767),
    _inverse(dtypes.uint16, 0, 65535),
    _from_float8(dtypes.float8),
    _from_float8(dtypes.float8_e5m2),
    Record(
        "dequantize/int4",  # which cannot enter a compiled function
        lambda s: fr.dequantize(fr.Tensor(FOUR_BITS), s, s.dtype, 0, -3),
        (Operand((4,), 0.05, 0.2),),
        FLOATS,
        lambda s: (FOUR_BITS.astype(float) + 3) * s[:, None],
        static=(4,),
    ),
]
