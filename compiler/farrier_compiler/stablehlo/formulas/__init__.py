"""Mathematical functions in plain arithmetic, a file for each family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from farrier_compiler.stablehlo.formulas.exponential import exp2, log2, log10, logaddexp
from farrier_compiler.stablehlo.formulas.powers import hypot

# What neither StableHLO nor CHLO has, on float32 and float64.
FORMULAS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"exp2": exp2, "hypot": hypot, "log2": log2, "log10": log10, "logaddexp": logaddexp}
)
