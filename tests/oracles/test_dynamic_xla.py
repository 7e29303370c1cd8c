"""Portable StableHLO with dynamic sizes, refined and run by XLA, against eager."""

from __future__ import annotations

import pytest

import farrier as fr
from farrier_compiler.stablehlo.builder import Builder
from farrier_compiler.stablehlo.lower import lower
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support import xla
from support.dynamic import CHANGES, dynamic_rows, eager, sample, traced
from support.records import Record
from support.tolerances import assert_close

CASES = [
    pytest.param(row, tested, id=f"{row.name}-{tested.short}")
    for tested in (dtypes.float32, dtypes.int32)
    for row in dynamic_rows(tested)
    if row.xla
]


@pytest.mark.parametrize(("row", "tested"), CASES)
def test_row_refined_by_xla(row: Record, tested: dtype) -> None:
    graph = traced(row, tested).graph
    graph.name = "main"
    text = lower([graph], Builder).text(weights=True)
    for change in CHANGES:
        try:
            expected = eager(row, tested, change)
        except fr.FarrierError:
            continue
        arrays = sample(row, tested, change)
        results = xla.run(xla.refined(text, [array.shape for array in arrays]), arrays)
        for result, wanted in zip(results, expected, strict=True):
            assert_close(result, wanted, row.tolerance, row.name)
