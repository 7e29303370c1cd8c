"""Exponentials and logarithms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler.ops.elementwise import FloatFunction

if TYPE_CHECKING:
    from farrier_compiler.types.elements import Array


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
class Sigmoid(FloatFunction):
    """`1 / (1 + e ** -x)`, elementwise. StableHLO spec: logistic."""

    def reference(self, x: Array) -> Array:
        return 1 / (1 + np.exp(-x))


@dataclass(frozen=True)
class Exp2(FloatFunction):
    """`2 ** x`, elementwise. StableHLO spec: none; a formula around exponents."""

    def reference(self, x: Array) -> Array:
        return np.exp2(x)


@dataclass(frozen=True)
class Log2(FloatFunction):
    """Logarithm to base 2, elementwise. StableHLO spec: none; a formula around exponents."""

    def reference(self, x: Array) -> Array:
        return np.log2(x)


@dataclass(frozen=True)
class Log10(FloatFunction):
    """Logarithm to base 10, elementwise. StableHLO spec: none; a formula around exponents."""

    def reference(self, x: Array) -> Array:
        # numpy's float32 logarithms of powers of 10 are not exact.
        return np.log10(x, dtype=np.result_type(x, np.float64))


@dataclass(frozen=True)
class Logaddexp(FloatFunction):
    """`log(e ** x + e ** y)`, elementwise. StableHLO spec: none; a formula around log_plus_one."""

    def reference(self, x: Array, y: Array) -> Array:
        return np.logaddexp(x, y)
