"""Rows with dynamic sizes, compiled for any x86-64 CPU with AVX2, and run."""

from __future__ import annotations

import pytest

from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support import cpus
from support.dynamic import dynamic_rows
from support.records import Record

# Such CPUs have no instructions for bfloat16; other data types are dynamic on the host only.
TESTED = (dtypes.bfloat16, dtypes.int32)


@pytest.mark.parametrize(("row", "tested"), cpus.cases(TESTED, dynamic_rows))
def test_row_with_dynamic_sizes_on_x86_64(row: Record, tested: dtype) -> None:
    cpus.check_dynamic_on_x86_64(row, tested)
