"""Quantisation in plain arithmetic, for every builder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farrier_compiler.stablehlo.core import CoreBuilder
from farrier_compiler.types.numbers import storage_limits
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime import dtypes

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.emitter import HloValue


def quantize(
    hlo: CoreBuilder,
    out: TensorType,
    x: HloValue,
    scale: HloValue,
    zero_point: HloValue | None,
    dim: int | None,
) -> HloValue:
    """Emit what `rounded` does, as the result's data type."""
    inside = rounded(hlo, out, x, scale, zero_point, dim)
    if out.dtype.is_floating:
        return hlo.convert(out, inside)
    return hlo.emit("stablehlo.convert", out, inside)  # nothing is left to saturate


def rounded(
    hlo: CoreBuilder,
    out: TensorType,
    x: HloValue,
    scale: HloValue,
    zero_point: HloValue | None,
    dim: int | None,
) -> HloValue:
    """Emit `round(x / scale) + zero_point` as floats, saturated; NaN as 0.

    16-bit floats are computed in float32. What becomes small floats stays as it is.
    """
    wide = out.with_dtype(dtypes.float32 if x.type.dtype.bits < 32 else x.type.dtype)
    ratio = hlo.elementwise(
        "divide", wide, hlo.convert(wide, x), per_element(hlo, wide, scale, dim)
    )
    if not out.dtype.is_floating:
        ratio = _whole(hlo, wide, ratio)
    if zero_point is not None:
        ratio = hlo.elementwise("add", wide, ratio, per_element(hlo, wide, zero_point, dim))
    low, high = (hlo.full(wide, limit) for limit in storage_limits(out.dtype))
    return hlo.elementwise("minimum", wide, hlo.elementwise("maximum", wide, ratio, low), high)


def _whole(hlo: CoreBuilder, wide: TensorType, x: HloValue) -> HloValue:
    """Emit the nearest whole number, of two the even one; 0 for NaN."""
    is_number = hlo.compare("equal", wide.with_dtype(dtypes.bool), x, x)
    rounded = hlo.elementwise("round", wide, x)
    return hlo.select(wide, is_number, rounded, hlo.full(wide, 0))


def dequantize(
    hlo: CoreBuilder,
    out: TensorType,
    x: HloValue,
    scale: HloValue,
    zero_point: HloValue | None,
    dim: int | None,
) -> HloValue:
    """Emit `(x - zero_point) * scale`; results of 16 bits are computed in float32."""
    wide = out.with_dtype(dtypes.float32 if out.dtype.bits < 32 else out.dtype)
    number = hlo.convert(wide, x)
    if zero_point is not None:
        number = hlo.elementwise("subtract", wide, number, per_element(hlo, wide, zero_point, dim))
    product = hlo.elementwise("multiply", wide, number, per_element(hlo, wide, scale, dim))
    return hlo.convert(out, product)


def per_element(hlo: CoreBuilder, wide: TensorType, x: HloValue, dim: int | None) -> HloValue:
    """Emit scales, or zero points, as a tensor with one for each element of `wide`."""
    number = hlo.convert(x.type.with_dtype(wide.dtype), x)
    if x.type.rank == 0:
        return hlo.broadcast_in_dim(number, wide.shape, ())
    if dim is not None:
        return hlo.broadcast_in_dim(number, wide.shape, (dim,))
    places = tuple(range(0, 2 * wide.rank, 2))
    blocks = hlo.broadcast_in_dim(number, blocked(wide.shape, x.type.shape), places)
    return hlo.reshape(wide, blocks)


def blocked(shape: Shape, counts: Shape) -> Shape:
    """Return a shape with each dimension split into a number of blocks and a block's size."""
    pairs = zip(shape, counts, strict=True)
    return tuple(part for size, count in pairs for part in (count, size // count))
