"""What sorting compiles to beyond the rows: payloads, and equal keys in long rows."""

from __future__ import annotations

import numpy as np

import farrier as fr
from farrier.tensor import record
from farrier_compiler.ops.sorting import Sort


def sorted_by_first(*tensors: fr.Tensor) -> list[fr.Tensor]:
    return [fr.Tensor.of(value) for value in record(Sort(0), tensors).results]


def test_payloads_of_equal_keys_keep_their_order() -> None:
    keys = np.random.default_rng(0).integers(0, 9, 300).astype(np.int8)
    payload = np.arange(300, dtype=np.float32)
    info = [fr.InputInfo((300,), fr.int8), fr.InputInfo((300,), fr.float32)]
    found = fr.compile(sorted_by_first, args=info, target="cpu")(keys, payload)
    order = np.argsort(keys, kind="stable")
    np.testing.assert_array_equal(found[0].numpy(), keys[order])
    np.testing.assert_array_equal(found[1].numpy(), payload[order])


def test_keys_alone() -> None:
    keys = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    info = fr.InputInfo((50, 3), fr.float32)
    found = fr.compile(lambda x: sorted_by_first(x), args=[info], target="cpu")(keys)
    np.testing.assert_array_equal(found[0].numpy(), np.sort(keys, 0))
