"""From graphs to an MLIR module, through a builder."""

from __future__ import annotations

from collections.abc import Sequence

from farrier_compiler.graph import Graph, Node, Value
from farrier_compiler.mlir import Place, Program, type_text
from farrier_compiler.stablehlo import Builder, HloValue


def lower(graphs: Sequence[Graph], builder: type[Builder], flags: Sequence[str] = ()) -> Program:
    """Return a program with one function for each graph.

    Args:
        graphs: what to lower; names must differ.
        builder: `Builder` for portable StableHLO, `IreeBuilder` for what IREE needs.
        flags: session flags of the program.
    """
    program = Program(flags)
    for graph in graphs:
        _Lowering(program, builder(program), graph).run()
    program.at(None)
    return program


class _Lowering:
    """One graph on its way into a program."""

    def __init__(self, program: Program, hlo: Builder, graph: Graph) -> None:
        self.program = program
        self.hlo = hlo
        self.graph = graph
        self.values: dict[Value, HloValue] = {}
        self.names = {value: name for name, value in graph.constants.items()}

    def run(self) -> None:
        graph = self.graph
        inputs = [(value.name or "", type_text(value.type)) for value in graph.inputs]
        outputs = [
            (name, type_text(value.type))
            for name, value in zip(graph.output_names, graph.outputs, strict=True)
        ]
        self.program.function(graph.name, inputs, outputs, self._body)

    def _body(self, arguments: Sequence[object]) -> list[object]:
        for value, handle in zip(self.graph.inputs, arguments, strict=True):
            self.values[value] = HloValue(handle, value.type)
        for index, node in enumerate(self.graph.nodes):
            self._node(index, node)
        return [self._value(value).handle for value in self.graph.outputs]

    def _node(self, index: int, node: Node) -> None:
        self.program.at(_place(index, node))
        operands = [self._value(value) for value in node.operands]
        types = tuple(value.type for value in node.results)
        made = node.op.lower(self.hlo, types[0] if len(types) == 1 else types, *operands)
        results = made if isinstance(made, tuple) else (made,)
        self.values.update(zip(node.results, results, strict=True))

    def _value(self, value: Value) -> HloValue:
        found = self.values.get(value)
        if found is None:
            if value.data is None:
                raise AssertionError(f"{value!r} is used before it is made")
            name = self.names.get(value, "constant")
            found = self.hlo.constant(value.data, value.type.dtype, name)
            self.values[value] = found
        return found


def _place(index: int, node: Node) -> Place | None:
    """The column carries the node's number: late phases drop names, not columns."""
    where = node.location
    if where is None:
        return Place("", node.op.name, 0, index + 1)
    return Place(where.layer, where.file, where.line, index + 1)
