"""The Gauss error function."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from farrier_compiler.ops.elementwise import FloatFunction

if TYPE_CHECKING:
    from farrier_compiler.types.elements import Array


_erf: Any = np.vectorize(math.erf, otypes=[np.float64])
_erfc: Any = np.vectorize(math.erfc, otypes=[np.float64])


@dataclass(frozen=True)
class Erf(FloatFunction):
    """Gauss error function, elementwise. StableHLO spec: none, CHLO: erf."""

    def reference(self, x: Array) -> Array:
        return _erf(x) if x.size else x


@dataclass(frozen=True)
class Erfc(FloatFunction):
    """1 less the Gauss error function, elementwise. StableHLO spec: none, CHLO: erfc."""

    def reference(self, x: Array) -> Array:
        return _erfc(x) if x.size else x
