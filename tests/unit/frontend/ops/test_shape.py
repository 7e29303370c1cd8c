"""Reshaping, reordering, joining and padding: cases that rows cannot express, and other errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops import shape as primitive
from support.messages import message

X = fr.Tensor(np.arange(6, dtype=np.float32).reshape(2, 3))
INTEGERS = fr.Tensor([[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize("dtype", [fr.int4, fr.float8, fr.float8_e5m2, fr.bool, fr.uint64])
def test_moving_elements_is_exact_in_every_dtype(dtype: fr.dtype) -> None:
    data = np.arange(6).reshape(2, 3).astype(dtype.numpy)
    moved = fr.concatenate([fr.flip(fr.permute(fr.Tensor(data), (1, 0)), 0)] * 2, 1)
    expected = np.concatenate([data.T[::-1]] * 2, 1)
    assert moved.dtype is dtype
    np.testing.assert_array_equal(moved.numpy(), expected)


def test_reshape_takes_tensors_as_sizes() -> None:
    sizes: Any = (fr.Tensor(3), np.int64(2))
    assert fr.reshape(X, sizes).shape == (3, 2)


def test_reshape_of_empty_tensors() -> None:
    assert fr.reshape(fr.ones((0, 3)), (3, -1)).shape == (3, 0)


def test_flatten_makes_a_vector_of_a_scalar() -> None:
    assert fr.flatten(fr.ones(())).shape == (1,)


def test_squeeze_nothing() -> None:
    assert fr.squeeze(X, ()).shape == (2, 3)


def test_concatenate_one_tensor_is_the_tensor() -> None:
    assert fr.concatenate([X], 0) is X


def test_expand_that_changes_nothing_is_the_tensor() -> None:
    assert fr.expand(X, (-1, 3)) is X


def test_split_into_more_parts_than_elements() -> None:
    parts = fr.split(fr.Tensor([1, 2, 3, 4, 5, 6, 7]), 5)
    assert [part.tolist() for part in parts] == [[1, 2], [3, 4], [5, 6], [7], []]


def test_pad_bools_with_the_default() -> None:
    padded = fr.pad(fr.Tensor([True]), [(1, 0)])
    assert padded.tolist() == [False, True]


def test_repeat_nothing() -> None:
    assert fr.repeat(X, 0, 1).shape == (2, 0)


def test_copy_shares_no_memory() -> None:
    copied = fr.copy(X, fr.device("cpu"))
    np.testing.assert_array_equal(copied.numpy(), X.numpy())
    assert not np.shares_memory(copied.numpy(), X.numpy())


SHAPE, ARGUMENT, DTYPE = fr.ShapeError, fr.ArgumentError, fr.DtypeError
ERRORS: list[tuple[Callable[[], object], type[fr.FarrierError], str]] = [
    (
        lambda: fr.reshape(X, (4, -1)),
        SHAPE,
        "reshape cannot give float32 (2, 3), which has 6 elements, the shape (4, -1): they cannot "
        "be divided by 4.",
    ),
    (
        lambda: fr.reshape(X, (-1, -1)),
        SHAPE,
        "reshape got (-1, -1): only one size may be -1.",
    ),
    (
        lambda: fr.reshape(X, (1.5, 4)),  # pyright: ignore[reportArgumentType]
        ARGUMENT,
        "reshape's shape takes integers, but got (1.5, 4).",
    ),
    (
        lambda: fr.permute(X, (0, 0)),
        SHAPE,
        "permute got dims (0, 0), which name a dimension twice.",
    ),
    (
        lambda: apply(primitive.Transpose((0, 0)), X),
        SHAPE,
        "transpose got the permutation (0, 0) for float32 (2, 3). It must name each of the 2 "
        "dimensions once.",
    ),
    (
        lambda: fr.expand(X, (-1, 2, 3)),
        SHAPE,
        "expand cannot give float32 (2, 3) the sizes (-1, 2, 3). Only dimensions of size 1 change; "
        "-1 keeps a size, and new dimensions are in front.",
    ),
    (
        lambda: apply(primitive.Broadcast((2, 3), (1, 0)), X),
        SHAPE,
        "broadcast cannot put the dimensions of float32 (2, 3) at (1, 0) of (2, 3). Sizes must be "
        "equal or 1, and the dims must increase.",
    ),
    (
        lambda: apply(primitive.Slice((0, 0), (3, 3), (1, 1)), X),
        SHAPE,
        "slice got start (0, 0), limit (3, 3) and step (1, 1) for float32 (2, 3). Each dimension "
        "needs 0 <= start <= limit <= size and step >= 1.",
    ),
    (
        lambda: apply(primitive.Reverse((2,)), X),
        SHAPE,
        "reverse got the dims (2,) for float32 (2, 3). They must be different dimensions of the "
        "tensor, from 0 to 1.",
    ),
    (
        lambda: fr.concatenate([], 0),
        ARGUMENT,
        "concatenate takes a list of tensors, but got none.",
    ),
    (
        lambda: fr.stack(X),  # pyright: ignore[reportArgumentType]
        ARGUMENT,
        "stack takes a list of tensors, but got one tensor.",
    ),
    (
        lambda: fr.concatenate([X, INTEGERS], 0),
        DTYPE,
        "concatenate takes operands of one data type, but got float32 (2, 3) and int32 (2, 3). "
        "Cast one of them, for example with fr.cast(x, fr.float32).",
    ),
    (
        lambda: apply(primitive.Concatenate(2), X),
        SHAPE,
        "concatenate cannot join float32 (2, 3) along dim 2.",
    ),
    (
        lambda: fr.split(X, 0),
        ARGUMENT,
        "split makes at least 1 part, not 0.",
    ),
    (
        lambda: fr.flip(X, (0, -2)),
        SHAPE,
        "flip got dims (0, -2), which name a dimension twice.",
    ),
    (
        lambda: fr.pad(X, [(1, 1)]),
        ARGUMENT,
        "pad takes 2 pairs of padding for float32 (2, 3), for example ((1, 1), (1, 1)), but got "
        "[(1, 1)].",
    ),
    (
        lambda: fr.pad(X, ((0, 0), (1, 1)), mode="edge"),  # pyright: ignore[reportArgumentType]
        ARGUMENT,
        "pad's mode is 'constant' or 'reflect', not 'edge'.",
    ),
    (
        lambda: fr.pad(X, ((0, 0), (1, 3)), mode="reflect"),
        SHAPE,
        "pad got (1, 3) for dim 1 of float32 (2, 3): reflection adds from 0 to 2 elements there.",
    ),
    (
        lambda: fr.pad(INTEGERS, ((0, 0), (1, 1)), value=0.5),
        DTYPE,
        "Python floats are not cast to int32: that would cut off fractions. Write integers, or "
        "cast the other operand, for example with fr.cast(x, fr.float32).",
    ),
    (
        lambda: apply(primitive.Pad((0,), (0,), (0,)), X, fr.ones(())),
        SHAPE,
        "pad got 1 pairs for float32 (2, 3). It takes one for each of the 2 dimensions.",
    ),
    (
        lambda: apply(primitive.Pad((0, 0), (0, 0), (0, -1)), X, fr.ones(())),
        ARGUMENT,
        "pad got a negative interior padding: (0, -1).",
    ),
    (
        lambda: apply(primitive.Pad((0, 0), (0, 0), (0, 0)), X, X),
        SHAPE,
        "pad takes a scalar to pad with, but got float32 (2, 3).",
    ),
    (
        lambda: fr.pad(X, 1),  # pyright: ignore[reportArgumentType]
        ARGUMENT,
        "pad takes 2 pairs of padding for float32 (2, 3), for example ((1, 1), (1, 1)), but got 1.",
    ),
    (
        lambda: fr.permute(X, 1),  # pyright: ignore[reportArgumentType]
        SHAPE,
        "permute got (1,) for float32 (2, 3): it must name all 2 dimensions.",
    ),
    (
        lambda: fr.repeat(X, -1, 0),
        ARGUMENT,
        "repeat takes at least 0 repeats, not -1.",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_error(call: Callable[[], object], error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert message(caught.value) == text


def test_error_shows_the_line_and_the_tensor() -> None:
    with pytest.raises(fr.ShapeError) as caught:
        fr.squeeze(X, 0)
    text = str(caught.value)
    assert "fr.squeeze(X, 0)" in text
    assert "input: float32 (2, 3), made here:" in text
