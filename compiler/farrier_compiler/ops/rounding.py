"""Rounding to whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from farrier_compiler.ops.elementwise import FloatFunction

if TYPE_CHECKING:
    from farrier_compiler.types.elements import Array


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
