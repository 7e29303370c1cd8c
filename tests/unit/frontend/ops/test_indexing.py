"""Indexing, compared with numpy on random indices, and the other errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

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


INDEX = np.array([[0, -1], [3, 2]])


@pytest.mark.parametrize(
    "around", [((), ()), ((slice(None),), ()), ((...,), (slice(1, 3),)), ((None, ...), (None,))]
)
@pytest.mark.parametrize("given", [INDEX, fr.Tensor(INDEX), fr.Tensor(INDEX, fr.int32)])
def test_index_by_a_tensor(around: tuple[Any, Any], given: Any) -> None:
    before, behind = around
    expected = DATA[(*before, INDEX, *behind)]
    np.testing.assert_array_equal(X[(*before, given, *behind)].numpy(), expected)


@pytest.mark.parametrize(
    "index",
    [
        [0, 2],
        [-1],
        [[0, 1, 1], [3, -4, 0]],
        [],
        (slice(None), [0, 2]),
        ([3, 0], slice(1, 3)),
        (..., [5, 0], None),
        (None, (0, 2)),
        [np.int64(1), 0],
    ],
)
def test_index_by_a_list(index: Any) -> None:
    np.testing.assert_array_equal(X[index].numpy(), DATA[index])


def test_index_by_a_list_of_large_positions_is_small() -> None:
    (index,) = [value for value in X[[3, 0]].value.producer.operands if value is not X.value]  # pyright: ignore[reportOptionalMemberAccess]
    assert index.type.dtype is fr.int32


def test_index_by_a_scalar_tensor_removes_the_dim() -> None:
    np.testing.assert_array_equal(X[fr.Tensor(-1)].numpy(), DATA[-1])


def test_gather_takes_the_nearest_part_where_there_is_none() -> None:
    result = fr.gather(X, 0, fr.Tensor([-99, -5, 4, 2**31 - 1]))
    np.testing.assert_array_equal(result.numpy(), DATA[[0, 0, 3, 3]])


def test_gather_from_empty_tensors() -> None:
    none = fr.zeros((0,), fr.int32)
    assert fr.gather(fr.ones((2, 0)), 1, none).shape == (2, 0)
    assert fr.gather(X, 1, none).numpy().shape == (4, 0, 6)
    assert fr.gather(X, 1, none).shape == (4, 0, 6)


INDICES = (
    "Tensors are indexed by integers, slices, '...', None and one list, array or tensor of "
    "integers, not by "
)
MASK = ": how many elements a mask selects is not known before it is computed. Use fr.where."
BESIDE = (
    "An index with a tensor takes slices, '...' and None beside it, but neither integers nor "
    "another tensor. Index one after the other, as in x[0][index]."
)
SLICE = "A slice takes integers or None, and a step other than 0, but got "
ERRORS: list[tuple[Callable[[], object], str]] = [
    (lambda: X[4], "Index 4 is out of range: dim 0 of int32 (4, 5, 6) has 4 elements."),
    (lambda: X[:, -6], "Index -6 is out of range: dim 1 of int32 (4, 5, 6) has 5 elements."),
    (lambda: X[0, 0, 0, 0], "4 dimensions are indexed, but int32 (4, 5, 6) has 3."),
    (lambda: X[..., 0, ...], "An index has at most one '...', but got 2."),
    (lambda: X[::0], SLICE + "slice(None, None, 0)."),
    (lambda: X[1.0], INDICES + "float."),
    (lambda: X[True], INDICES + "bool."),
    (lambda: X[[0, 1.5]], INDICES + "list of float32."),
    (lambda: X[["a"]], INDICES + "list."),
    (lambda: X[[0, [1]]], INDICES + "list."),
    (lambda: X[[True, False]], INDICES + "list of bool" + MASK),
    (lambda: X[fr.Tensor([True])], INDICES + "Tensor of bool" + MASK),
    (lambda: X[[0, 4]], "Index 4 is out of range: dim 0 of int32 (4, 5, 6) has 4 elements."),
    (
        lambda: X[..., np.array([-7, 0])],
        "Index -7 is out of range: dim 2 of int32 (4, 5, 6) has 6 elements.",
    ),
    (lambda: X[0, [0, 1]], BESIDE),
    (lambda: X[fr.Tensor([0.0, 1.0])], INDICES + "Tensor of float32."),
    (lambda: X[np.array([True, False])], INDICES + "ndarray of bool" + MASK),
    (lambda: X[0, fr.Tensor([0, 1])], BESIDE),
    (lambda: X[fr.Tensor([0, 1]), :, fr.Tensor([0, 1])], BESIDE),
    (lambda: X[:1.5], SLICE + "slice(None, 1.5, None)."),
]


@pytest.mark.parametrize(("call", "text"), ERRORS)
def test_error(call: Callable[[], object], text: str) -> None:
    with pytest.raises(fr.ArgumentError) as caught:
        call()
    assert message(caught.value) == text


GATHER_ERRORS: list[tuple[Callable[[], object], type[fr.FarrierError], str]] = [
    (
        lambda: fr.gather(X, 3, fr.Tensor(0)),
        fr.ShapeError,
        "gather got dim=3, but the tensor has 3 dimensions: dim must be in [-3, 2].",
    ),
    (
        lambda: X[np.zeros(2, np.uint8)],
        fr.DtypeError,
        "slice takes int32 or int64 indices, but got uint8 (2,). Convert them first, for "
        "example with fr.cast(index, fr.int32).",
    ),
    (
        lambda: fr.gather(fr.ones((2, 0)), 1, fr.Tensor([0, 1])),
        fr.ShapeError,
        "gather got 2 indices for dim 1 of float32 (2, 0), which has size 0: there is nothing to "
        "select.",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), GATHER_ERRORS)
def test_gather_error(call: Callable[[], object], error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert message(caught.value) == text
