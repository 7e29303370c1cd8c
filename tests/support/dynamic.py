"""Rows with dynamic sizes: one compiled function, called with several sizes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from farrier.compiling.trace import Traced, trace
from farrier_compiler.driver import Options, compile_graphs
from farrier_compiler.driver.targets import Target
from farrier_runtime.dtypes import dtype
from support.compiled import Rows, artifact, function_name, loaded, rows_of
from support.records import Array, Operand, Record, Values
from support.tolerances import assert_close

# The differences of a call's dynamic sizes from the row's.
CHANGES = (-1, 0, 2)


def is_dynamic(row: Record, operand: Operand, size: int) -> bool:
    """Return whether a dimension of an operand becomes dynamic."""
    return size > 1 and size not in row.static and not isinstance(operand, Values)


def info(row: Record, operand: Operand, tested: dtype) -> fr.InputInfo:
    """Return an InputInfo with a dimension for every size, the same one for equal sizes."""

    def dimension(size: int) -> int | fr.NamedDimension:
        if not is_dynamic(row, operand, size):
            return size
        return fr.NamedDimension(f"n{size}", size - 1, size, size + 2)

    return fr.InputInfo([dimension(size) for size in operand.shape], operand.dtype or tested)


def sample(row: Record, tested: dtype, change: int) -> list[Array]:
    """Return operands whose dynamic sizes are changed."""
    generator = np.random.default_rng(zlib.crc32(f"{row.name}:{tested.name}:{change}".encode()))
    return [
        replace(
            operand,
            shape=tuple(
                size + change if is_dynamic(row, operand, size) else size for size in operand.shape
            ),
        ).random(tested, generator)
        for operand in row.operands
    ]


def traced(row: Record, tested: dtype) -> Traced:
    """Trace a row's function on dynamic inputs."""

    def function(*inputs: fr.Tensor) -> Any:
        return row.function(*inputs)

    infos = [info(row, operand, tested) for operand in row.operands]
    return trace(function, infos, name=function_name(row))


def dynamic_rows(tested: dtype) -> list[Record]:
    """Return the rows of a data type with a size that can be dynamic."""
    return [
        row
        for row in rows_of(tested)
        if any(is_dynamic(row, operand, size) for operand in row.operands for size in operand.shape)
    ]


def check(row: Record, tested: dtype, target: str = "cpu", rows: Rows = dynamic_rows) -> None:
    """Compare a row with the interpreter at every size; both must refuse the same calls.

    Args:
        row: what is compiled.
        tested: the data type of its inputs.
        target: what it is compiled for.
        rows: gives the rows of a data type, which share modules.
    """
    module = loaded(artifact(row, tested, target, rows, traced), "cpu")
    function = module[function_name(row)]
    compared = [
        assert_as_eager(function, row.function, sample(row, tested, change), row.tolerance)
        for change in CHANGES
    ]
    assert any(compared), "no size of this row is allowed"


def eager(row: Record, tested: dtype, change: int) -> list[Array]:
    """Return the results of the interpreter for the same operands."""
    result = row.function(*map(fr.Tensor, sample(row, tested, change)))
    return [part.numpy() for part in (result if isinstance(result, tuple) else (result,))]


def together(
    functions: Mapping[str, tuple[Callable[..., Any], Sequence[fr.InputInfo]]],
) -> dict[str, farrier_runtime.Executable]:
    """Return functions with dynamic inputs, compiled to one module.

    Args:
        functions: each function with the InputInfos to trace it on, by name.
    """
    traces = [trace(function, infos, name=name) for name, (function, infos) in functions.items()]
    compiled = compile_graphs(
        [one.graph for one in traces],
        [Target.parse("cpu")],
        Options(cache=False),
        results=[one.result for one in traces],
    )
    loaded = farrier_runtime.load(compiled.to_bytes())
    return {name: loaded[name] for name in functions}


def interpreted(function: Callable[..., Any], arrays: Sequence[Array]) -> list[Array]:
    """Return the results of a function for arrays, by the interpreter."""
    result = function(*map(fr.Tensor, arrays))
    parts = result if isinstance(result, tuple) else (result,)
    return [fr.Tensor(part).numpy() if isinstance(part, int) else part.numpy() for part in parts]


def assert_as_eager(
    compiled: Callable[..., Any],
    function: Callable[..., Any],
    arrays: Sequence[Array],
    scale: float = 1.0,
) -> bool:
    """Check that a compiled function returns or refuses the same as the interpreter.

    Returns:
        Whether the call has a result.
    """
    try:
        expected = interpreted(function, arrays)
    except (fr.FarrierError, ZeroDivisionError):
        with pytest.raises(fr.InputError):
            compiled(*arrays)
        return False
    returned = compiled(*arrays)
    for result, wanted in zip(
        returned if isinstance(returned, tuple) else (returned,), expected, strict=True
    ):
        array = np.asarray(result)
        assert (array.shape, array.dtype) == (wanted.shape, wanted.dtype)
        assert_close(array, wanted, scale, f"{[a.shape for a in arrays]}")
    return True
