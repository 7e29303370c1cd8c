"""Functions of angles, and angles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler.ops.elementwise import FloatFunction

if TYPE_CHECKING:
    from farrier_compiler.types.elements import Array


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
class Atan2(FloatFunction):
    """The angle of the point `(y, x)`, elementwise, in radians. StableHLO spec: atan2."""

    def reference(self, y: Array, x: Array) -> Array:
        return np.arctan2(y, x)


@dataclass(frozen=True)
class Asin(FloatFunction):
    """Inverse sine, elementwise, in radians. StableHLO spec: none, CHLO: asin."""

    def reference(self, x: Array) -> Array:
        return np.arcsin(x)


@dataclass(frozen=True)
class Acos(FloatFunction):
    """Inverse cosine, elementwise, in radians. StableHLO spec: none, CHLO: acos."""

    def reference(self, x: Array) -> Array:
        return np.arccos(x)


@dataclass(frozen=True)
class Atan(FloatFunction):
    """Inverse tangent, elementwise, in radians. StableHLO spec: none, CHLO: atan."""

    def reference(self, x: Array) -> Array:
        return np.arctan(x)
