"""Every row on every data type, compiled on llvm-cpu, against its float64 (or exact) reference."""

from __future__ import annotations

import pytest

from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.compiled import rows_of, run
from support.records import Record
from support.tolerances import assert_close

# float32, int32, uint8 and bool are in tests/integration.
TESTED = [
    dtypes.float64,
    dtypes.float16,
    dtypes.bfloat16,
    dtypes.int8,
    dtypes.int16,
    dtypes.int64,
    dtypes.uint16,
    dtypes.uint32,
    dtypes.uint64,
]
CASES = [
    pytest.param(row, tested, id=f"{row.name}-{tested.short}")
    for tested in TESTED
    for row in rows_of(tested)
]


@pytest.mark.parametrize(("row", "tested"), CASES)
def test_row_compiled(row: Record, tested: dtype) -> None:
    for found, expected in zip(run(row, tested), row.expected(row.sample(tested)), strict=True):
        assert_close(found, expected, row.tolerance, row.name)
