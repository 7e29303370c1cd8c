"""Quantisation and dequantisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from farrier.ops.arguments import normal_dim, refuse
from farrier.ops.conversion import check_dtype
from farrier.ops.elementwise import floating
from farrier.tensor import Tensor, apply, as_tensor
from farrier.tensor.interop import Number
from farrier_compiler.ops.quantization import STORAGE, Dequantize, Quantize
from farrier_compiler.types.numbers import storage_limits
from farrier_runtime.dtypes import DtypeLike, dtype as dtype_class
from farrier_runtime.errors import ArgumentError, DtypeError
from farrier_runtime.wording import shown

__all__ = ["dequantize", "quantize"]

Scale = Tensor | Number | Sequence[Number] | Sequence[Sequence[Number]]


def quantize(
    input: Tensor,
    scale: Scale,
    dtype: DtypeLike,
    dim: int | None = None,
    zero_point: Scale | None = None,
) -> Tensor:
    r"""Represent floats by small integers, or by 8-bit floats, as multiples of a scale.

    `result = clamp(round(input / scale) + zero_point)`

    Halves are rounded to even before the zero point is added, as in ONNX and torch's fake_quantize.
    torch's quantize_per_tensor and StableHLO's uniform_quantize round afterwards, which differs for
    halves with an odd zero point. (torch multiplies by `1 / scale`; where that is inexact, a
    quotient next to a half may be rounded the other way.) Results are clamped to the range of
    `dtype`, and NaN becomes the zero point. 8-bit floats are `clamp(input / scale)`, rounded once,
    and keep NaN.

    Args:
        input: a tensor of float32, float16, bfloat16 or float64.
        scale: numbers > 0 of the input's data type, constant or computed. A scalar is the scale of
            all elements; with `dim`, a vector has one for each position along it; without, a scale
            of the input's rank has one for each block, and its sizes divide the input's.
        dtype: the result's data type: int8, uint8, int4, int16, uint16, float8 or float8_e5m2.
        dim: the dimension along which the scale changes.
        zero_point: the number that represents 0, a scalar or of the scale's shape; by default 0.

    Returns:
        A tensor of the input's shape.

    Raises:
        DtypeError: a data type cannot be used here, or those of input and scale differ.
        ShapeError: the scale's or the zero point's shape does not fit.
        ArgumentError: a constant scale is not finite and > 0, or a zero point is out of range.

    Example:
        >>> fr.quantize(fr.Tensor([0.25, 1.0, -7.0, 300.0]), 0.5, fr.int8)
        tensor([0, 2, -14, 127], dtype=int8, loc=cpu:0, shape=(4,))
        >>> fr.quantize(fr.Tensor([[1.0, 2.0], [1.0, 2.0]]), [1.0, 0.5], fr.uint8, 1, 128).tolist()
        [[129, 132], [129, 132]]
    """
    input = floating("quantize", input)
    wanted = check_dtype("quantize", dtype)
    dim = None if dim is None else normal_dim("quantize", input, dim)
    offsets = _zero_points("quantize", zero_point, wanted)
    scales = _scales("quantize", scale, input.dtype)
    return apply(Quantize(wanted, dim), input, scales, *offsets)


def dequantize(
    input: Tensor,
    scale: Scale,
    dtype: DtypeLike,
    dim: int | None = None,
    zero_point: Scale | None = None,
) -> Tensor:
    """Return the floats that quantised numbers represent.

    `result = (input - zero_point) * scale`

    Args:
        input: a tensor of int8, uint8, int4, int16, uint16, float8 or float8_e5m2.
        scale: as for `quantize`, of the data type `dtype`.
        dtype: the result's data type: float32, float16, bfloat16 or float64.
        dim: the dimension along which the scale changes.
        zero_point: the number that represents 0, a scalar or of the scale's shape; by default 0.

    Returns:
        A tensor of the input's shape; 16-bit floats are computed in float32 and rounded once.

    Raises:
        DtypeError: a data type cannot be used here, or the scale's is not `dtype`.
        ShapeError: the scale's or the zero point's shape does not fit.
        ArgumentError: a constant scale is not finite and > 0, or a zero point is out of range.

    Example:
        >>> fr.dequantize(fr.Tensor([0, 2, -14], fr.int8), 0.5, fr.float32)
        tensor([0, 1, -7], dtype=float32, loc=cpu:0, shape=(3,))
    """
    input = as_tensor(input)
    wanted = check_dtype("dequantize", dtype)
    dim = None if dim is None else normal_dim("dequantize", input, dim)
    offsets = _zero_points("dequantize", zero_point, input.dtype)
    scales = _scales("dequantize", scale, wanted)
    return apply(Dequantize(wanted, dim), input, scales, *offsets)


def _scales(name: str, scale: Any, dtype: dtype_class) -> Tensor:
    """Return scales as a tensor; numbers take the data type of the floats."""
    if _is_python(scale) and dtype.is_floating:
        return Tensor(scale, dtype)
    return as_tensor(scale)


def _zero_points(name: str, zero_point: Any, dtype: dtype_class) -> list[Tensor]:
    """Return the zero point as a tensor, if there is one; numbers take the integers' data type."""
    if zero_point is None:
        return []
    if not _is_python(zero_point) or dtype not in STORAGE:
        return [as_tensor(zero_point)]
    try:
        return [Tensor(zero_point, dtype)]
    except DtypeError:
        low, high = storage_limits(dtype)
        problem = (
            f"{name} got the zero_point {shown(zero_point)}. With {dtype} it must be a whole "
            f"number from {low} to {high}."
        )
        raise refuse(ArgumentError(problem)) from None


def _is_python(numbers: Any) -> bool:
    return isinstance(numbers, int | float | list | tuple)
