"""Comparisons, elementwise, and whether numbers are finite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler.ops.elementwise import Elementwise, FloatFunction
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.elements import Array


class Comparison(Elementwise, abstract=True):
    """The family of comparisons, whose result is bool."""

    domain = "any"

    def result_dtype(self, operand: dtype) -> dtype:
        return dtypes.bool

    def lower(self, hlo: Builder, out: TensorType, *values: HloValue) -> HloValue:
        left, right = (hlo.broadcast_to(value, out.shape) for value in values)
        return hlo.compare(self.name, out, left, right)


@dataclass(frozen=True)
class Equal(Comparison):
    """`x == y`, elementwise. StableHLO spec: compare."""

    def reference(self, x: Array, y: Array) -> Array:
        return np.equal(x, y)


@dataclass(frozen=True)
class NotEqual(Comparison):
    """`x != y`, elementwise. StableHLO spec: compare."""

    def reference(self, x: Array, y: Array) -> Array:
        return np.not_equal(x, y)


@dataclass(frozen=True)
class Less(Comparison):
    """`x < y`, elementwise. StableHLO spec: compare."""

    def reference(self, x: Array, y: Array) -> Array:
        return np.less(x, y)


@dataclass(frozen=True)
class LessEqual(Comparison):
    """`x <= y`, elementwise. StableHLO spec: compare."""

    def reference(self, x: Array, y: Array) -> Array:
        return np.less_equal(x, y)


@dataclass(frozen=True)
class Greater(Comparison):
    """`x > y`, elementwise. StableHLO spec: compare."""

    def reference(self, x: Array, y: Array) -> Array:
        return np.greater(x, y)


@dataclass(frozen=True)
class GreaterEqual(Comparison):
    """`x >= y`, elementwise. StableHLO spec: compare."""

    def reference(self, x: Array, y: Array) -> Array:
        return np.greater_equal(x, y)


@dataclass(frozen=True)
class Isfinite(FloatFunction):
    """Whether a number is neither infinite nor NaN, elementwise. StableHLO spec: is_finite."""

    def result_dtype(self, operand: dtype) -> dtype:
        return dtypes.bool

    def reference(self, x: Array) -> Array:
        return np.isfinite(x)
