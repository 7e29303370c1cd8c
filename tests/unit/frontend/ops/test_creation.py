"""Creation of tensors: defaults, exact numbers and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (lambda: fr.full(2, 300, fr.int8), fr.DtypeError, "300 does not fit into int8."),
        (
            lambda: fr.arange(1, 3, 0),
            fr.ArgumentError,
            "arange needs a step that is not 0.",
        ),
        (lambda: fr.arange(300, dtype=fr.int8), fr.DtypeError, "299 does not fit into int8."),
        (
            lambda: fr.arange(3, dtype=fr.bool),
            fr.DtypeError,
            "arange counts in numbers, not in bool: pass a number type.",
        ),
        (
            lambda: fr.full(2, "a"),  # pyright: ignore[reportArgumentType]
            fr.ArgumentError,
            "A tensor is filled with one number, not 'a'.",
        ),
        (
            lambda: fr.full(2, [1, 2]),  # pyright: ignore[reportArgumentType]
            fr.ArgumentError,
            "A tensor is filled with one number, not [1, 2].",
        ),
        (
            lambda: fr.iota((2,), 1),
            fr.ShapeError,
            "iota got dim=1, but the tensor has 1 dimensions: dim must be in [-1, 0].",
        ),
        (
            lambda: fr.rand(2, dtype=fr.int32),
            fr.DtypeError,
            "rand draws floating-point numbers, not int32: cast them.",
        ),
        (
            lambda: fr.randn(-2),
            fr.ArgumentError,
            "randn needs sizes >= 0, but got the shape (-2,).",
        ),
    ],
)
def test_refusals(function: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        function()
    assert message(caught.value) == text


def test_default_data_type_is_float32() -> None:
    for tensor in (fr.ones(2), fr.zeros(2), fr.full(2, 1), fr.iota(2), fr.arange(2), fr.rand(2)):
        assert tensor.dtype is fr.float32


def test_full() -> None:
    assert fr.full((2, 1), 2.0, fr.int32).tolist() == [[2], [2]]
    assert fr.full((), True, fr.bool).tolist() is True
    assert fr.full((2, 2), fr.Tensor(3), fr.float64).tolist() == [[3.0, 3.0], [3.0, 3.0]]
    assert fr.full_like(fr.ones((1, 2), fr.int8), 7).dtype is fr.int8
    assert fr.ones_like(fr.zeros(2), fr.bool).tolist() == [True, True]
    assert fr.zeros_like(fr.ones((0, 3))).shape == (0, 3)


def test_a_large_full_costs_no_memory() -> None:
    tensor = fr.zeros((1 << 20, 1 << 20))
    assert tensor.shape == (1 << 20, 1 << 20)


@pytest.mark.parametrize(
    "arguments",
    [
        (5,),
        (2, 10, 3),
        (5, 0, -2),
        (0.5, 2.0, 0.25),
        (0, 1, 0.1),
        (-3, 3),
        (2.5,),
        (16777216, 16777220),
    ],
)
@pytest.mark.parametrize("dtype", [fr.float32, fr.float64])
def test_arange_is_numpys(arguments: tuple[float, ...], dtype: fr.dtype) -> None:
    expected = np.arange(*arguments, dtype=np.float64).astype(dtype.numpy)
    np.testing.assert_array_equal(fr.arange(*arguments, dtype=dtype).numpy(), expected)


def test_arange_of_integers() -> None:
    assert fr.arange(250, 256, dtype=fr.uint8).tolist() == [250, 251, 252, 253, 254, 255]
    assert fr.arange(128, dtype=fr.int8).tolist()[-1] == 127
    assert fr.arange(2**40, 2**40 + 2, dtype=fr.int64).tolist() == [2**40, 2**40 + 1]


def test_arange_takes_the_stop_alone_by_name_and_with_a_data_type() -> None:
    assert fr.arange(stop=3).tolist() == [0.0, 1.0, 2.0]
    counted = fr.arange(3, fr.int32)
    assert (counted.dtype, counted.tolist()) == (fr.int32, [0, 1, 2])


def test_iota() -> None:
    assert fr.iota((2, 3), -1, fr.int32).tolist() == [[0, 1, 2], [0, 1, 2]]
    assert fr.iota((2, 3), dtype=fr.int32).tolist() == [[0, 0, 0], [1, 1, 1]]
    assert fr.iota_like(fr.ones(3, fr.int64)).tolist() == [0, 1, 2]


def test_random_numbers() -> None:
    assert fr.equal(fr.rand(3, 4, seed=1), fr.rand((3, 4), seed=1))
    assert not fr.equal(fr.randn(100), fr.randn(100))
    drawn = fr.randn(10000, seed=0, dtype=fr.float64).numpy()
    assert abs(drawn.mean()) < 0.05
    assert abs(drawn.std() - 1) < 0.05
    even = fr.rand(10000, seed=0).numpy()
    assert 0 <= even.min() < 0.01
    assert 0.99 < even.max() < 1


def test_triangles() -> None:
    x = fr.iota((3, 3), 1, fr.int32) + 1
    assert fr.tril(x).tolist() == [[1, 0, 0], [1, 2, 0], [1, 2, 3]]
    assert fr.triu(x, 1).tolist() == [[0, 2, 3], [0, 0, 3], [0, 0, 0]]
    assert fr.tril(x, -1).tolist() == [[0, 0, 0], [1, 0, 0], [1, 2, 0]]
    assert fr.triu(x > 0).dtype is fr.bool
