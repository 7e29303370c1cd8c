"""Indexing, compared with numpy on random indices, and every error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import farrier as fr
from support.messages import message

DATA = np.arange(4 * 5 * 6, dtype=np.int32).reshape(4, 5, 6)
X = fr.Tensor(DATA)
BOUND = st.none() | st.integers(-8, 8)
STEP = st.none() | st.integers(-3, 3).filter(bool)
ITEM = st.none() | st.integers(-4, 3) | st.builds(slice, BOUND, BOUND, STEP)


@given(st.lists(ITEM, max_size=5), st.none() | st.integers(0, 5))
def test_like_numpy(items: list[Any], ellipsis: int | None) -> None:
    if sum(item is not None for item in items) > DATA.ndim:
        return
    if ellipsis is not None:
        items.insert(ellipsis, ...)
    index = tuple(items)
    np.testing.assert_array_equal(X[index].numpy(), DATA[index])


def test_an_index_that_changes_nothing_is_the_tensor() -> None:
    assert X[...] is X
    assert X[:, :] is X


def test_index_by_a_known_integer_tensor_in_a_slice() -> None:
    np.testing.assert_array_equal(X[: fr.Tensor(2)].numpy(), DATA[:2])


KINDS = "Tensors are indexed by integers, slices, '...' and None, not by "
SLICE = "A slice takes integers or None, and a step other than 0, but got "
ERRORS: list[tuple[Callable[[], object], str]] = [
    (lambda: X[4], "Index 4 is out of range: dim 0 of int32 (4, 5, 6) has 4 elements."),
    (lambda: X[:, -6], "Index -6 is out of range: dim 1 of int32 (4, 5, 6) has 5 elements."),
    (lambda: X[0, 0, 0, 0], "4 dimensions are indexed, but int32 (4, 5, 6) has 3."),
    (lambda: X[..., 0, ...], "An index has at most one '...', but got 2."),
    (lambda: X[::0], SLICE + "slice(None, None, 0)."),
    (lambda: X[1.0], KINDS + "float."),
    (lambda: X[True], KINDS + "bool."),
    (lambda: X[[0, 1]], KINDS + "list."),
    (lambda: X[fr.Tensor([0, 1])], KINDS + "Tensor."),
    (lambda: X[np.array([0, 1])], KINDS + "ndarray."),
    (lambda: X[:1.5], SLICE + "slice(None, 1.5, None)."),
]


@pytest.mark.parametrize(("call", "text"), ERRORS)
def test_error(call: Callable[[], object], text: str) -> None:
    with pytest.raises(fr.ArgumentError) as caught:
        call()
    assert message(caught.value) == text
