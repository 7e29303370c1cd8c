"""Quantisation and dequantisation in plain arithmetic, for all builders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farrier_compiler.stablehlo.core import CoreBuilder
from farrier_compiler.types.numbers import storage_limits
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime import dtypes

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.affine import AffineParameters
    from farrier_compiler.stablehlo.emitter import HloValue


def quantize(hlo: CoreBuilder, out: TensorType, x: HloValue, by: AffineParameters) -> HloValue:
    """Emit `rounded`, converted to the result's data type."""
    whole = rounded(hlo, out, x, by)
    if out.dtype.is_floating:
        return hlo.convert(out, whole)
    return hlo.emit("stablehlo.convert", out, whole)  # it is saturated already


def rounded(hlo: CoreBuilder, out: TensorType, x: HloValue, by: AffineParameters) -> HloValue:
    """Emit `round(x / scale) + zero_point` as floats, saturated; NaN becomes the zero point.

    16-bit floats are computed in float32. Results for small floats are not rounded.
    """
    wide = out.with_dtype(dtypes.float32 if x.type.dtype.bits < 32 else x.type.dtype)
    number = hlo.convert(wide, x)
    ratio = hlo.elementwise("divide", wide, number, per_element(hlo, wide, by.scale, by.dim))
    if not out.dtype.is_floating:
        ratio = _whole(hlo, wide, ratio)
    if by.zero_point is not None:
        zero_point = per_element(hlo, wide, by.zero_point, by.dim)
        ratio = hlo.elementwise("add", wide, ratio, zero_point)
    low, high = (hlo.full(wide, limit) for limit in storage_limits(out.dtype))
    return hlo.elementwise("minimum", wide, hlo.elementwise("maximum", wide, ratio, low), high)


def _whole(hlo: CoreBuilder, wide: TensorType, x: HloValue) -> HloValue:
    """Emit the nearest whole number, rounding half to even; 0 for NaN."""
    is_number = hlo.compare("equal", wide.with_dtype(dtypes.bool), x, x)
    rounded = hlo.elementwise("round", wide, x)
    return hlo.select(wide, is_number, rounded, hlo.full(wide, 0))


def dequantize(hlo: CoreBuilder, out: TensorType, x: HloValue, by: AffineParameters) -> HloValue:
    """Emit `(x - zero_point) * scale`; 16-bit results are computed in float32."""
    wide = out.with_dtype(dtypes.float32 if out.dtype.bits < 32 else out.dtype)
    number = hlo.convert(wide, x)
    if by.zero_point is not None:
        zero_point = per_element(hlo, wide, by.zero_point, by.dim)
        number = hlo.elementwise("subtract", wide, number, zero_point)
    scale = per_element(hlo, wide, by.scale, by.dim)
    return hlo.convert(out, hlo.elementwise("multiply", wide, number, scale))


def per_element(hlo: CoreBuilder, wide: TensorType, x: HloValue, dim: int | None) -> HloValue:
    """Emit scales or zero points as a tensor with one for each element of `wide`."""
    number = hlo.convert(x.type.with_dtype(wide.dtype), x)
    if x.type.rank == 0:
        return hlo.broadcast_in_dim(number, wide.shape, ())
    if dim is not None:
        return hlo.broadcast_in_dim(number, wide.shape, (dim,))
    counts = tuple(range(0, 2 * wide.rank, 2))
    blocks = hlo.broadcast_in_dim(number, blocked(wide.shape, x.type.shape), counts)
    return hlo.reshape(wide, blocks)


def blocked(shape: Shape, counts: Shape) -> Shape:
    """Return a shape with each dimension split into a count of blocks and the size of a block."""
    pairs = zip(shape, counts, strict=True)
    return tuple(part for size, count in pairs for part in (count, size // count))
