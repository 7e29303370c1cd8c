"""Mathematical functions in plain arithmetic, a file for each family.

What a file's `__all__` lists is the formula of the op of that name, on float32 and float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from farrier_compiler.stablehlo.formulas import (
    division,
    error_function,
    exponential,
    hyperbolic,
    powers,
    rounding,
    trigonometry,
)

_FAMILIES = (division, error_function, exponential, hyperbolic, powers, rounding, trigonometry)

FORMULAS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {name: getattr(family, name) for family in _FAMILIES for name in family.__all__}
)
