"""Numbers that a data type cannot hold, wherever they enter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message

HALF = fr.Tensor([0.5, 2.0], dtype=fr.float16)
WHOLE = fr.Tensor([1, 2], dtype=fr.uint8)
TINY = "1e-08 does not fit into float16: it would become 0, since the smallest number is 6e-08."


@pytest.mark.parametrize(
    "function",
    [
        lambda: fr.Tensor(1e-8, dtype=fr.float16),
        lambda: fr.full((2,), 1e-8, fr.float16),
        lambda: fr.full_like(HALF, 1e-8),
        lambda: HALF / 1e-8,
        lambda: 1e-8 / HALF,
        lambda: HALF + np.float64(1e-8),
        lambda: HALF**1e-8,
        lambda: fr.where(fr.Tensor([True, False]), HALF, 1e-8),
        lambda: fr.masked_fill(HALF, fr.Tensor([True, False]), 1e-8),
        lambda: fr.clamp(HALF, 1e-8, 1.0),
        lambda: fr.maximum(HALF, 1e-8),
        lambda: fr.pad(HALF, ((1, 1),), value=1e-8),
        lambda: fr.quantize(HALF, 1e-8, fr.int8),
    ],
)
def test_tiny_numbers_are_refused(function: Callable[[], Any]) -> None:
    with pytest.raises(fr.DtypeError) as raised:
        function()
    assert message(raised.value) == TINY


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda: fr.Tensor(np.array([300]), dtype=fr.uint8), "[300] does not fit into uint8."),
        (
            lambda: fr.Tensor(np.array([2**40]), dtype=fr.int32),
            f"[{2**40}] does not fit into int32.",
        ),
        (lambda: fr.Tensor(np.array([np.nan]), dtype=fr.int8), "[nan] does not fit into int8."),
        (
            lambda: fr.Tensor(np.array([1e39]), dtype=fr.float32),
            "[1e+39] does not fit into float32.",
        ),
        (lambda: fr.Tensor(np.int64(-1), dtype=fr.uint64), "-1 does not fit into uint64."),
        (lambda: fr.Tensor([2**63, 1]), f"[{2**63}, 1] does not fit into int64."),
        (lambda: WHOLE + 256, "256 does not fit into uint8."),
        (lambda: fr.clamp(WHOLE, -1, 3), "-1 does not fit into uint8."),
        (lambda: fr.full((2,), float("inf"), fr.int32), "inf does not fit into int32."),
        (
            lambda: fr.full((2,), 1.5, fr.int32),
            "1.5 does not fit into int32: it is not whole, and only fr.cast(x, fr.int32) cuts off "
            "fractions.",
        ),
        (
            lambda: fr.arange(0, 2, 0.5, dtype=fr.int32),
            "1.5 does not fit into int32: it is not whole, and only fr.cast(x, fr.int32) cuts off "
            "fractions.",
        ),
        (lambda: fr.arange(3, -1, -1, dtype=fr.uint8).tolist(), None),
        (
            lambda: fr.iota((200,), dtype=fr.int8),
            "iota counts to 199 in dimension 0 of (200,), but int8 ends at 127. Count in a larger "
            "type.",
        ),
        (
            lambda: fr.iota_like(fr.zeros((2, 70000), fr.float16), 1),
            "iota_like counts to 69999 in dimension 1 of (2, 70000), but float16 ends at 65504. "
            "Count in a larger type.",
        ),
        (
            lambda: fr.DimensionSize(2**30) * 4,
            f"DimensionSize holds an int32, but got {2**32}.",
        ),
    ],
)
def test_numbers_out_of_range_are_refused(function: Callable[[], Any], text: str | None) -> None:
    if text is None:
        assert function() == [3, 2, 1, 0]
        return
    with pytest.raises(fr.FarrierError) as raised:
        function()
    assert message(raised.value) == text


def test_whole_floats_and_truth_values_are_taken_where_a_type_is_asked_for() -> None:
    assert fr.full((1,), 2.0, fr.int8).tolist() == [2]
    assert fr.Tensor([2.0], dtype=fr.int8).tolist() == [2]
    assert fr.Tensor(np.array([2.0]), dtype=fr.int8).tolist() == [2]
    assert fr.Tensor([1, 0], dtype=fr.bool).tolist() == [True, False]
    assert fr.Tensor([2**63, 1], dtype=fr.uint64).tolist() == [2**63, 1]
    assert fr.arange(2**63, 2**63 + 2, dtype=fr.uint64).tolist() == [2**63, 2**63 + 1]


def test_elements_of_arrays_may_be_rounded_to_zero() -> None:
    assert fr.Tensor(np.array([1e-9, 1.0]), dtype=fr.float16).tolist() == [0.0, 1.0]


def test_arrays_are_taken_by_value() -> None:
    assert fr.Tensor(np.array([1, 2], ">i4")).dtype is fr.int32
    assert (fr.Tensor([1, 2]) + np.array([1, 2], ">i4")).tolist() == [2, 4]
    assert fr.Tensor(np.arange(3.0)[::-1]).tolist() == [2.0, 1.0, 0.0]
    assert fr.Tensor(np.broadcast_to(np.float32(3), (2,))).tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    "wrap", [lambda array: array, lambda array: [array, array], lambda array: [[array]]]
)
def test_masks_are_not_lost(wrap: Callable[[Any], Any]) -> None:
    assert fr.Tensor(wrap(np.ma.array([1.0, 2.0]))).dtype
    with pytest.raises(fr.ArgumentError) as raised:
        fr.Tensor(wrap(np.ma.array([1.0, 2.0], mask=[False, True])))
    assert message(raised.value).startswith("A masked array has elements without a value: give")


@pytest.mark.parametrize("kind", [fr.float64, fr.float32, fr.float16, fr.bfloat16, fr.float8])
def test_rand_stays_below_one(kind: fr.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    class Highest:
        def random(self, sizes: tuple[int, ...]) -> Any:
            return np.full(sizes, np.nextafter(1.0, 0.0))

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Highest())
    assert 0.9 < fr.cast(fr.rand(2, dtype=kind), fr.float64).tolist()[0] < 1
