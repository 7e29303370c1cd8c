"""Graphs, which are functions on tensors, and their text.

`parser` reads what `print_graph` writes; both directions are exact.

```
graph @Net[batch in (1, 8, 64)](%x: f32[batch,1,8,8]) -> f32[batch,16,8,8] {
  constant @conv.weight: f32[16,1,3,3]
  %0: f32[batch,16,8,8] = convolution(%x, @conv.weight) {padding = ((1, 1), (1, 1))}
  %1: f32[batch,16,8,8] = maximum(%0, 0.0: f32)
  return %1
}
```

Sizes in brackets are numbers, or expressions in the dimensions that the signature declares with
their smallest, usual and largest size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from farrier_compiler.graph.attributes import attributes_text
from farrier_compiler.graph.node import Node, Value
from farrier_compiler.graph.syntax import BARE_AFTER_AT, quoted
from farrier_compiler.sizes import dimensions_of
from farrier_compiler.types.elements import elements_text
from farrier_runtime.dimension import Dimension
from farrier_runtime.errors import ArgumentError

# Constants with at most this many elements are written out; larger ones are only named.
WRITTEN_OUT = 16

REMARKS: list[Callable[[Node], str | None]] = []
"""Functions that add remarks to the comments of nodes in graph text; families of ops add theirs."""


@dataclass(slots=True)
class Graph:
    """A function on tensors.

    Attributes:
        name: the function's name.
        inputs: the arguments, in order, each with a name.
        outputs: the results, in order.
        nodes: the computation in topological order.
        constants: every constant that is not a scalar, by a unique name.
        output_names: one name for each output.
    """

    name: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    nodes: tuple[Node, ...] = ()
    constants: dict[str, Value] = field(default_factory=dict[str, Value])
    output_names: tuple[str, ...] = ()

    @classmethod
    def reaching(
        cls,
        name: str,
        inputs: Sequence[Value],
        outputs: Sequence[Value],
        names: Mapping[Value, str] | None = None,
        output_names: Sequence[str] = (),
    ) -> Graph:
        """Return the graph that computes `outputs` from `inputs`.

        Args:
            name: the function's name.
            inputs: the values that the caller will supply.
            outputs: the values to compute.
            names: names for constants, as in a `state_dict`.
            output_names: names for the outputs; `output0`, ... by default.

        Raises:
            ArgumentError: a value that is needed is not an input and has no data.
        """
        default_names = tuple(f"output{index}" for index in range(len(outputs)))
        graph = cls(name, tuple(inputs), (), output_names=tuple(output_names) or default_names)
        return _check_set(graph.with_outputs(outputs, names or {}))

    def with_outputs(self, outputs: Sequence[Value], names: Mapping[Value, str]) -> Graph:
        """Return a graph with the same signature that computes other values.

        Args:
            outputs: the values to compute, one for each output name.
            names: names for constants.
        """
        graph = Graph(self.name, self.inputs, tuple(outputs), tuple(topological(outputs)))
        graph.output_names = self.output_names
        graph.constants = _name_constants(graph, names)
        return graph

    def dimensions(self) -> tuple[Dimension, ...]:
        """Return the dimensions that the inputs determine, in order."""
        dimensions: list[Dimension] = []
        for value in self.inputs:
            dimensions += [d for size in value.type.shape for d in dimensions_of(size)]
            if value.dimension:
                dimensions.append(value.dimension)
        return tuple(dict.fromkeys(dimensions))

    def leaves(self) -> Iterator[Value]:
        """Yield each value that is used but not computed, once, in order of first use."""
        seen: set[Value] = set()
        for node in self.nodes:
            for value in node.operands:
                if value.producer is None and value not in seen:
                    seen.add(value)
                    yield value
        for value in self.outputs:
            if value.producer is None and value not in seen:
                seen.add(value)
                yield value

    def users(self) -> dict[Value, list[Node]]:
        """Return the nodes that read each value."""
        users: dict[Value, list[Node]] = {}
        for node in self.nodes:
            for value in node.operands:
                users.setdefault(value, []).append(node)
        return users

    def __str__(self) -> str:
        return print_graph(self)


def topological(outputs: Iterable[Value]) -> list[Node]:
    """Return the nodes that `outputs` need, producers before users."""
    order: list[Node] = []
    state: dict[Node, bool] = {}  # False: operands pending, True: done
    stack = [value.producer for value in reversed(list(outputs)) if value.producer is not None]
    while stack:
        node = stack[-1]
        if node not in state:
            state[node] = False
            stack.extend(
                value.producer
                for value in reversed(node.operands)
                if value.producer is not None and value.producer not in state
            )
            continue
        stack.pop()
        if not state[node]:
            state[node] = True
            order.append(node)
    return order


def _name_constants(graph: Graph, names: Mapping[Value, str]) -> dict[str, Value]:
    constants: dict[str, Value] = {}
    inputs = set(graph.inputs)
    for value in graph.leaves():
        if value in inputs or value.is_scalar_constant:
            continue
        name = names.get(value) or value.name or f"c{len(constants)}"
        constants[_unique(name, constants)] = value
    return constants


def _check_set(graph: Graph) -> Graph:
    unset = [name for name, value in graph.constants.items() if value.data is None]
    if unset:
        raise ArgumentError(
            f"{', '.join(unset)}: no value is known. Set these parameters (load_state_dict, "
            "load_weights or reset_parameters), or pass them as arguments."
        )
    return graph


def _unique(name: str, taken: Mapping[str, Any]) -> str:
    candidate, count = name, 1
    while candidate in taken:
        candidate, count = f"{name}_{count}", count + 1
    return candidate


# ------------------------------------------------------------------ text


def print_graph(graph: Graph, locations: bool = True) -> str:
    """Return a graph's text, which `parse_graph` reads.

    Args:
        graph: what to print.
        locations: end lines with comments: the user's line, and remarks such as why floats are
            summed.
    """
    printer = _Printer(graph)
    signature = (
        f"graph @{quoted(graph.name, BARE_AFTER_AT)}{printer.dimensions()}({printer.inputs()})"
        f" -> {printer.results()}"
    )
    lines = [
        *printer.constants(),
        *printer.nodes(locations),
        f"return {', '.join(map(printer.reference, graph.outputs))}".rstrip(),
    ]
    return "\n".join([f"{signature} {{", *(f"  {line}" for line in lines), "}"])


class _Printer:
    """Prints the parts of a graph; it holds the text by which each value is referred to."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.references = {
            v: f"@{quoted(name, BARE_AFTER_AT)}" for name, v in graph.constants.items()
        }
        self.references |= {value: f"%{quoted(value.name or '')}" for value in graph.inputs}
        results = [value for node in graph.nodes for value in node.results]
        self.references |= {value: f"%{index}" for index, value in enumerate(results)}

    def dimensions(self) -> str:
        bounds = [f"{d} in ({d.min}, {d.opt}, {d.max})" for d in self.graph.dimensions()]
        return f"[{', '.join(bounds)}]" if bounds else ""

    def inputs(self) -> str:
        return ", ".join(map(self._input, self.graph.inputs))

    def _input(self, value: Value) -> str:
        size = f" = {value.dimension}" if value.dimension else ""
        return f"{self.reference(value)}: {value.type}{size}"

    def results(self) -> str:
        # Not strict, because the verifier prints graphs that lack names.
        outputs = list(zip(self.graph.output_names, self.graph.outputs, strict=False))
        if [name for name, _ in outputs] == ["output0"]:
            return str(outputs[0][1].type)
        return f"({', '.join(f'{quoted(name)}: {value.type}' for name, value in outputs)})"

    def constants(self) -> Iterator[str]:
        for value in self.graph.constants.values():
            written = value.data is not None and value.data.size <= WRITTEN_OUT
            elements = f" = {elements_text(value.data, value.type.dtype)}" if written else ""
            yield f"constant {self.references[value]}: {value.type}{elements}"

    def nodes(self, locations: bool) -> Iterator[str]:
        for node in self.graph.nodes:
            results = ", ".join(f"{self.reference(v)}: {v.type}" for v in node.results)
            operands = ", ".join(map(self.reference, node.operands))
            braces = f" {{{text}}}" if (text := attributes_text(node.op)) else ""
            comment = _comment(node) if locations else ""
            yield f"{results} = {node.op.name}({operands}){braces}{comment}"

    def reference(self, value: Value) -> str:
        if value in self.references:
            return self.references[value]
        if value.is_scalar_constant:
            return f"{elements_text(value.data, value.type.dtype)}: {value.type.dtype.short}"
        return "%undefined"  # in an invalid graph, which the verifier prints


def _comment(node: Node) -> str:
    parts = [node.location.short() if node.location else None, *(get(node) for get in REMARKS)]
    return f"   # {'; '.join(filter(None, parts))}" if any(parts) else ""
