"""Checks of sizes that no other op of a graph makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from farrier_compiler.graph import Graph, Node, Op, TensorType, Value
from farrier_compiler.graph.requirements import requirements_of
from farrier_compiler.sizes.requirements import (
    Origin,
    Requirement,
    at_most,
    broadcast_size,
    equal,
    imposed_by,
)
from farrier_runtime.errors import ShapeError

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.elements import Array


@dataclass(frozen=True)
class RequireSizes(Op):
    """The operand, if sizes are related as they must be. StableHLO spec: get_dimension_size.

    Attributes:
        relation: how they must be related, as in a `Requirement`.
        left: a size.
        right: a size.
        origin: the name of what needs it.
    """

    relation: Literal["equal", "at_most", "broadcast"]
    left: int
    right: int
    origin: str

    def result_types(self, operands: Sequence[Value]) -> TensorType:
        """Return the operand's type, quantised if it is."""
        self.infer(operands[0].type)
        return operands[0].type

    def reads_quantized(self, operands: Sequence[Value]) -> bool:
        return operands[0].type.quantization is not None

    def infer(self, x: TensorType) -> TensorType:
        with imposed_by(self.origin):
            if not self._can_hold():
                requirement = Requirement(self.relation, self.left, self.right)
                raise ShapeError(f"{self.origin} needs other sizes: {requirement}.")
        return x

    def _can_hold(self) -> bool:
        if self.relation == "equal":
            return equal(self.left, self.right)
        if self.relation == "at_most":
            return at_most(self.left, self.right)
        return broadcast_size(self.left, self.right) is not None

    def reference(self, x: Array) -> Array:
        return x

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        return x


def with_requirements(graph: Graph, wanted: Mapping[Requirement, Origin]) -> Graph:
    """Return a graph that makes these checks, with ops for those that it lacks.

    Where only the shape of a value is used, or a pass replaced an op, calls that eager evaluation
    refuses would otherwise be let through.
    """
    if not wanted:
        return graph
    present = requirements_of(graph)
    missing = {key: origin for key, origin in wanted.items() if not key.is_among(present)}
    if not missing or not graph.outputs:
        return graph
    *others, last = graph.outputs
    for key, origin in missing.items():
        op = RequireSizes(key.relation, key.left, key.right, origin.name)
        last = Node(op, [last], origin.location).result
    names = {value: name for name, value in graph.constants.items()}
    return graph.with_outputs([*others, last], names)
