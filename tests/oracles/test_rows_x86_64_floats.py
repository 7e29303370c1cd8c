"""Every row on floats, compiled for any x86-64 CPU with AVX2, and run."""

from __future__ import annotations

import pytest

from farrier_runtime.dtypes import DTYPES, dtype
from support import cpus
from support.records import Record

TESTED = [tested for tested in DTYPES.values() if tested.is_floating]


@pytest.mark.parametrize(("row", "tested"), cpus.cases(TESTED))
def test_row_on_x86_64(row: Record, tested: dtype) -> None:
    cpus.check_on_x86_64(row, tested)
