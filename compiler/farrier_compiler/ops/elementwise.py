"""Elementwise primitives: numpy's broadcasting, one data type, a table row in the builder each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

from farrier_compiler.graph import TensorType
from farrier_compiler.ops.base import Op, broadcast_shapes, check_domain, check_same_dtype

if TYPE_CHECKING:
    from farrier_compiler.graph import Array
    from farrier_compiler.stablehlo import Builder, HloValue


class Elementwise(Op, abstract=True):
    """The family: operands of one data type, broadcast against each other."""

    domain: ClassVar[str] = "number"

    def infer(self, *types: TensorType) -> TensorType:
        check_same_dtype(self.name, types)
        check_domain(self.name, types[0], self.domain)
        return TensorType(broadcast_shapes(self.name, tuple(t.shape for t in types)), self.result_dtype(types[0].dtype))

    def result_dtype(self, operand: dtype) -> dtype:
        """Return the result's data type."""
        return operand

    def lower(self, hlo: Builder, out: TensorType, *values: HloValue) -> HloValue:
        return hlo.elementwise(self.name, out, *[hlo.broadcast_to(v, out.shape) for v in values])


class Comparison(Elementwise, abstract=True):
    """The family of comparisons, whose result is bool."""

    domain = "any"

    def result_dtype(self, operand: dtype) -> dtype:
        return dtypes.bool

    def lower(self, hlo: Builder, out: TensorType, *values: HloValue) -> HloValue:
        left, right = (hlo.broadcast_to(value, out.shape) for value in values)
        return hlo.compare(self.name, out, left, right)


@dataclass(frozen=True)
class Add(Elementwise):
    """Sum, elementwise. StableHLO spec: add."""

    def reference(self, x: Array, y: Array) -> Array:
        return np.add(x, y)


@dataclass(frozen=True)
class Tanh(Elementwise):
    """Hyperbolic tangent, elementwise. StableHLO spec: tanh."""

    domain = "floating"

    def reference(self, x: Array) -> Array:
        return np.tanh(x)


@dataclass(frozen=True)
class Less(Comparison):
    """`x < y`, elementwise. StableHLO spec: compare."""

    def reference(self, x: Array, y: Array) -> Array:
        return np.less(x, y)


@dataclass(frozen=True)
class Where(Op):
    """Elements of `x` where `condition` holds, of `y` elsewhere. StableHLO spec: select."""

    def infer(self, condition: TensorType, x: TensorType, y: TensorType) -> TensorType:
        check_domain("where's condition", condition, "bool")
        check_same_dtype(self.name, (x, y))
        shape = broadcast_shapes(self.name, (condition.shape, x.shape, y.shape))
        return TensorType(shape, x.dtype)

    def reference(self, condition: Array, x: Array, y: Array) -> Array:
        return np.where(condition, x, y)

    def lower(self, hlo: Builder, out: TensorType, *values: HloValue) -> HloValue:
        return hlo.select(out, *[hlo.broadcast_to(value, out.shape) for value in values])


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


def saturate(x: Array, dtype: dtype) -> Array:
    """Convert floats to integers, out-of-range values to the nearest one, NaN to 0."""
    low, high = limits(dtype)
    whole = np.nan_to_num(np.trunc(x.astype(np.float64)), nan=0.0, posinf=np.inf, neginf=-np.inf)
    inside = np.clip(whole, float(low), float(np.nextafter(float(high) + 1.0, 0.0)))
    exact: Any = inside.astype(np.uint64 if high > 2**63 else np.int64)
    exact = np.where(whole >= float(high), np.array(high, exact.dtype), exact)
    return exact.astype(dtype.numpy)


def limits(dtype: dtype) -> tuple[int, int]:
    """Return the smallest and the largest integer of a data type."""
    if dtype.is_unsigned:
        return 0, 2**dtype.bits - 1
    return -(2 ** (dtype.bits - 1)), 2 ** (dtype.bits - 1) - 1
