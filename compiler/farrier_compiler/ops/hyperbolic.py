"""Hyperbolic functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler.ops.elementwise import FloatFunction

if TYPE_CHECKING:
    from farrier_compiler.types.elements import Array


@dataclass(frozen=True)
class Tanh(FloatFunction):
    """Hyperbolic tangent, elementwise. StableHLO spec: tanh."""

    def reference(self, x: Array) -> Array:
        return np.tanh(x)


@dataclass(frozen=True)
class Sinh(FloatFunction):
    """Hyperbolic sine, elementwise. StableHLO spec: none, CHLO: sinh."""

    def reference(self, x: Array) -> Array:
        return np.sinh(x)


@dataclass(frozen=True)
class Cosh(FloatFunction):
    """Hyperbolic cosine, elementwise. StableHLO spec: none, CHLO: cosh."""

    def reference(self, x: Array) -> Array:
        return np.cosh(x)


@dataclass(frozen=True)
class Asinh(FloatFunction):
    """Inverse hyperbolic sine, elementwise. StableHLO spec: none, CHLO: asinh."""

    def reference(self, x: Array) -> Array:
        return np.arcsinh(x)


@dataclass(frozen=True)
class Acosh(FloatFunction):
    """Inverse hyperbolic cosine, elementwise. StableHLO spec: none, CHLO: acosh."""

    def reference(self, x: Array) -> Array:
        return np.arccosh(x)


@dataclass(frozen=True)
class Atanh(FloatFunction):
    """Inverse hyperbolic tangent, elementwise. StableHLO spec: none, CHLO: atanh."""

    def reference(self, x: Array) -> Array:
        return np.arctanh(x)
