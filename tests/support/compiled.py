"""Rows compiled many to a module: one function costs 0.3 s, twenty cost 1 s."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import farrier as fr
import farrier_runtime
from farrier.compile import Traced, trace
from farrier_compiler.driver import Options, compile_graphs
from farrier_compiler.targets import Target
from farrier_runtime.dtypes import dtype
from support.records import Record
from support.rows import ROWS

CHUNK = 24


def rows_of(tested: dtype) -> list[Record]:
    """Return the rows that are tested on a data type."""
    return [row for row in ROWS if tested in row.dtypes]


def function_name(row: Record) -> str:
    """Return the name of a row's function in the compiled module."""
    return row.name.replace("/", "_").replace("-", "_")


def traced(row: Record, tested: dtype) -> Traced:
    """Trace a row's function on inputs of a data type."""
    infos = [fr.InputInfo(operand.shape, operand.dtype or tested) for operand in row.operands]

    def function(*inputs: fr.Tensor) -> Any:
        return row.function(*inputs)

    return trace(function, infos, name=function_name(row))


def run(row: Record, tested: dtype) -> list[Any]:
    """Return the results of a row on llvm-cpu."""
    rows = rows_of(tested)
    start = rows.index(row) // CHUNK * CHUNK
    function = _chunk(tested, start)[function_name(row)]
    if isinstance(function, Exception):
        raise function
    found = function(*row.sample(tested))
    return list(found) if isinstance(found, tuple | list) else [found]


@functools.cache
def _chunk(tested: dtype, start: int) -> dict[str, Any]:
    rows = rows_of(tested)[start : start + CHUNK]
    try:
        return _compile(rows, tested)
    except fr.CompileError:
        return {function_name(row): _alone(row, tested) for row in rows}


def _alone(row: Record, tested: dtype) -> Any:
    try:
        return _compile([row], tested)[function_name(row)]
    except fr.CompileError as error:
        return error


def _compile(rows: Sequence[Record], tested: dtype) -> dict[str, Any]:
    traces = [traced(row, tested) for row in rows]
    compiled = compile_graphs(
        [one.graph for one in traces],
        [Target.parse("cpu")],
        Options(cache=False),
        results=[one.result for one in traces],
    )
    loaded = farrier_runtime.load(compiled.to_bytes())
    return {function_name(row): loaded[function_name(row)] for row in rows}
