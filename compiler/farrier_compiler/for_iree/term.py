"""Tensors to compute with as in formulas."""

from __future__ import annotations

from dataclasses import dataclass

from farrier_compiler.for_iree.loops import IreeLoops
from farrier_compiler.stablehlo.builder import Builder
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype


@dataclass(frozen=True, slots=True)
class Term:
    """A tensor to compute with as in a formula; numbers stand for tensors that are full of them."""

    hlo: IreeLoops
    value: HloValue

    @property
    def type(self) -> TensorType:
        """The tensor's type."""
        return self.value.type

    def call(self, name: str, *others: Term | float) -> Term:
        """Return an elementwise function of this tensor and others, of this tensor's type."""
        operands = [self.value, *(self._operand(other) for other in others)]
        return Term(self.hlo, self.hlo.elementwise(name, self.type, *operands))

    def portable(self, name: str, *others: Term | float) -> Term:
        """Return what `call` would if IREE needed nothing else."""
        operands = [self.value, *(self._operand(other) for other in others)]
        return Term(self.hlo, Builder.elementwise(self.hlo, name, self.type, *operands))

    def compare(self, name: str, other: Term | float) -> Term:
        """Return where a relation holds."""
        flags = self.type.with_dtype(dtypes.bool)
        return Term(self.hlo, self.hlo.compare(name, flags, self.value, self._operand(other)))

    def where(self, condition: Term, other: Term | float) -> Term:
        """Return this tensor where a condition holds, and another elsewhere."""
        chosen = self.hlo.select(self.type, condition.value, self.value, self._operand(other))
        return Term(self.hlo, chosen)

    def bitcast(self, kind: dtype) -> Term:
        """Return the same bits as another data type."""
        return Term(self.hlo, self.hlo.bitcast(kind, self.value))

    def reshape(self, shape: Shape) -> Term:
        """Return the same elements in another shape."""
        return Term(self.hlo, self.hlo.reshape(self.type.with_shape(shape), self.value))

    def convert(self, kind: dtype) -> Term:
        """Return the same numbers as another data type."""
        return Term(self.hlo, self.hlo.convert(self.type.with_dtype(kind), self.value))

    def _operand(self, other: Term | float) -> HloValue:
        return other.value if isinstance(other, Term) else self.hlo.full(self.type, other)

    def __add__(self, other: Term | float) -> Term:
        return self.call("add", other)

    def __sub__(self, other: Term | float) -> Term:
        return self.call("subtract", other)

    def __mul__(self, other: Term | float) -> Term:
        return self.call("multiply", other)

    def __truediv__(self, other: Term | float) -> Term:
        return self.call("divide", other)

    def __neg__(self) -> Term:
        return self.call("negative")

    def __abs__(self) -> Term:
        return self.call("abs")

    def __and__(self, other: Term | float) -> Term:
        return self.call("logical_and", other)

    def __or__(self, other: Term | float) -> Term:
        return self.call("logical_or", other)
