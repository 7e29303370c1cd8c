"""Compiled sorting beyond the rows: payloads, and arbitrary bit patterns."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

import farrier as fr
from farrier.tensor import record
from farrier_compiler.ops.sorting import Sort


def sorted_by_first(*tensors: fr.Tensor) -> list[fr.Tensor]:
    return [fr.Tensor.of(value) for value in record(Sort(0), tensors).results]


def test_payloads_of_equal_keys_keep_their_order() -> None:
    keys = np.random.default_rng(0).integers(0, 9, 300).astype(np.int8)
    payload = np.arange(300, dtype=np.float32)
    info = [fr.InputInfo((300,), fr.int8), fr.InputInfo((300,), fr.float32)]
    result = fr.compile(sorted_by_first, args=info, target="cpu")(keys, payload)
    order = np.argsort(keys, kind="stable")
    np.testing.assert_array_equal(result[0].numpy(), keys[order])
    np.testing.assert_array_equal(result[1].numpy(), payload[order])


def test_keys_alone_are_sorted() -> None:
    keys = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    info = fr.InputInfo((50, 3), fr.float32)
    result = fr.compile(lambda x: sorted_by_first(x), args=[info], target="cpu")(keys)
    np.testing.assert_array_equal(result[0].numpy(), np.sort(keys, 0))


K = 7


@functools.cache
def compiled(dtype: fr.dtype, shape: tuple[int, int]) -> fr.Executable:
    def all_ways(x: fr.Tensor) -> list[fr.Tensor]:
        return [*fr.sort(x), *fr.sort(x, descending=True), *fr.topk(x, K), *fr.topk(x, 1)]

    return fr.compile(all_ways, args=[fr.InputInfo(shape, dtype)], target="cpu")


def orders(array: NDArray[Any]) -> list[NDArray[Any]]:
    """Return the orders that `all_ways` takes, by numpy's stable sort of the numbers' ranks."""
    ranks = np.unique(array, return_inverse=True)[1].reshape(array.shape)
    descending = np.argsort(-ranks, 1, kind="stable")
    return [np.argsort(ranks, 1, kind="stable"), descending, descending[:, :K], descending[:, :1]]


@pytest.mark.parametrize("shape", [(3, 20), (2, 130)], ids=["counting", "network"])
@pytest.mark.parametrize(
    "dtype", [fr.float32, fr.float16, fr.float64, fr.uint16, fr.int64], ids=str
)
@settings(derandomize=True, database=None, deadline=None, max_examples=60)
@given(data=st.data())
def test_any_bits_are_sorted(dtype: fr.dtype, shape: tuple[int, int], data: st.DataObject) -> None:
    carrier = f"u{dtype.numpy.itemsize}"
    array = data.draw(arrays(carrier, shape)).view(dtype.numpy)
    result = [tensor.numpy() for tensor in compiled(dtype, shape)(array)]
    for order, values, indices in zip(orders(array), result[::2], result[1::2], strict=True):
        np.testing.assert_array_equal(indices, order)
        expected = np.take_along_axis(array, order, 1)
        np.testing.assert_array_equal(values.view(carrier), expected.view(carrier))
