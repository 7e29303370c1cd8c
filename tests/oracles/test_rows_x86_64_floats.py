"""Every row on every float, compiled for any x86-64 CPU with AVX2, and run."""

from __future__ import annotations

import pytest

from farrier_runtime.dtypes import dtype
from support import cpus
from support.records import Record


@pytest.mark.parametrize(("row", "tested"), cpus.cases(cpus.x86_64_rows, others=False))
def test_row_on_x86_64(row: Record, tested: dtype) -> None:
    cpus.check_on_x86_64(row, tested)
