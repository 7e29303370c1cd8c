"""Rows on CPUs that have fewer instructions than this machine's, perhaps, and on Arm's."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from typing import Any

import pytest

import farrier as fr
from farrier_runtime.dtypes import dtype
from support import dynamic
from support.compiled import Rows, artifact, rows_of, run
from support.records import Record
from support.tolerances import assert_close

X86_64 = "cpu:x86-64-v3"
AARCH64 = "cpu:aarch64"


def cases(dtypes: Iterable[dtype], rows: Rows = rows_of) -> list[Any]:
    """Return parameters for the rows of some data types."""
    return [
        pytest.param(row, tested, id=f"{row.name}-{tested.short}")
        for tested in dtypes
        for row in rows(tested)
    ]


def check_on_x86_64(row: Record, tested: dtype) -> None:
    """Compare a row, compiled for x86-64 with AVX2, with its reference."""
    with where_it_runs():
        results = run(row, tested, X86_64)
    for found, expected in zip(results, row.expected(row.sample(tested)), strict=True):
        assert_close(found, expected, row.tolerance, row.name)


def check_dynamic_on_x86_64(row: Record, tested: dtype) -> None:
    """Compare a row with dynamic sizes, compiled likewise, with the interpreter."""
    with where_it_runs():
        dynamic.check(row, tested, X86_64)


def check_links_for_aarch64(row: Record, tested: dtype) -> None:
    """Compile and link a row for Arm: a routine that is missing there is an error."""
    assert artifact(row, tested, AARCH64)


@contextlib.contextmanager
def where_it_runs() -> Generator[None]:
    """Skip the test where the machine's CPU has not what the module needs."""
    try:
        yield
    except fr.DeviceError:
        pytest.skip("it compiles, but this machine's CPU cannot run it")
