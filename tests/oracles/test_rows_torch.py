"""Every row that torch has, eagerly, against torch on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import farrier as fr
from farrier_runtime.dtypes import dtype
from support.records import Record
from support.rows import ROWS
from support.tolerances import assert_close

# torch lacks most functions on these.
WIDE_UNSIGNED = ("uint16", "uint32", "uint64")
CASES = [
    pytest.param(row, tested, id=f"{row.name}-{tested.short}")
    for row in ROWS
    if row.torch is not None
    for tested in row.dtypes
    if tested in (row.torch_dtypes or row.dtypes) and tested.name not in WIDE_UNSIGNED
]


def to_torch(array: NDArray[Any]) -> torch.Tensor:
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(np.array(array))


@pytest.mark.parametrize(("row", "tested"), CASES)
def test_row_in_torch(row: Record, tested: dtype) -> None:
    assert row.torch is not None
    arrays = row.sample(tested)
    returned = row.function(*[fr.Tensor(array) for array in arrays])
    expected = row.torch(*[to_torch(array) for array in arrays])
    results = returned if isinstance(returned, tuple) else (returned,)
    references = expected if isinstance(expected, tuple | list) else (expected,)
    for result, reference in zip(results, references, strict=True):
        wide = reference.double() if reference.is_floating_point() else reference
        assert_close(result.numpy(), wide.numpy(), 2 * row.tolerance, row.name)
