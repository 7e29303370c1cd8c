"""The op graph's textual form, printed; `parser` reads it, and both directions are exact.

```
graph @Net[batch in (1, 8, 64)](%x: f32[batch,1,8,8]) -> f32[batch,16,8,8] {
  constant @conv.weight: f32[16,1,3,3]
  %0: f32[batch,16,8,8] = convolution(%x, @conv.weight) {padding = ((1, 1), (1, 1))}
  %1: f32[batch,16,8,8] = maximum(%0, 0.0: f32)
  return %1
}
```

Sizes in brackets are numbers, or expressions of the dimensions that the head names with their
smallest, usual and largest size.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from farrier_compiler.elements import elements_text
from farrier_compiler.graph import Graph, Node, Value
from farrier_compiler.integer_products import note
from farrier_compiler.ops.base import Op
from farrier_compiler.sizes import SymbolicSize
from farrier_compiler.syntax import BARE_AFTER_AT, quoted
from farrier_runtime.dtypes import dtype

# Constants with at most this many elements are written out; larger ones are named only.
WRITTEN_OUT = 16


def print_graph(graph: Graph, locations: bool = True) -> str:
    """Return a graph's text, which `parse_graph` reads.

    Args:
        graph: what to print.
        locations: end lines with comments: where the user wrote it, why it sums no integers.
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
    """Knows how each value of a graph is referred to."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.references = {
            v: f"@{quoted(name, BARE_AFTER_AT)}" for name, v in graph.constants.items()
        }
        self.references |= {value: f"%{quoted(value.name or '')}" for value in graph.inputs}
        results = [value for node in graph.nodes for value in node.results]
        self.references |= {value: f"%{index}" for index, value in enumerate(results)}

    def dimensions(self) -> str:
        found = [f"{d} in ({d.min}, {d.opt}, {d.max})" for d in self.graph.dimensions()]
        return f"[{', '.join(found)}]" if found else ""

    def inputs(self) -> str:
        return ", ".join(map(self._input, self.graph.inputs))

    def _input(self, value: Value) -> str:
        size = f" = {value.dimension}" if value.dimension else ""
        return f"{self.reference(value)}: {value.type}{size}"

    def results(self) -> str:
        # Not strict: the verifier shows graphs that lack names.
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
        found = self.references.get(value)
        if found is not None:
            return found
        if value.is_scalar_constant:
            return f"{elements_text(value.data, value.type.dtype)}: {value.type.dtype.short}"
        return "%undefined"  # an invalid graph, which the verifier wants to show


def _comment(node: Node) -> str:
    parts = [node.location.short() if node.location else None, note(node)]
    return f"   # {'; '.join(filter(None, parts))}" if any(parts) else ""


def attributes_text(op: Op) -> str:
    """Return the attributes that differ from their defaults: `stride = (2, 2), groups = 4`."""
    values = {field.name: getattr(op, field.name) for field in fields(type(op))}
    return ", ".join(
        f"{field.name} = {_attribute_text(values[field.name])}"
        for field in fields(type(op))
        if not _is_default(type(op), field, values)
    )


def _is_default(op: type[Op], field: dataclasses.Field[Any], values: Mapping[str, Any]) -> bool:
    """Return whether the op comes out the same without a field (some defaults are computed)."""
    if field.default is dataclasses.MISSING:
        return False
    others = {name: value for name, value in values.items() if name != field.name}
    default = getattr(op(**others), field.name)
    return _attribute_text(default) == _attribute_text(values[field.name])


def fields(op: type[Op]) -> tuple[dataclasses.Field[Any], ...]:
    """Return the fields of an op: its attributes, in order."""
    return dataclasses.fields(typing.cast(Any, op))


def _attribute_text(value: Any) -> str:
    match value:
        case None | True | False:
            return str(value).lower()
        case dtype():
            return value.short
        case int() | SymbolicSize():
            return str(value)
        case float():
            return float.__repr__(value)
        case str():
            return json.dumps(value)
        case tuple():
            parts = [_attribute_text(part) for part in typing.cast(tuple[Any, ...], value)]
            return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
        case _:
            raise TypeError(f"an attribute cannot hold a {type(value).__name__}: {value!r}")
