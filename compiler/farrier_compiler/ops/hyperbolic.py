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
