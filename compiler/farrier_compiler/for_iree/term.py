"""Terms of what IREE is given."""

from __future__ import annotations

from dataclasses import dataclass

from farrier_compiler.for_iree.loops import IreeLoops
from farrier_compiler.stablehlo import term
from farrier_compiler.stablehlo.emitter import HloValue


@dataclass(frozen=True, slots=True)
class IreeTerm(term.Term[HloValue]):
    """A term whose builder has IREE's own operations too."""

    hlo: IreeLoops
