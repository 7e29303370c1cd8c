"""Powers and roots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler.ops.elementwise import Elementwise, FloatFunction

if TYPE_CHECKING:
    from farrier_compiler.types.elements import Array


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
class Power(Elementwise):
    """`x ** y`, elementwise; of integers: wraps around, negative exponents truncate to -1, 0, 1.

    StableHLO spec: power.
    """

    def reference(self, x: Array, y: Array) -> Array:
        if not np.issubdtype(x.dtype, np.signedinteger):
            return np.power(x, y)
        unit = np.where(x == 1, 1, np.where(x == -1, 1 - 2 * (y & 1), 0))
        return np.where(y < 0, unit, np.power(x, np.maximum(y, 0)))


@dataclass(frozen=True)
class Cbrt(FloatFunction):
    """Cube root, elementwise. StableHLO spec: cbrt."""

    def reference(self, x: Array) -> Array:
        # numpy's float32 cube root of 27 is not 3.
        return np.cbrt(x, dtype=np.result_type(x, np.float64))


@dataclass(frozen=True)
class Hypot(FloatFunction):
    """`sqrt(x ** 2 + y ** 2)`, elementwise. StableHLO spec: none; a formula around sqrt."""

    def reference(self, x: Array, y: Array) -> Array:
        return np.hypot(x, y)
