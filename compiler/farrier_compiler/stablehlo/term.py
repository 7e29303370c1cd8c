"""Tensors to compute with as in formulas, whatever the operations make: StableHLO or a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype


class Typed(Protocol):
    """What stands for a tensor in a formula."""

    @property
    def type(self) -> TensorType:
        """The tensor's type."""
        ...


V = TypeVar("V", bound=Typed)


class Operations(Protocol[V]):
    """What formulas are made of; a result's type is what its operands' types make it."""

    def elementwise(self, name: str, out: TensorType, *operands: V) -> V:
        """Make the elementwise op of this name, in another form where the target needs one."""
        ...

    def portable(self, name: str, out: TensorType, *operands: V) -> V:
        """Make the elementwise op of this name as it is."""
        ...

    def compare(self, name: str, out: TensorType, x: V, y: V) -> V:
        """Make a comparison."""
        ...

    def select(self, out: TensorType, condition: V, x: V, y: V) -> V:
        """Make the choice between two tensors."""
        ...

    def bitcast(self, dtype: dtype, x: V) -> V:
        """Make the same bits as another data type."""
        ...

    def convert(self, out: TensorType, x: V) -> V:
        """Make the same numbers as another data type."""
        ...

    def reshape(self, out: TensorType, x: V) -> V:
        """Make the same elements in another shape."""
        ...

    def full(self, type: TensorType, value: float) -> V:
        """Make a tensor that holds one number everywhere."""
        ...


@dataclass(frozen=True, slots=True)
class Term(Generic[V]):
    """A tensor to compute with as in a formula; numbers stand for tensors that are full of them."""

    hlo: Operations[V]
    value: V

    @property
    def type(self) -> TensorType:
        """The tensor's type."""
        return self.value.type

    def of(self, value: V) -> Self:
        """Return another tensor to compute with."""
        return type(self)(self.hlo, value)

    def full(self, number: float) -> Self:
        """Return a tensor of this one's type that holds one number everywhere."""
        return self.of(self.hlo.full(self.type, number))

    def call(self, name: str, *others: Self | float) -> Self:
        """Return an elementwise function of this tensor and others, of this tensor's type."""
        operands = [self.value, *(self._operand(other) for other in others)]
        return self.of(self.hlo.elementwise(name, self.type, *operands))

    def portable(self, name: str, *others: Self | float) -> Self:
        """Return what `call` would if the target needed nothing else."""
        operands = [self.value, *(self._operand(other) for other in others)]
        return self.of(self.hlo.portable(name, self.type, *operands))

    def compare(self, name: str, other: Self | float) -> Self:
        """Return where a relation holds."""
        flags = self.type.with_dtype(dtypes.bool)
        return self.of(self.hlo.compare(name, flags, self.value, self._operand(other)))

    def where(self, condition: Self, other: Self | float) -> Self:
        """Return this tensor where a condition holds, and another elsewhere."""
        chosen = self.hlo.select(self.type, condition.value, self.value, self._operand(other))
        return self.of(chosen)

    def bitcast(self, dtype: dtype) -> Self:
        """Return the same bits as another data type."""
        return self.of(self.hlo.bitcast(dtype, self.value))

    def reshape(self, shape: Shape) -> Self:
        """Return the same elements in another shape."""
        return self.of(self.hlo.reshape(self.type.with_shape(shape), self.value))

    def convert(self, dtype: dtype) -> Self:
        """Return the same numbers as another data type."""
        return self.of(self.hlo.convert(self.type.with_dtype(dtype), self.value))

    def _operand(self, other: Self | float) -> V:
        return other.value if isinstance(other, Term) else self.hlo.full(self.type, other)

    def __add__(self, other: Self | float) -> Self:
        return self.call("add", other)

    def __sub__(self, other: Self | float) -> Self:
        return self.call("subtract", other)

    def __mul__(self, other: Self | float) -> Self:
        return self.call("multiply", other)

    def __truediv__(self, other: Self | float) -> Self:
        return self.call("divide", other)

    def __neg__(self) -> Self:
        return self.call("negative")

    def __abs__(self) -> Self:
        return self.call("abs")

    def __and__(self, other: Self | float) -> Self:
        return self.call("bitwise_and", other)

    def __or__(self, other: Self | float) -> Self:
        return self.call("bitwise_or", other)
