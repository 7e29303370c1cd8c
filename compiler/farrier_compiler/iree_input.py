"""The builder of what IREE 3.13 needs in place of portable StableHLO: one override a shortcoming."""

from __future__ import annotations

from farrier_compiler.stablehlo import Builder


class IreeBuilder(Builder):
    """Emits StableHLO that IREE 3.13 compiles right and fast."""
