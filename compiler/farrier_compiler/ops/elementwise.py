"""Elementwise primitives: numpy's broadcasting, one data type, a table row in the builder each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from farrier_compiler.graph import Op
from farrier_compiler.ops.checks import (
    broadcast_shapes,
    check_domain,
    check_same_dtype,
    check_same_quantization,
)
from farrier_compiler.types.numbers import limits
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from farrier_runtime.errors import DtypeError

if TYPE_CHECKING:
    from farrier_compiler.graph import Value
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.elements import Array


class Elementwise(Op, abstract=True):
    """The family: operands of one data type, broadcast against each other.

    Attributes:
        domain: the data types that it takes, a key of `ops.base.DOMAINS`.
    """

    domain: ClassVar[str] = "number"

    def infer(self, *types: TensorType) -> TensorType:
        check_same_dtype(self.name, types)
        check_domain(self.name, types[0], self.domain)
        shape = broadcast_shapes(self.name, tuple([type.shape for type in types]))
        return TensorType(shape, self.result_dtype(types[0].dtype))

    def result_dtype(self, operand: dtype) -> dtype:
        """Return the result's data type."""
        return operand

    def check_operands(self, operands: Sequence[Value]) -> None:
        check_same_quantization(self.name, operands)

    def lower(self, hlo: Builder, out: TensorType, *values: HloValue) -> HloValue:
        operands = [hlo.broadcast_to(value, out.shape) for value in values]
        return hlo.elementwise(self.name, out, *operands)

    def operand_names(self, count: int) -> list[str]:
        return ["input", "other"][:count]


class FloatFunction(Elementwise, abstract=True):
    """The family of functions on floating-point numbers."""

    domain = "floating"


# ---------------------------------------------------------------------- one operand


@dataclass(frozen=True)
class Abs(Elementwise):
    """Absolute value, elementwise. StableHLO spec: abs."""

    def reference(self, x: Array) -> Array:
        return np.abs(x)


@dataclass(frozen=True)
class Negative(Elementwise):
    """Negation, elementwise; unsigned integers wrap around. StableHLO spec: negate."""

    def reference(self, x: Array) -> Array:
        return np.negative(x)


@dataclass(frozen=True)
class Sign(Elementwise):
    """-1, 0 or 1 by the sign, elementwise; NaN stays NaN. StableHLO spec: sign."""

    def reference(self, x: Array) -> Array:
        return np.sign(x)


@dataclass(frozen=True)
class BitwiseNot(Elementwise):
    """Not, elementwise: of truth values, or of each bit of an integer. StableHLO spec: not."""

    domain = "bits"

    def reference(self, x: Array) -> Array:
        return np.invert(x)


# ---------------------------------------------------------------------- two operands


@dataclass(frozen=True)
class Add(Elementwise):
    """Sum, elementwise; of bools: or. StableHLO spec: add."""

    domain = "any"

    def reference(self, x: Array, y: Array) -> Array:
        return np.add(x, y)


@dataclass(frozen=True)
class Subtract(Elementwise):
    """Difference, elementwise. StableHLO spec: subtract."""

    def reference(self, x: Array, y: Array) -> Array:
        return np.subtract(x, y)


@dataclass(frozen=True)
class Multiply(Elementwise):
    """Product, elementwise; of bools: and. StableHLO spec: multiply."""

    domain = "any"

    def reference(self, x: Array, y: Array) -> Array:
        return np.multiply(x, y)


@dataclass(frozen=True)
class Divide(Elementwise):
    """Quotient, elementwise; of integers: truncated, all bits set where the divisor is 0.

    StableHLO spec: divide.
    """

    def reference(self, x: Array, y: Array) -> Array:
        if not np.issubdtype(x.dtype, np.integer):
            return np.divide(x, y)
        away = (np.remainder(x, y) != 0) & ((x < 0) != (y < 0))
        quotient: Array = np.floor_divide(x, y) + away.astype(x.dtype)
        return np.where(y == 0, np.invert(np.zeros_like(quotient)), quotient)


@dataclass(frozen=True)
class FloorDivide(Elementwise):
    """Quotient rounded down, elementwise, as Python's `//`; of integers by 0: all bits set.

    StableHLO spec: divide, remainder.
    """

    def reference(self, x: Array, y: Array) -> Array:
        quotient = np.floor_divide(x, y)
        if not np.issubdtype(x.dtype, np.integer):
            return quotient
        return np.where(y == 0, np.invert(np.zeros_like(quotient)), quotient)

    def lower(self, hlo: Builder, out: TensorType, *values: HloValue) -> HloValue:
        return hlo.floor_divide(*[hlo.broadcast_to(value, out.shape) for value in values])


@dataclass(frozen=True)
class Remainder(Elementwise):
    """What `//` leaves, with the divisor's sign, elementwise; `x` where an integer divisor is 0.

    StableHLO spec: remainder.
    """

    def reference(self, x: Array, y: Array) -> Array:
        remainder = np.remainder(x, y)
        return np.where(y == 0, x, remainder) if np.issubdtype(x.dtype, np.integer) else remainder

    def lower(self, hlo: Builder, out: TensorType, *values: HloValue) -> HloValue:
        return hlo.remainder(*[hlo.broadcast_to(value, out.shape) for value in values])


@dataclass(frozen=True)
class Fmod(Elementwise):
    """What truncated division leaves, with the dividend's sign, elementwise.

    `x` where an integer divisor is 0. StableHLO spec: remainder.
    """

    def reference(self, x: Array, y: Array) -> Array:
        rest = np.fmod(x, y)
        return np.where(y == 0, x, rest) if np.issubdtype(x.dtype, np.integer) else rest


@dataclass(frozen=True)
class Maximum(Elementwise):
    """The larger one, elementwise; NaN if either is; of bools: or. StableHLO spec: maximum."""

    domain = "any"

    def reference(self, x: Array, y: Array) -> Array:
        return np.maximum(x, y)

    def operand_names(self, count: int) -> list[str]:
        return ["lhs", "rhs"]


@dataclass(frozen=True)
class Minimum(Elementwise):
    """The smaller one, elementwise; NaN if either is; of bools: and. StableHLO spec: minimum."""

    domain = "any"

    def reference(self, x: Array, y: Array) -> Array:
        return np.minimum(x, y)

    def operand_names(self, count: int) -> list[str]:
        return ["lhs", "rhs"]


@dataclass(frozen=True)
class BitwiseAnd(Elementwise):
    """And, elementwise: of truth values, or of each bit of integers. StableHLO spec: and."""

    domain = "bits"

    def reference(self, x: Array, y: Array) -> Array:
        return np.bitwise_and(x, y)


@dataclass(frozen=True)
class BitwiseOr(Elementwise):
    """Or, elementwise: of truth values, or of each bit of integers. StableHLO spec: or."""

    domain = "bits"

    def reference(self, x: Array, y: Array) -> Array:
        return np.bitwise_or(x, y)


@dataclass(frozen=True)
class BitwiseXor(Elementwise):
    """Either but not both, elementwise: of truth values, or of each bit of integers.

    StableHLO spec: xor.
    """

    domain = "bits"

    def reference(self, x: Array, y: Array) -> Array:
        return np.bitwise_xor(x, y)


@dataclass(frozen=True)
class ShiftLeft(Elementwise):
    """`x * 2 ** y` modulo the type's range, elementwise. StableHLO spec: shift_left."""

    domain = "integer"

    def reference(self, x: Array, y: Array) -> Array:
        return np.left_shift(x, y)


@dataclass(frozen=True)
class ShiftRight(Elementwise):
    """`x / 2 ** y` rounded down, elementwise: a signed number keeps its sign.

    StableHLO spec: shift_right_arithmetic, shift_right_logical.
    """

    domain = "integer"

    def reference(self, x: Array, y: Array) -> Array:
        return np.right_shift(x, y)


# ---------------------------------------------------------------------- choice and conversion


@dataclass(frozen=True)
class Where(Op):
    """Elements of `x` where `condition` holds, of `y` elsewhere. StableHLO spec: select."""

    def infer(self, condition: TensorType, x: TensorType, y: TensorType) -> TensorType:
        check_domain("where's condition", condition, "bool")
        check_same_dtype(self.name, (x, y))
        shape = broadcast_shapes(self.name, (condition.shape, x.shape, y.shape))
        return TensorType(shape, x.dtype)

    def check_operands(self, operands: Sequence[Value]) -> None:
        check_same_quantization(self.name, operands)

    def reference(self, condition: Array, x: Array, y: Array) -> Array:
        return np.where(condition, x, y)

    def lower(self, hlo: Builder, out: TensorType, *values: HloValue) -> HloValue:
        return hlo.select(out, *[hlo.broadcast_to(value, out.shape) for value in values])

    def operand_names(self, count: int) -> list[str]:
        return ["condition", "input", "other"]


@dataclass(frozen=True)
class Cast(Op):
    """Convert to another data type: to bool by `x != 0`, to integers by truncation, saturating.

    StableHLO spec: convert.
    """

    dtype: dtype

    def infer(self, x: TensorType) -> TensorType:
        return x.with_dtype(self.dtype)

    def reference(self, x: Array) -> Array:
        if self.dtype.is_integer and np.issubdtype(x.dtype, np.floating):
            return saturate(x, self.dtype)
        return x != 0 if self.dtype is dtypes.bool else x.astype(self.dtype.numpy)

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        return hlo.convert(out, x)


@dataclass(frozen=True)
class Bitcast(Op):
    """Reinterpret the bits as another data type of that size. StableHLO spec: bitcast_convert."""

    dtype: dtype
    reads_bits = True

    def infer(self, x: TensorType) -> TensorType:
        check_domain(self.name, x, "number")
        if _bits(x.dtype) != _bits(self.dtype):
            raise DtypeError(
                f"bitcast to {self.dtype} needs elements of {_count(self.dtype)}, but got "
                f"{x.describe()}, of {_count(x.dtype)}. To convert numbers, use fr.cast."
            )
        return x.with_dtype(self.dtype)

    def reference(self, x: Array) -> Array:
        return np.ascontiguousarray(x).reshape(x.shape).view(self.dtype.numpy)

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        return hlo.bitcast(out.dtype, x)


def _bits(dtype: dtype) -> int:
    return 1 if dtype is dtypes.bool else dtype.bits


def _count(dtype: dtype) -> str:
    bits = _bits(dtype)
    return f"{bits} bit{'s' * (bits != 1)}"


def saturate(x: Array, dtype: dtype) -> Array:
    """Convert floats to integers, out-of-range values to the nearest one, NaN to 0."""
    low, high = limits(dtype)
    whole = np.nan_to_num(np.trunc(x.astype(np.float64)), nan=0.0, posinf=np.inf, neginf=-np.inf)
    inside = np.clip(whole, float(low), float(np.nextafter(float(high) + 1.0, 0.0)))
    exact: Any = inside.astype(np.uint64 if high > 2**63 else np.int64)
    exact = np.where(whole >= float(high), np.array(high, exact.dtype), exact)
    return exact.astype(dtype.numpy)
