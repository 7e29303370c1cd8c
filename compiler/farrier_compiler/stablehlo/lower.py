"""Lowering of graphs to an MLIR module, through a builder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set as AbstractSet

from farrier_compiler.graph import Graph, Node, Value
from farrier_compiler.graph.requirements import requirements_of
from farrier_compiler.mlir.module import MlirModule
from farrier_compiler.mlir.text import Place, type_text
from farrier_compiler.sizes.requirements import Requirement
from farrier_compiler.stablehlo.builder import Builder
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_compiler.types.tensor_type import TensorType


def lower(
    graphs: Sequence[Graph],
    builder: Callable[[MlirModule], Builder],
    flags: Sequence[str] = (),
    parameters: Mapping[Value, str] | None = None,
    alone: AbstractSet[int] = frozenset(),
) -> MlirModule:
    """Return a program with one function for each graph.

    Args:
        graphs: what to lower; names must differ.
        builder: `Builder` for portable StableHLO, `IreeBuilder` for the forms that IREE compiles.
        flags: session flags of the program.
        parameters: constants that are not embedded but loaded by these names at run time.
        alone: nodes that are not to be fused with others, by their number in all graphs.
    """
    program = MlirModule(flags)
    first = 0
    for graph in graphs:
        _Lowering(program, builder(program), graph, first, parameters or {}, alone).run()
        first += len(graph.nodes)
    program.at(None)
    return program


def node_at(graphs: Sequence[Graph], file: str, line: int, column: int) -> Node | None:
    """Return the node that an operation was lowered from, by the location that `lower` gave it."""
    nodes = [node for graph in graphs for node in graph.nodes]
    if not 1 <= column <= len(nodes):
        return None
    node = nodes[column - 1]
    place = _place(column - 1, node)
    return node if (place.file, place.line) == (file, line) else None


class _Lowering:
    """Lowers one graph into a program."""

    def __init__(
        self,
        program: MlirModule,
        hlo: Builder,
        graph: Graph,
        first: int,
        parameters: Mapping[Value, str],
        alone: AbstractSet[int],
    ) -> None:
        self.program = program
        self.hlo = hlo
        self.graph = graph
        self.first = first
        self.parameters = parameters
        self.alone = alone
        self.values: dict[Value, HloValue] = {}
        self.names = {value: name for name, value in graph.constants.items()}

    def run(self) -> None:
        graph = self.graph
        inputs = [(value.name or "", self._type_text(value)) for value in graph.inputs]
        outputs = [
            (name, self._type_text(value))
            for name, value in zip(graph.output_names, graph.outputs, strict=True)
        ]
        self.program.function(graph.name, inputs, outputs, self._body)

    def _type_text(self, value: Value) -> str:
        return type_text(self.hlo.known_type(value.type))

    def _body(self, arguments: Sequence[object]) -> list[object]:
        for value, handle in zip(self.graph.inputs, arguments, strict=True):
            self.values[value] = HloValue(handle, self.hlo.known_type(value.type))
        inputs = [(self.values[value], value.dimension) for value in self.graph.inputs]
        self.hlo.begin(inputs, _requirements(self.graph))
        for value in self.graph.inputs:
            self.values[value] = self.hlo.argument(self.values[value])
        for index, node in enumerate(self.graph.nodes):
            self._node(self.first + index, node)
        return [self._value(value).handle for value in self.graph.outputs]

    def _node(self, number: int, node: Node) -> None:
        self.program.at(_place(number, node))
        operands = [self._value(value) for value in node.operands]
        if number in self.alone:
            operands = list(map(self.hlo.barrier, operands))
        quantized = node.op.reads_quantized(node.operands)
        operands = [
            value if quantized and index == 0 else self.hlo.plain(value)
            for index, value in enumerate(operands)
        ]
        types = tuple(self.hlo.known_type(value.type) for value in node.results)
        results = self._results(node, types, operands)
        if number in self.alone:
            results = tuple(map(self.hlo.barrier, results))
        self.values.update(zip(node.results, results, strict=True))

    def _results(
        self, node: Node, types: tuple[TensorType, ...], operands: list[HloValue]
    ) -> tuple[HloValue, ...]:
        """Lower a node; where all results are empty, no op has anything to compute."""
        if all(type.size == 0 for type in types):
            return tuple(
                self.hlo.as_quantized(self.hlo.full(type.plain, 0), type) for type in types
            )
        results: HloValue | tuple[HloValue, ...] = node.op.lower(
            self.hlo, types[0] if len(types) == 1 else types, *operands
        )
        return results if isinstance(results, tuple) else (results,)

    def _value(self, value: Value) -> HloValue:
        if value not in self.values:
            self.values[value] = self._constant(value)
        return self.values[value]

    def _constant(self, value: Value) -> HloValue:
        key = self.parameters.get(value)
        if key is not None:
            return self.hlo.parameter(key, value.type.plain)
        if value.data is None:
            raise AssertionError(f"{value!r} is used before it is computed")
        name = self.names.get(value, "constant")
        plain = self.hlo.constant(value.data, value.type.dtype, name)
        return self.hlo.as_quantized(plain, self.hlo.known_type(value.type))


def _requirements(graph: Graph) -> list[tuple[Requirement, str]]:
    """Return the constraints to assert at call time, and the texts of their errors."""
    origins = requirements_of(graph)
    return [(requirement, f"{origin}: {requirement}") for requirement, origin in origins.items()]


def _place(number: int, node: Node) -> Place:
    """Return a location whose column is the node's number: late phases drop names, not columns."""
    where = node.location
    if where is None:
        return Place("", node.op.name, 0, number + 1)
    return Place(where.layer, where.file, where.line, number + 1)
