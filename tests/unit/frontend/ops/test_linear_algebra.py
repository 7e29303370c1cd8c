"""Matrix products: shapes against numpy at random, one contraction each, and the other errors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, strategies as st

import farrier as fr
from farrier.compiling.trace import trace
from farrier.tensor import apply
from farrier_compiler.ops.linear_algebra import DotGeneral
from support.messages import message

A = fr.ones((2, 3))


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from("lrb")), max_size=3),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(["matrices", "row", "column"]),
)
def test_matmul_broadcasts_like_numpy(
    batch: list[tuple[int, str]], drop_left: int, drop_right: int, dtype: str
) -> None:
    """Batch sizes that both sides have, or one of them has while the other has 1 or nothing."""
    left = tuple(1 if side == "r" else size for size, side in batch)[drop_left:]
    right = tuple(1 if side == "l" else size for size, side in batch)[drop_right:]
    generator = np.random.default_rng(0)
    x = generator.integers(-5, 5, (4,) if dtype == "row" else (*left, 2, 4)).astype(np.float32)
    y = generator.integers(-5, 5, (4,) if dtype == "column" else (*right, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal((fr.Tensor(x) @ fr.Tensor(y)).numpy(), x @ y)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ((5, 7), (7, 3), ["dot_general"]),
        ((2, 5, 7), (2, 7, 3), ["dot_general"]),
        ((2, 4, 5, 7), (7, 3), ["dot_general"]),
        ((7,), (2, 7, 3), ["dot_general"]),
        ((2, 4, 5, 7), (2, 1, 7, 3), ["reshape", "dot_general"]),
        ((5, 7), (2, 7, 3), ["dot_general", "transpose"]),
    ],
)
def test_matmul_repeats_nothing(
    left: tuple[int, ...], right: tuple[int, ...], expected: list[str]
) -> None:
    infos = [fr.InputInfo(left, fr.float32), fr.InputInfo(right, fr.float32)]
    graph = trace(fr.matmul, infos).graph
    assert [node.op.name for node in graph.nodes] == expected


def test_matmul_takes_arrays() -> None:
    array = np.eye(3, dtype=np.float32)
    assert (A @ array).tolist() == A.tolist()
    assert (array @ fr.ones((3,))).tolist() == [1, 1, 1]


def test_outer_takes_lists() -> None:
    assert fr.outer(fr.ones(2), [1.0, 2.0]).tolist() == [[1.0, 2.0]] * 2  # pyright: ignore[reportArgumentType]


def test_int8_sums_in_int32() -> None:
    full = fr.full((1, 1000), -128, fr.int8)
    result = fr.dot_general(full, full, ((1,), (1,)), dtype=fr.int32)
    assert result.dtype is fr.int32
    assert result.item() == 128 * 128 * 1000


def test_int64_sums_are_exact() -> None:
    big = fr.Tensor([[2**40 + 1]])
    assert (big @ fr.Tensor([[3]], dtype=fr.int64)).item() == 3 * (2**40 + 1)


def test_float16_is_summed_in_float32() -> None:
    ones = fr.ones((1, 4096), fr.float16)
    tiny = fr.full((4096, 1), 2.0**-12, fr.float16)
    assert (ones @ tiny).item() == 1.0


SHAPE, DTYPE = fr.ShapeError, fr.DtypeError
ERRORS: list[tuple[Callable[[], object], type[fr.FarrierError], str]] = [
    (
        lambda: A @ fr.ones((2,)),
        SHAPE,
        "matmul got float32 (2, 3) and float32 (2,): the last size of the left operand, 3, must be "
        "equal to the only size of the right operand, 2.",
    ),
    (
        lambda: A @ 2.0,
        SHAPE,
        "matmul does not take scalars, but got float32 (2, 3) and float32 (). Multiply by a scalar "
        "with '*'.",
    ),
    (
        lambda: fr.ones((2, 5, 3)) @ fr.ones((4, 3, 5)),
        SHAPE,
        "matmul cannot broadcast shapes (2,) and (4,): dimension -1 has sizes 2 and 4. Sizes must "
        "be equal, or one of them 1.",
    ),
    (
        lambda: A @ fr.ones((3, 2), fr.float16),
        DTYPE,
        "matmul takes operands of one data type, but got float32 (2, 3) and float16 (3, 2). "
        "Cast one of them, for example with fr.cast(x, fr.float32).",
    ),
    (
        lambda: fr.Tensor([True]) @ fr.Tensor([True]),
        DTYPE,
        "matmul takes a number, but got bool (1,). Convert it first, for example with "
        "fr.cast(x, fr.float32).",
    ),
    (
        lambda: fr.dot_general(A, A, ((1,), (1,)), dtype=fr.int32),
        DTYPE,
        "dot_general of float32 cannot give int32: floating-point operands have a floating-point "
        "result, and integers have an integer one.",
    ),
    (
        lambda: fr.dot_general(A, A, ((2,), (0,))),
        SHAPE,
        "dot_general got dim=2, but the tensor has 2 dimensions: dim must be in [-2, 1].",
    ),
    (
        lambda: fr.dot_general(A, A, ((1,), (1,)), ((0,), (1,))),
        SHAPE,
        "dot_general got the batch and contracting dims (1, 1) for its right operand, float32 "
        "(2, 3). They must be different dimensions of it.",
    ),
    (
        lambda: apply(DotGeneral((), (), (2,), (0,)), A, A),
        SHAPE,
        "dot_general got the batch and contracting dims (2,) for its left operand, float32 (2, 3). "
        "They must be different dimensions of it.",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_error(call: Callable[[], object], error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert message(caught.value) == text
