"""Every row compiled on llvm-cpu, against its float64 (or exact) reference."""

from __future__ import annotations

import pytest

from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.compiled import is_large_sort, rows_of, run
from support.records import Record
from support.tolerances import assert_close

# The rest is in the oracles' matrix; large sorts compile slowly, and `test_sort` has some.
CASES = [
    pytest.param(row, tested, id=f"{row.name}-{tested.short}")
    for tested in (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.bool)
    for row in rows_of(tested)
    if not is_large_sort(row)
]


@pytest.mark.parametrize(("row", "tested"), CASES)
def test_row_compiled(row: Record, tested: dtype) -> None:
    for result, expected in zip(run(row, tested), row.expected(row.sample(tested)), strict=True):
        assert_close(result, expected, row.tolerance, row.name)
