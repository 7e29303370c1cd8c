"""Completeness of every primitive: docstring, reference, test row and FileCheck line."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from farrier_compiler.graph import REGISTRY, Op
from support.compiled import traced
from support.records import Record
from support.rows import ROWS

FILECHECK = Path(__file__).parents[3] / "filecheck"


# Why ops that take every operand have no error case.
EXEMPT = {
    "isfinite": "tells something of every data type",
    "isinf": "tells something of every data type",
    "isnan": "tells something of every data type",
    "logical_not": "takes every data type for a truth value",
    "square": "multiplies one operand by itself, whatever its data type is",
}


@functools.cache
def covered() -> set[str]:
    return {node.op.name for row in ROWS for node in traced(row, row.dtypes[0]).graph.nodes}


@functools.cache
def checked() -> str:
    return "\n".join(path.read_text() for path in sorted(FILECHECK.rglob("*.py")))


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_primitive_is_complete(name: str) -> None:
    op = REGISTRY[name]
    assert op.__doc__
    assert "StableHLO spec" in op.__doc__, "the docstring names the StableHLO op"
    assert op.reference is not Op.reference
    assert op.lower is not Op.lower
    assert name in covered(), "no row in tests/support/rows reaches it"
    assert f"# op: {name}\n" in checked(), f"no FileCheck test says '# op: {name}'"


def test_row_names_are_unique() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)


def test_every_op_has_an_error_case() -> None:
    without = {_op(row) for row in ROWS} - {_op(row) for row in ROWS if row.refused}
    assert without == EXEMPT.keys()


def _op(row: Record) -> str:
    return row.name.partition("/")[0]
