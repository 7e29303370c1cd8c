"""Every row on integers and booleans, compiled and linked for Arm."""

from __future__ import annotations

import pytest

from farrier_runtime.dtypes import DTYPES, dtype
from support import cpus
from support.records import Record

TESTED = [tested for tested in DTYPES.values() if not tested.is_floating]


@pytest.mark.parametrize(("row", "tested"), cpus.cases(TESTED))
def test_row_links_for_aarch64(row: Record, tested: dtype) -> None:
    cpus.check_links_for_aarch64(row, tested)
