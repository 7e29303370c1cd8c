"""The portable StableHLO of every row, run by XLA, against its float64 reference."""

from __future__ import annotations

import pytest

from farrier_compiler.stablehlo.builder import Builder
from farrier_compiler.stablehlo.lower import lower
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support import xla
from support.compiled import rows_of, traced
from support.records import Record
from support.tolerances import assert_close

CASES = [
    pytest.param(row, tested, id=f"{row.name}-{tested.short}")
    for tested in (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.uint8, dtypes.bool)
    for row in rows_of(tested)
    if row.xla
]


@pytest.mark.parametrize(("row", "tested"), CASES)
def test_row_in_xla(row: Record, tested: dtype) -> None:
    graph = traced(row, tested).graph
    graph.name = "main"
    program = lower([graph], Builder)
    program.verify()
    arrays = row.sample(tested)
    results = xla.run(program.text(weights=True), arrays)
    for result, expected in zip(results, row.expected(arrays), strict=True):
        assert_close(result, expected, row.tolerance, row.name)
