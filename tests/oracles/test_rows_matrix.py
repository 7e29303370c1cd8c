"""Every row on every data type, compiled on llvm-cpu, against its float64 (or exact) reference."""

from __future__ import annotations

import pytest

from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.compiled import is_large_sort, is_tested, rows_of, run
from support.records import Record
from support.tolerances import assert_close

# These are in tests/integration, but for large sorts.
ELSEWHERE = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.bool)
TESTED = [
    *ELSEWHERE,
    dtypes.float16,
    dtypes.bfloat16,
    dtypes.int8,
    dtypes.int16,
    dtypes.int64,
    dtypes.uint8,
    dtypes.uint16,
    dtypes.uint32,
    dtypes.uint64,
]
CASES = [
    pytest.param(row, tested, id=f"{row.name}-{tested.short}")
    for tested in TESTED
    for row in rows_of(tested)
    if (tested not in ELSEWHERE or is_large_sort(row)) and is_tested(row, tested)
]


@pytest.mark.parametrize(("row", "tested"), CASES)
def test_row_compiled(row: Record, tested: dtype) -> None:
    for result, expected in zip(run(row, tested), row.expected(row.sample(tested)), strict=True):
        assert_close(result, expected, row.tolerance, row.name)
