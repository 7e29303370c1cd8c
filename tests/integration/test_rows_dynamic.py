"""Every row compiled once for all sizes, and called with three: equal to the interpreter."""

from __future__ import annotations

import pytest

import farrier as fr
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.dynamic import CHANGES, dynamic_rows, eager, run
from support.records import Record
from support.tolerances import assert_close

# The other data types are in the oracles' matrix.
CASES = [
    pytest.param(row, tested, id=f"{row.name}-{tested.short}")
    for tested in (dtypes.float32, dtypes.bool)
    for row in dynamic_rows(tested)
]


@pytest.mark.parametrize(("row", "tested"), CASES)
def test_row_with_dynamic_sizes(row: Record, tested: dtype) -> None:
    compared = 0
    for change in CHANGES:
        try:
            expected = eager(row, tested, change)
        except fr.FarrierError:
            with pytest.raises(fr.InputError):
                run(row, tested, change)
            continue
        for found, wanted in zip(run(row, tested, change), expected, strict=True):
            assert found.shape == wanted.shape
            assert_close(found, wanted, row.tolerance, row.name)
        compared += 1
    assert compared, "no size of this row is allowed"
