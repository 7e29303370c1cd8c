"""Removal of the inputs under keys that a traced function did not read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from farrier.compiling.nested_arguments import root
from farrier.input_info import DimensionInputInfo, InputInfo
from farrier_compiler.graph import Graph, Value
from farrier_compiler.graph.node import symbolic_sizes
from farrier_compiler.sizes import dimensions_of
from farrier_runtime.dimension import Dimension


def without_unread(graph: Graph) -> Graph:
    """Return a graph without the inputs in dicts that nothing depends on.

    An argument that is not read at all keeps its inputs, like one that is not a dict.
    """
    read = _read(graph)
    roots = {root(str(value.name)) for value in read}
    inputs = [
        value
        for value in graph.inputs
        if value in read or "." not in str(value.name) or root(str(value.name)) not in roots
    ]
    return replace(graph, inputs=tuple(inputs))


def _read(graph: Graph) -> set[Value]:
    """Return the inputs whose elements are used, or that decide a size that is used."""
    used = {value for node in graph.nodes for value in node.operands} | set(graph.outputs)
    read = {value for value in graph.inputs if value in used}
    undecided = set(_dimensions(graph)).difference(*map(_decided, read))
    for value in graph.inputs:
        if undecided.intersection(_decided(value)):
            read.add(value)
            undecided.difference_update(_decided(value))
    return read


def _decided(value: Value) -> list[Dimension]:
    return list(Graph("", (value,), ()).dimensions())


def _dimensions(graph: Graph) -> Iterator[Dimension]:
    """Yield the dimensions on which results depend."""
    values = [*graph.outputs, *(value for node in graph.nodes for value in node.results)]
    sizes = [size for value in values for size in value.type.shape]
    for size in [*sizes, *(size for node in graph.nodes for size in symbolic_sizes(node.op))]:
        yield from dimensions_of(size)


def remaining(nest: Any, path: str, names: set[str]) -> Any:
    """Return the InputInfos in an argument's nest whose inputs remain; None if there are none."""
    if isinstance(nest, InputInfo | DimensionInputInfo):
        return nest if path in names else None
    if isinstance(nest, list | tuple):
        items = enumerate(cast("Sequence[Any]", nest))
        parts = [remaining(item, f"{path}[{index}]", names) for index, item in items]
        return None if all(part is None for part in parts) else parts
    if isinstance(nest, dict):
        named = cast("dict[Any, Any]", nest).items()
        kept = {key: remaining(item, f"{path}.{key}", names) for key, item in named}
        return {key: part for key, part in kept.items() if part is not None} or None
    return None
