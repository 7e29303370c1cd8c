"""Functions of floating-point numbers, elementwise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from farrier_compiler.ops.elementwise import Elementwise
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

if TYPE_CHECKING:
    from farrier_compiler.types.elements import Array


class FloatFunction(Elementwise, abstract=True):
    """The family of functions on floating-point numbers."""

    domain = "floating"


@dataclass(frozen=True)
class Exp(FloatFunction):
    """`e ** x`, elementwise. StableHLO spec: exponential."""

    def reference(self, x: Array) -> Array:
        return np.exp(x)


@dataclass(frozen=True)
class Expm1(FloatFunction):
    """`e ** x - 1`, elementwise, precise near 0. StableHLO spec: exponential_minus_one."""

    def reference(self, x: Array) -> Array:
        return np.expm1(x)


@dataclass(frozen=True)
class Log(FloatFunction):
    """Natural logarithm, elementwise. StableHLO spec: log."""

    def reference(self, x: Array) -> Array:
        return np.log(x)


@dataclass(frozen=True)
class Log1p(FloatFunction):
    """`log(1 + x)`, elementwise, precise near 0. StableHLO spec: log_plus_one."""

    def reference(self, x: Array) -> Array:
        return np.log1p(x)


@dataclass(frozen=True)
class Sqrt(FloatFunction):
    """Square root, elementwise. StableHLO spec: sqrt."""

    def reference(self, x: Array) -> Array:
        return np.sqrt(x)


@dataclass(frozen=True)
class Rsqrt(FloatFunction):
    """`1 / sqrt(x)`, elementwise. StableHLO spec: rsqrt."""

    def reference(self, x: Array) -> Array:
        return 1 / np.sqrt(x)


@dataclass(frozen=True)
class Sin(FloatFunction):
    """Sine of radians, elementwise. StableHLO spec: sine."""

    def reference(self, x: Array) -> Array:
        return np.sin(x)


@dataclass(frozen=True)
class Cos(FloatFunction):
    """Cosine of radians, elementwise. StableHLO spec: cosine."""

    def reference(self, x: Array) -> Array:
        return np.cos(x)


@dataclass(frozen=True)
class Tan(FloatFunction):
    """Tangent of radians, elementwise. StableHLO spec: tan."""

    def reference(self, x: Array) -> Array:
        return np.tan(x)


@dataclass(frozen=True)
class Tanh(FloatFunction):
    """Hyperbolic tangent, elementwise. StableHLO spec: tanh."""

    def reference(self, x: Array) -> Array:
        return np.tanh(x)


@dataclass(frozen=True)
class Sigmoid(FloatFunction):
    """`1 / (1 + e ** -x)`, elementwise. StableHLO spec: logistic."""

    def reference(self, x: Array) -> Array:
        return 1 / (1 + np.exp(-x))


_erf: Any = np.vectorize(math.erf, otypes=[np.float64])


@dataclass(frozen=True)
class Erf(FloatFunction):
    """Gauss error function, elementwise. StableHLO spec: none, CHLO: erf."""

    def reference(self, x: Array) -> Array:
        return _erf(x) if x.size else x


@dataclass(frozen=True)
class Floor(FloatFunction):
    """The largest whole number that is not above, elementwise. StableHLO spec: floor."""

    def reference(self, x: Array) -> Array:
        return np.floor(x)


@dataclass(frozen=True)
class Ceil(FloatFunction):
    """The smallest whole number that is not below, elementwise. StableHLO spec: ceil."""

    def reference(self, x: Array) -> Array:
        return np.ceil(x)


@dataclass(frozen=True)
class Round(FloatFunction):
    """The nearest whole number, halves to the even one. StableHLO spec: round_nearest_even."""

    def reference(self, x: Array) -> Array:
        return np.rint(x)


@dataclass(frozen=True)
class Isfinite(FloatFunction):
    """Whether a number is neither infinite nor NaN, elementwise. StableHLO spec: is_finite."""

    def result_dtype(self, operand: dtype) -> dtype:
        return dtypes.bool

    def reference(self, x: Array) -> Array:
        return np.isfinite(x)


@dataclass(frozen=True)
class Atan2(FloatFunction):
    """The angle of the point `(y, x)`, elementwise, in radians. StableHLO spec: atan2."""

    def reference(self, y: Array, x: Array) -> Array:
        return np.arctan2(y, x)
