"""Every row with dynamic sizes, on the data types that `make test` leaves out."""

from __future__ import annotations

import pytest

from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.compiled import is_large_sort, is_tested
from support.dynamic import check, dynamic_rows
from support.records import Record

OTHERS = (dtypes.float16, dtypes.int32, dtypes.uint8, dtypes.bool)
CASES = [
    pytest.param(row, tested, id=f"{row.name}-{tested.short}")
    for tested in (dtypes.float32, *OTHERS)
    for row in dynamic_rows(tested)
    if (tested in OTHERS or is_large_sort(row)) and is_tested(row, tested)
]


@pytest.mark.parametrize(("row", "tested"), CASES)
def test_row_with_dynamic_sizes(row: Record, tested: dtype) -> None:
    check(row, tested)
