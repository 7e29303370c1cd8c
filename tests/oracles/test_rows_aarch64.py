"""Every row compiled and linked for Arm."""

from __future__ import annotations

import pytest

from farrier_runtime.dtypes import dtype
from support import cpus
from support.records import Record


@pytest.mark.parametrize(("row", "tested"), cpus.cases(cpus.aarch64_rows))
def test_row_links_for_aarch64(row: Record, tested: dtype) -> None:
    cpus.check_links_for_aarch64(row, tested)
