"""One row of each op family, in a single module: the rows' part of the smoke tests."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import Any

import numpy as np
import pytest

import farrier as fr
import support.rows
from farrier_runtime import dtypes
from support.compiled import is_large_sort
from support.dynamic import together
from support.records import Record
from support.tolerances import assert_close

FLOAT = dtypes.float32


def first_row(family: str) -> Record:
    rows: list[Record] = importlib.import_module(f"support.rows.{family}").ROWS
    return next(row for row in rows if FLOAT in row.dtypes and not is_large_sort(row))


FAMILIES = {
    module.name: first_row(module.name) for module in pkgutil.iter_modules(support.rows.__path__)
}


@functools.cache
def programs() -> dict[str, Any]:
    def case(row: Record) -> tuple[Any, list[fr.InputInfo]]:
        infos = [fr.InputInfo(operand.shape, operand.dtype or FLOAT) for operand in row.operands]
        return row.function, infos

    return together({family: case(row) for family, row in FAMILIES.items()})


@pytest.mark.parametrize("family", FAMILIES)
def test_first_row_of_each_family_is_right(family: str) -> None:
    row = FAMILIES[family]
    arrays = row.sample(FLOAT)
    returned = programs()[family](*arrays)
    results = returned if isinstance(returned, tuple) else (returned,)
    for result, expected in zip(results, row.expected(arrays), strict=True):
        assert_close(np.asarray(result), expected, row.tolerance, row.name)
