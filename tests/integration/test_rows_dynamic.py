"""Every row compiled once for all sizes and called with three, against the interpreter."""

from __future__ import annotations

import pytest

from farrier_runtime import dtypes
from support.compiled import is_large_sort
from support.dynamic import check, dynamic_rows
from support.records import Record

# The other data types are in the oracles' matrix, and so are large sorts, which compile slowly.
ROWS = [row for row in dynamic_rows(dtypes.float32) if not is_large_sort(row)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_with_dynamic_sizes(row: Record) -> None:
    check(row, dtypes.float32)
