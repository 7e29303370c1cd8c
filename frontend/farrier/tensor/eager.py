"""Eager evaluation of tensors, by the reference interpreter or compiled by IREE."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

import farrier_runtime
from farrier import config
from farrier.logger import logger
from farrier_compiler.graph import Graph, Node, Value, topological
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.ops.evaluate import interpret, require_data
from farrier_runtime import imports
from farrier_runtime.errors import ArgumentError, CompileError
from farrier_runtime.wording import shown

# The number of compiled programs to keep; each takes about 100 KB.
_KEPT = 256


def evaluate(values: Sequence[Value]) -> None:
    """Compute the elements of values, in the mode that `farrier.config.eager` selects.

    Raises:
        UnknownValueError: a value depends on an input of a function that is being traced, or on
            an unset parameter.
        ArgumentError: `farrier.config.eager` is not a valid mode.
    """
    mode: Any = config.eager
    if not isinstance(mode, str):
        mode = ""
    if mode == "reference":
        interpret(values)
    elif mode == "compiled":
        _evaluate_compiled(values)
    else:
        raise ArgumentError(
            f"farrier.config.eager must be 'reference' or 'compiled', not {shown(config.eager)}."
        )


def _evaluate_compiled(values: Sequence[Value]) -> None:
    nodes = topological(values)
    outputs = list(dict.fromkeys([*values, *_held(nodes)]))
    graph, leaves = _detached(nodes, outputs)
    arrays = [require_data(value) for value in leaves]
    program = None
    if all(value.type.dtype.bits >= 8 for value in (*leaves, *outputs)):
        program = compiled(print_graph(graph, locations=False))
    if program is None:
        interpret(values)
        return
    results = program(*arrays)
    for value, array in zip(outputs, results if len(outputs) > 1 else [results], strict=True):
        value.data = np.asarray(array)
        value.producer = None


def _detached(nodes: Iterable[Node], outputs: Iterable[Value]) -> tuple[Graph, list[Value]]:
    """Return a separate graph that computes outputs, and the values to pass as its inputs.

    Constants become inputs, so that ops on other numbers are the same program.
    """
    new: dict[Value, Value] = {}
    leaves: list[Value] = []
    for node in nodes:
        for value in node.operands:
            if value not in new:
                new[value] = Value(value.type.plain, name=f"x{len(leaves)}")
                leaves.append(value)
        copied = Node(node.op, [new[value] for value in node.operands])
        new.update(zip(node.results, copied.results, strict=True))
    return Graph.reaching("eager", [new[v] for v in leaves], [new[v] for v in outputs]), leaves


@functools.lru_cache(_KEPT)
def compiled(text: str) -> Callable[..., Any] | None:
    """Return the compiled function of a printed graph, or None if IREE refuses it."""
    imports.module("farrier_compiler.driver.compile")
    from farrier_compiler.driver import compile_graphs
    from farrier_compiler.driver.targets import Target

    try:
        program = compile_graphs([parse_graph(text)], [Target.parse("cpu")])
    except CompileError as error:
        logger.info(f"Evaluated by the reference, since IREE refuses it: {error}")
        return None
    return farrier_runtime.load(program.to_bytes(), device="cpu")


def _held(nodes: Sequence[Node]) -> Iterator[Value]:
    """Yield the results that a tensor still refers to.

    They are computed too. Otherwise a loop that carries one on would recompute its whole history
    in every step, in a new program for each step.
    """
    for node in nodes:
        for value in node.results:
            if value.holder is not None and value.holder() is not None:
                yield value
