"""Every row on every data type, eagerly, against its float64 (or exact) reference."""

from __future__ import annotations

import pytest

import farrier as fr
from farrier_runtime.dtypes import dtype
from support.records import Record
from support.rows import ROWS
from support.tolerances import assert_close

CASES = [
    pytest.param(row, tested, id=f"{row.name}-{tested.short}")
    for row in ROWS
    for tested in row.dtypes
]


@pytest.mark.parametrize(("row", "tested"), CASES)
def test_row_eager(row: Record, tested: dtype) -> None:
    arrays = row.sample(tested)
    returned = row.function(*[fr.Tensor(array) for array in arrays])
    results = returned if isinstance(returned, tuple) else (returned,)
    for result, expected in zip(results, row.expected(arrays), strict=True):
        assert_close(result.numpy(), expected, row.tolerance, row.name)
