"""Every row with dynamic sizes compiled for CUDA, and its PTX assembled."""

from __future__ import annotations

import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.compiled import is_tested
from support.cuda import assembled, ptx
from support.dynamic import dynamic_rows, traced
from support.records import Record

CASES = [
    pytest.param(row, tested, id=f"{row.name}-{tested.short}")
    for tested in (dtypes.float32, dtypes.int32)
    for row in dynamic_rows(tested)
    if is_tested(row, tested)
]


@pytest.mark.parametrize(("row", "tested"), CASES)
def test_row_with_dynamic_sizes_compiles_for_cuda(row: Record, tested: dtype) -> None:
    assert ".target sm_80" in ptx(row, tested, "sm_80", dynamic_rows, traced)


def doubled(x: fr.Tensor) -> fr.Tensor:
    return fr.concatenate([x, x], dim=2)


@pytest.mark.parametrize("groups", [1, 2])
def test_windows_that_make_multiples_of_a_size_compile_for_cuda(groups: int) -> None:
    size = fr.NamedDimension("size", 4, 6, 9)
    image = fr.InputInfo((2, 4, size), fr.float32)
    weight = fr.ones((4, 6, 3))

    def upsampled(x: fr.Tensor) -> fr.Tensor:
        whole = fr.conv_transpose(x, weight, stride=(2,), padding=((1, 0),), groups=groups)
        return fr.relu(whole)

    def pooled(x: fr.Tensor) -> fr.Tensor:
        return fr.relu(fr.maxpool(doubled(x), (3,), (1,), ((1, 1),)))

    graphs = [trace(function, [image]).graph for function in (upsampled, pooled)]
    assert ".target sm_80" in assembled(graphs, "sm_80")


@pytest.mark.parametrize("count", [2, 3, 4])
def test_what_follows_a_convolution_of_a_multiple_of_a_size_compiles_for_cuda(count: int) -> None:
    def function(x: fr.Tensor, weight: fr.Tensor) -> fr.Tensor:
        return fr.relu(fr.convolution(fr.concatenate([x] * count, dim=2), weight))

    size = fr.NamedDimension("n", 19, 19, 30)
    infos = [fr.InputInfo(shape, fr.float32) for shape in ((2, 4, size), (6, 4, 5))]
    assert ".target sm_80" in assembled([trace(function, infos).graph], "sm_80")
