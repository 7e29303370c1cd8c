"""Rows on Arm CPUs, and on x86-64 CPUs that may have fewer instructions than this machine's."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any

import pytest

import farrier as fr
from farrier_runtime.dtypes import DTYPES, dtype, float32
from support import dynamic
from support.compiled import Rows, artifact, is_large_sort, rows_of, run
from support.records import Record
from support.rows import ROWS
from support.tolerances import assert_close

X86_64 = "cpu:x86-64-v3"
AARCH64 = "cpu:aarch64"


def x86_64_rows(tested: dtype) -> list[Record]:
    """Return the rows that run on x86-64 with AVX2: all on floats, a third of them on others."""
    return _some_rows(tested, 1 if tested.is_floating else 3)


def x86_64_dynamic_rows(tested: dtype) -> list[Record]:
    """Return the rows with dynamic sizes for the same CPUs: each on one data type."""
    rows = dynamic.dynamic_rows(tested)
    return [row for row in rows if tested is _wanted(row) and not is_large_sort(row)]


def aarch64_rows(tested: dtype) -> list[Record]:
    """Return the rows that are linked for Arm: each on one or two data types."""
    return _some_rows(tested, 9)


def _some_rows(tested: dtype, every: int) -> list[Record]:
    return [row for row in rows_of(tested) if _is_tested(row, tested, every)]


def _is_tested(row: Record, tested: dtype, every: int) -> bool:
    """Return whether a data type is tested: all for casts, one for large sorts, else some."""
    if is_large_sort(row):
        return tested is (float32 if float32 in row.dtypes else row.dtypes[0])
    alike = [dtype for dtype in row.dtypes if dtype.is_floating == tested.is_floating]
    turn = (alike.index(tested) - ROWS.index(row)) % min(every, len(alike))
    return turn == 0 or row.name.startswith("cast/")


def _wanted(row: Record) -> dtype:
    """Return bfloat16, for which such CPUs have no instructions, or the row's last data type."""
    return next((dtype for dtype in row.dtypes if dtype.short == "bf16"), row.dtypes[-1])


def cases(rows: Rows, floats: bool = True, others: bool = True) -> list[Any]:
    """Return parameters for rows on the data types that are wanted."""
    return [
        pytest.param(row, tested, id=f"{row.name}-{tested.short}")
        for tested in DTYPES.values()
        for row in rows(tested)
        if (floats if tested.is_floating else others)
    ]


def check_on_x86_64(row: Record, tested: dtype) -> None:
    """Compare a row, compiled for x86-64 with AVX2, with its reference."""
    with where_it_runs():
        results = run(row, tested, X86_64, rows=x86_64_rows)
    for result, expected in zip(results, row.expected(row.sample(tested)), strict=True):
        assert_close(result, expected, row.tolerance, row.name)


def check_dynamic_on_x86_64(row: Record, tested: dtype) -> None:
    """Compare a row with dynamic sizes, compiled for the same CPUs, with the interpreter."""
    with where_it_runs():
        dynamic.check(row, tested, X86_64, x86_64_dynamic_rows)


def check_links_for_aarch64(row: Record, tested: dtype) -> None:
    """Compile and link a row for Arm: a routine that is missing there is an error."""
    assert artifact(row, tested, AARCH64, aarch64_rows)


@contextlib.contextmanager
def where_it_runs() -> Generator[None]:
    """Skip the test where the machine's CPU lacks instructions that the module needs."""
    try:
        yield
    except fr.DeviceError:
        pytest.skip("it compiles, but this machine's CPU cannot run it")
