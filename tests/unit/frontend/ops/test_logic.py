"""Logic of truth values, which torch has under the same names, and of bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message

OPERANDS: list[tuple[Any, Any]] = [
    (np.array([0, 2, 0, 1], np.int32), np.array([0, 1, 3, 0], np.int32)),
    (np.array([0, 2, 0, 128], np.uint8), np.array([0.0, -0.5, np.nan, 0.0], np.float32)),
    (np.array([False, True, True, False]), np.array([1, 0, -1, 0], np.int64)),
]


@pytest.mark.parametrize(("left", "right"), OPERANDS)
@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor"])
def test_numbers_are_true_unless_they_are_0(name: str, left: Any, right: Any) -> None:
    result = getattr(fr, name)(fr.Tensor(left), fr.Tensor(right))
    assert result.dtype is fr.bool
    np.testing.assert_array_equal(result.numpy(), getattr(np, name)(left, right))
    method = getattr(fr.Tensor(left), name)(fr.Tensor(right))
    np.testing.assert_array_equal(method.numpy(), result.numpy())


def test_numbers_beside_tensors_are_true_unless_they_are_0() -> None:
    x = fr.Tensor([2, 0])
    assert fr.logical_and(x, 1).tolist() == [True, False]
    assert fr.logical_or(0.0, x).tolist() == [True, False]
    assert fr.logical_xor(x, 0.5).tolist() == [False, True]
    assert fr.logical_not(x).tolist() == x.logical_not().tolist() == [False, True]
    assert fr.logical_not(fr.Tensor([float("nan"), -0.0])).tolist() == [False, True]


def test_bits_are_combined_by_operators() -> None:
    x, y = fr.Tensor([6, -1]), fr.Tensor([3, 8])
    assert (x & y).tolist() == fr.bitwise_and(x, y).tolist() == [2, 8]
    assert (x | y).tolist() == x.bitwise_or(y).tolist() == [7, -1]
    assert (x ^ y).tolist() == x.bitwise_xor(y).tolist() == [5, -9]
    assert (~x).tolist() == x.bitwise_not().tolist() == [-7, 0]
    assert (3 & x).tolist() == x.bitwise_and(3).tolist() == [2, 3]


def test_refusals_name_the_function() -> None:
    with pytest.raises(fr.DtypeError) as caught:
        _ = fr.ones(2) & fr.ones(2)
    assert message(caught.value) == (
        "bitwise_and takes bool or an integer, but got float32 (2,). "
        "Convert it first, for example with fr.cast(x, fr.int32)."
    )
    with pytest.raises(fr.ShapeError, match=r"^logical_or cannot broadcast"):
        fr.logical_or(fr.ones(2), fr.ones(3))


def test_float8_has_no_infinity() -> None:
    x = fr.Tensor([1.0, float("nan"), 448.0], dtype=fr.float8)
    assert fr.isinf(x).tolist() == [False, False, False]
    assert fr.isnan(x).tolist() == [False, True, False]
    assert fr.isfinite(x).tolist() == [True, False, True]
