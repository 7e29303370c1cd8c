"""Every row compiled for two CUDA architectures, and its PTX assembled."""

from __future__ import annotations

import pytest

from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.compiled import is_tested, rows_of
from support.cuda import ptx
from support.records import Record

CASES = [
    pytest.param(row, tested, architecture, id=f"{row.name}-{tested.short}-{architecture}")
    for architecture in ("sm_80", "sm_90")
    for tested in (dtypes.float32, dtypes.float16, dtypes.int32, dtypes.bool)
    for row in rows_of(tested)
    if is_tested(row, tested)
]


@pytest.mark.parametrize(("row", "tested", "architecture"), CASES)
def test_row_compiles_for_cuda(row: Record, tested: dtype, architecture: str) -> None:
    assert f".target {architecture}" in ptx(row, tested, architecture)
