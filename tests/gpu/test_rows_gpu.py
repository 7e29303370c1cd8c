"""Every row on the first NVIDIA GPU, against its float64 (or exact) reference: `make test-gpu`."""

from __future__ import annotations

import pytest

from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.compiled import rows_of, run
from support.records import Record
from support.tolerances import assert_close

CASES = [
    pytest.param(row, tested, id=f"{row.name}-{tested.short}")
    for tested in (dtypes.float32, dtypes.float16, dtypes.int32, dtypes.bool)
    for row in rows_of(tested)
]


@pytest.mark.parametrize(("row", "tested"), CASES)
def test_row_on_gpu(row: Record, tested: dtype) -> None:
    results = run(row, tested, "cuda", "cuda:0")
    for result, expected in zip(results, row.expected(row.sample(tested)), strict=True):
        assert_close(result, expected, row.tolerance, row.name)
