"""Compilation of rows, many to a module: one function takes 0.3 s, twenty take 1 s."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

import farrier as fr
import farrier_runtime
from farrier.compiling.trace import Traced, trace
from farrier_compiler.driver import Options, compile_graphs
from farrier_compiler.driver.targets import Target
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.records import Record
from support.rows import ROWS

CHUNK = 24


def rows_of(tested: dtype) -> list[Record]:
    """Return the rows that are tested on a data type."""
    return [row for row in ROWS if tested in row.dtypes]


def is_large_sort(row: Record) -> bool:
    """Return whether a row sorts or selects from more than 16 elements."""
    sizes = [size for operand in row.operands for size in operand.shape]
    return row.name.startswith(("sort", "argsort", "topk")) and max(sizes, default=0) > 16


SORTED: tuple[dtype, ...] = (
    dtypes.float32,
    dtypes.bfloat16,
    dtypes.int64,
    dtypes.uint8,
    dtypes.bool,
)
"""The data types that large sorts are tested on: keys of every width and kind."""


def is_tested(row: Record, tested: dtype) -> bool:
    """Return whether a row is tested on a data type besides those of `make test`."""
    return not is_large_sort(row) or tested in SORTED


def together_with(row: Record, rows: Sequence[Record]) -> tuple[Record, ...]:
    """Return the rows that share a module with one: large sorts, which are slow, stay apart."""
    alike = [other for other in rows if is_large_sort(other) == is_large_sort(row)]
    modules = -(-len(alike) // CHUNK)  # of equal sizes: a row that computes nothing is never alone
    return tuple(alike[alike.index(row) % modules :: modules])


def function_name(row: Record) -> str:
    """Return the name of a row's function in the compiled module."""
    return row.name.replace("/", "_").replace("-", "_")


def traced(row: Record, tested: dtype) -> Traced:
    """Trace a row's function on inputs of a data type."""
    infos = [fr.InputInfo(operand.shape, operand.dtype or tested) for operand in row.operands]

    def function(*inputs: fr.Tensor) -> Any:
        return row.function(*inputs)

    return trace(function, infos, name=function_name(row))


Trace = Callable[[Record, dtype], Traced]
Rows = Callable[[dtype], Sequence[Record]]


def run(
    row: Record, tested: dtype, target: str = "cpu", device: str = "cpu", rows: Rows = rows_of
) -> list[Any]:
    """Return the results of a row on a device; `rows` of a data type share modules."""
    function = loaded(artifact(row, tested, target, rows), device)[function_name(row)]
    returned = function(*row.sample(tested))
    results = returned if isinstance(returned, tuple | list) else (returned,)
    return [np.asarray(result) for result in results]


def artifact(
    row: Record, tested: dtype, target: str, rows: Rows = rows_of, trace: Trace = traced
) -> bytes:
    """Return the compiled module that holds a row.

    Args:
        row: what is compiled.
        tested: the data type of its inputs.
        target: what it is compiled for.
        rows: gives the rows of a data type, which share modules.
        trace: traces a row on inputs of a data type.

    Raises:
        CompileError: the row does not compile.
    """
    artifact = _chunk(together_with(row, rows(tested)), tested, target, trace)[row.name]
    if isinstance(artifact, fr.CompileError):
        raise artifact
    return artifact


@functools.cache
def _chunk(
    rows: tuple[Record, ...], tested: dtype, target: str, trace: Trace
) -> dict[str, bytes | fr.CompileError]:
    def compile(some: Sequence[Record]) -> bytes:
        traces = [trace(row, tested) for row in some]
        compiled = compile_graphs(
            [one.graph for one in traces],
            [Target.parse(target)],
            Options(cache=False),
            results=[one.result for one in traces],
        )
        return compiled.to_bytes()

    return {row.name: module for row, module in by_halves(rows, compile)}


@functools.cache
def loaded(artifact: bytes, device: str) -> farrier_runtime.Executable:
    """Return a compiled module, loaded once."""
    return farrier_runtime.load(artifact, device=device)


Compiled = TypeVar("Compiled")


def by_halves(
    rows: Sequence[Record], make: Callable[[Sequence[Record]], Compiled]
) -> Iterator[tuple[Record, Compiled | fr.CompileError]]:
    """Yield each row with its module, or its own error: a module that is refused is halved."""
    try:
        module: Compiled | fr.CompileError = make(rows)
    except fr.CompileError as error:
        if len(rows) > 1:
            middle = len(rows) // 2
            yield from by_halves(rows[:middle], make)
            yield from by_halves(rows[middle:], make)
            return
        module = error
    yield from ((row, module) for row in rows)
