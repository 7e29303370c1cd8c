"""Quantisation of floats to small integers or small floats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from farrier_compiler.graph import Op
from farrier_compiler.ops.checks import normalize_dim
from farrier_compiler.sizes import is_static
from farrier_compiler.sizes.requirements import at_most, equal, equal_shapes
from farrier_compiler.stablehlo.affine import AffineParameters
from farrier_compiler.types.numbers import storage_limits
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_compiler.types.uniform import MOST_SCALES, Quantization
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from farrier_runtime.errors import ArgumentError, DtypeError, ShapeError

if TYPE_CHECKING:
    from farrier_compiler.graph import Value
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.elements import Array

STORAGE: tuple[dtype, ...] = (
    dtypes.int8,
    dtypes.uint8,
    dtypes.int4,
    dtypes.int16,
    dtypes.uint16,
    dtypes.float8,
    dtypes.float8_e5m2,
)
"""The data types that quantised tensors are stored in."""

SUMS = (*STORAGE, dtypes.int32)
"""The data types that can be dequantised, which include sums of products."""


class Affine(Op, abstract=True):
    """The family of ops on a tensor, its scales and optional zero points.

    A scalar scale applies to all elements; a vector, with `dim`, has one for each index along it.
    Scales of the tensor's rank, without `dim`, apply to blocks, which divide every dimension.
    """

    dtype: dtype
    dim: int | None
    storage: ClassVar[tuple[dtype, ...]] = STORAGE

    def check_operands(self, operands: Sequence[Value]) -> None:
        """Refuse scales that are not positive numbers."""
        if operands[1].data is not None:
            _check_values(self.name, operands[1].data)

    def quantization(
        self, input: TensorType, expressed: dtype, parameters: Sequence[Value]
    ) -> Quantization | None:
        """Return the quantisation, where the scales and zero points are constants."""
        arrays = [value.data for value in parameters if value.data is not None]
        if len(arrays) < len(parameters) or not 0 < arrays[0].size <= MOST_SCALES:
            return None
        scale, offset = (*arrays, np.zeros((), np.int8))[:2]
        if not positive(scale).all():
            return None
        if not scale.ndim and not offset.ndim:
            return Quantization(expressed, (float(scale),), (int(offset),))
        block = self._block(input.shape, scale.shape)
        counted = block if self.dim is None else (input.shape[self.dim],)
        if not is_static(counted or ()):
            return None
        scales = tuple(scale.astype(np.float64).reshape(-1).tolist())
        offsets = np.broadcast_to(offset, scale.shape).astype(np.int64).reshape(-1)
        return Quantization(expressed, scales, tuple(offsets.tolist()), self.dim, block)

    def _block(self, shape: Shape, counts: Shape) -> Shape | None:
        if not counts or self.dim is not None:
            return None
        return tuple(size // count for size, count in zip(shape, counts, strict=True))

    def _check(
        self,
        input: TensorType,
        scale: TensorType,
        zero_points: tuple[TensorType, ...],
        expressed: dtype,
        storage: dtype,
    ) -> None:
        _check_dtypes(self.name, expressed, storage, self.storage)
        if scale.dtype is not expressed:
            raise DtypeError(
                f"{self.name} takes a scale of the data type of the floats, {expressed}, but got "
                f"{scale.describe()}. Cast it, for example with fr.cast(scale, fr.{expressed})."
            )
        _check_scale(self.name, self.dim, input, scale)
        if len(zero_points) > 1:
            raise ArgumentError(f"{self.name} takes one zero_point, not {len(zero_points)}.")
        for zero_point in zero_points:
            _check_zero_point(self.name, scale, zero_point, storage)

    def _spread(self, array: Array, shape: Shape) -> Array:
        """Return scales or zero points in a shape that broadcasts against the tensor's."""
        if array.ndim == 0:
            return array
        if self.dim is not None:
            return array.reshape([-1 if dim == self.dim else 1 for dim in range(len(shape))])
        for dim, size in enumerate(shape):
            array = np.repeat(array, size // array.shape[dim], axis=dim)
        return array

    def _parameters(self, scale: HloValue, zero_point: HloValue | None = None) -> AffineParameters:
        return AffineParameters(scale, zero_point, self.dim)

    def operand_names(self, count: int) -> list[str]:
        return ["input", "scale", "zero_point"][:count]


@dataclass(frozen=True)
class Quantize(Affine):
    """`round(input / scale) + zero_point`, saturated; NaN becomes the zero point.

    Halves are rounded to even before the zero point is added, as in ONNX; StableHLO rounds after
    that. Float8 is not rounded to whole numbers, and keeps NaN.
    StableHLO spec: uniform_quantize.

    Attributes:
        dtype: the data type of the result.
        dim: the dimension with a scale for each index, from the front.
    """

    dtype: dtype
    dim: int | None = None

    def result_types(self, operands: Sequence[Value]) -> TensorType | tuple[TensorType, ...]:
        """Return `infer`'s type with the quantisation."""
        input, *parameters = operands
        type = self.infer(*[value.type.plain for value in operands])
        quantization = self.quantization(input.type, input.type.dtype, parameters)
        return replace(type, quantization=quantization)

    def infer(self, input: TensorType, scale: TensorType, *zero_point: TensorType) -> TensorType:
        self._check(input, scale, zero_point, input.dtype, self.dtype)
        return input.with_dtype(self.dtype)

    def reference(self, input: Array, scale: Array, *zero_point: Array) -> Array:
        ratio = input / self._spread(scale, input.shape)
        if not self.dtype.is_floating:
            ratio = np.where(np.isnan(ratio), 0, np.rint(ratio))
        for offset in zero_point:
            ratio = ratio + self._spread(offset, input.shape).astype(ratio.dtype)
        low, high = storage_limits(self.dtype)
        return np.clip(ratio, low, high).astype(self.dtype.numpy)

    def lower(
        self, hlo: Builder, out: TensorType, input: HloValue, scale: HloValue, *zero_point: HloValue
    ) -> HloValue:
        return hlo.quantize(out, input, self._parameters(scale, *zero_point))


@dataclass(frozen=True)
class Dequantize(Affine):
    """`(input - zero_point) * scale`, also for int32 sums. StableHLO spec: uniform_dequantize.

    Attributes:
        dtype: the data type of the result, which is the scale's.
        dim: the dimension with a scale for each index, from the front.
    """

    dtype: dtype
    dim: int | None = None
    storage: ClassVar[tuple[dtype, ...]] = SUMS

    def check_operands(self, operands: Sequence[Value]) -> None:
        """Refuse parameters that differ from those of a quantised tensor, where both are known."""
        super().check_operands(operands)
        input, *parameters = operands
        own, given = input.type.quantization, self.quantization(input.type, self.dtype, parameters)
        if own and given and own.expressed is given.expressed and own != given:
            other = replace(input.type, quantization=given)
            raise ArgumentError(
                f"dequantize got the parameters of {other.describe()} for a tensor that was "
                f"quantized to {input.type.describe()}. Pass the same, or the plain numbers: "
                "x.int_repr()."
            )

    def reads_quantized(self, operands: Sequence[Value]) -> bool:
        input, *parameters = operands
        own = input.type.quantization
        return own is not None and own == self.quantization(input.type, self.dtype, parameters)

    def infer(self, input: TensorType, scale: TensorType, *zero_point: TensorType) -> TensorType:
        self._check(input, scale, zero_point, self.dtype, input.dtype)
        return input.with_dtype(self.dtype)

    def reference(self, input: Array, scale: Array, *zero_point: Array) -> Array:
        number = input.astype(scale.dtype)
        for offset in zero_point:
            number = number - self._spread(offset, input.shape).astype(scale.dtype)
        return number * self._spread(scale, input.shape)

    def lower(
        self, hlo: Builder, out: TensorType, input: HloValue, scale: HloValue, *zero_point: HloValue
    ) -> HloValue:
        return hlo.dequantize(out, input, self._parameters(scale, *zero_point))


def _check_dtypes(name: str, expressed: dtype, storage: dtype, allowed: tuple[dtype, ...]) -> None:
    if not expressed.is_floating or expressed.bits < 16:
        raise DtypeError(
            f"{name} works on float32, float16, bfloat16 and float64, not on {expressed}."
        )
    if storage not in allowed:
        listed = ", ".join(map(str, allowed))
        raise DtypeError(f"Quantized tensors are stored as {listed}, not as {storage}.")


def _check_scale(name: str, dim: int | None, input: TensorType, scale: TensorType) -> None:
    if dim is not None:
        size = input.shape[normalize_dim(name, dim, input.rank)]
        if scale.rank != 1 or not equal(scale.shape[0], size):
            raise ShapeError(
                f"{name} got dim={dim} of {input.describe()} and the scale {scale.describe()}. "
                f"Along that dimension it takes one scale for each position, ({size},)."
            )
    elif scale.rank and not _is_blocked(input.shape, scale.shape):
        raise ShapeError(
            f"{name} got the scale {scale.describe()} for {input.describe()}. It takes a scalar; "
            "a vector, with dim=; or a scale for each block, whose sizes divide those of the "
            f"{input.rank} dimensions."
        )


def _is_blocked(shape: Shape, counts: Shape) -> bool:
    if len(shape) != len(counts) or len(shape) < 2:
        return False
    pairs = list(zip(shape, counts, strict=True))
    return all(at_most(1, count) and equal(size % count, 0) for size, count in pairs)


def positive(scale: Array) -> Array:
    """Return where scales are finite and greater than 0."""
    numbers = scale.astype(np.float64)
    return (numbers > 0) & (numbers < np.inf)


def _check_values(name: str, scale: Array) -> None:
    wrong = ~positive(scale)
    if wrong.any():
        index = tuple(int(indices[0]) for indices in wrong.nonzero()) if scale.ndim else ()
        raise ArgumentError(
            f"{name} got the scale {float(scale[index])}{f' at {index}' if index else ''}. "
            "Scales must be finite and greater than 0."
        )


def _check_zero_point(name: str, scale: TensorType, zero_point: TensorType, storage: dtype) -> None:
    if storage.is_floating:
        raise DtypeError(f"{name} takes no zero_point with {storage}: its zero is 0.")
    if zero_point.dtype is not storage:
        raise DtypeError(
            f"{name} takes a zero_point of the data type of the integers, {storage}, but got "
            f"{zero_point.describe()}. Cast it, for example with fr.cast(zero_point, fr.{storage})."
        )
    if zero_point.rank and not equal_shapes(zero_point.shape, scale.shape):
        raise ShapeError(
            f"{name} got the scale {scale.describe()} and the zero_point {zero_point.describe()}. "
            "The zero_point must be a scalar, or have the scale's shape."
        )
