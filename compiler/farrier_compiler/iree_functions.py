"""Mathematical functions that IREE 3.13 lacks or computes badly, written in plain arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

from farrier_compiler.graph import TensorType
from farrier_compiler.stablehlo import Builder, HloValue


@dataclass(frozen=True, slots=True)
class Term:
    """A tensor under construction, to be computed with as in a formula."""

    hlo: Builder
    value: HloValue

    @property
    def type(self) -> TensorType:
        """The tensor's type."""
        return self.value.type

    def apply(self, name: str, *others: Term | float) -> Term:
        """Return an elementwise function of this tensor and others; numbers are broadcast."""
        operands = [self.value, *(self._operand(other) for other in others)]
        return Term(self.hlo, self.hlo.elementwise(name, self.type, *operands))

    def compare(self, name: str, other: Term | float) -> Term:
        """Return where a relation holds."""
        flags = self.type.with_dtype(dtypes.bool)
        return Term(self.hlo, self.hlo.compare(name, flags, self.value, self._operand(other)))

    def choose(self, yes: Term | float, no: Term) -> Term:
        """Return `yes` where this condition holds, and `no` elsewhere."""
        chosen = no._operand(yes)
        return Term(self.hlo, self.hlo.select(no.type, self.value, chosen, no.value))

    def _operand(self, other: Term | float) -> HloValue:
        return other.value if isinstance(other, Term) else self.hlo.full(self.type, other)

    def __add__(self, other: Term | float) -> Term:
        return self.apply("add", other)

    def __sub__(self, other: Term | float) -> Term:
        return self.apply("subtract", other)

    def __mul__(self, other: Term | float) -> Term:
        return self.apply("multiply", other)

    def __truediv__(self, other: Term | float) -> Term:
        return self.apply("divide", other)

    def __neg__(self) -> Term:
        return self.apply("negative")

    def __abs__(self) -> Term:
        return self.apply("abs")

    def __lt__(self, other: Term | float) -> Term:
        return self.compare("less", other)

    def __gt__(self, other: Term | float) -> Term:
        return self.compare("greater", other)

    def equals(self, other: Term | float) -> Term:
        """Return where this tensor equals another."""
        return self.compare("equal", other)

    def __and__(self, other: Term) -> Term:
        return self.apply("logical_and", other)

    def __or__(self, other: Term) -> Term:
        return self.apply("logical_or", other)

    def __invert__(self) -> Term:
        return self.apply("logical_not")

    def is_negative(self) -> Term:
        """Return where the sign bit is set, -0 included."""
        return (self < 0) | (self * 0 + 1 / self.type_one() < 0)
