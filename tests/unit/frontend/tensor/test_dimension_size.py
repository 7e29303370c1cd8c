"""DimensionSize: an int in shapes, a tensor elsewhere, static or dynamic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.ops.evaluate import UnknownValueError
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.dynamic import assert_as_eager, together
from support.messages import message

N = fr.NamedDimension("n", 1, 4, 8)
X = fr.InputInfo((N, 3), fr.float32)


def traced(function: Callable[[Any], Any]) -> Any:
    """Return what a function sees while it is traced."""
    seen: list[Any] = []

    def keep(x: fr.Tensor) -> fr.Tensor:
        seen.append(function(x))
        return x

    trace(keep, [X])
    return seen[0]


# ---------------------------------------------------------------------- known sizes


def test_a_known_size_is_an_integer() -> None:
    size = fr.DimensionSize(3, name="rows")
    assert (int(size), float(size), str(size), repr(size), size.name) == (3, 3.0, "3", "3", "rows")
    assert (size.shape, size.dtype, size.rank) == ((), fr.int32, 0)
    assert [10, 20, 30, 40][fr.DimensionSize(2)] == 30
    assert list(range(fr.DimensionSize(2))) == [0, 1]
    assert size.eval() is size
    assert size.tolist() == 3
    assert np.asarray(size) == 3
    other: Any = fr.DimensionSize(5)
    assert fr.DimensionSize(other).tolist() == 5
    assert isinstance(size, fr.Tensor)
    assert isinstance(hash(size), int)


OPERATIONS: dict[str, tuple[Callable[[Any, Any], Any], int]] = {
    "+": (lambda a, b: a + b, 10),
    "-": (lambda a, b: a - b, 4),
    "*": (lambda a, b: a * b, 21),
    "//": (lambda a, b: a // b, 2),
    "/": (lambda a, b: a / b, 2),
    "%": (lambda a, b: a % b, 1),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_arithmetic_of_sizes_and_ints_gives_sizes(operation: str) -> None:
    compute, expected = OPERATIONS[operation]
    seven, three = fr.DimensionSize(7), fr.DimensionSize(3)
    for left, right in ((seven, three), (seven, 3), (7, three), (np.int64(7), three)):
        result = compute(left, right)
        assert type(result) is fr.DimensionSize
        assert int(result) == expected
    assert int(-seven) == -7


def test_arithmetic_with_tensors_gives_tensors_of_their_data_type() -> None:
    size = fr.DimensionSize(3)
    for result in (fr.Tensor([1.5]) * size, size * fr.Tensor([1.5])):
        assert type(result) is fr.Tensor
        assert (result.tolist(), result.dtype) == ([4.5], fr.float32)
    assert (size - fr.Tensor([1.0])).tolist() == [2.0]
    assert (fr.Tensor([1.0]) - size).tolist() == [-2.0]
    assert type(size**2) is fr.Tensor


NUMBERS = [d for d in dtypes.DTYPES.values() if d.is_integer or d.is_floating]


@pytest.mark.parametrize("dtype", NUMBERS, ids=str)
def test_a_size_beside_every_data_type(dtype: dtype) -> None:
    x = fr.Tensor([1, 2], dtype=dtype)
    for result in (x + fr.DimensionSize(3), fr.DimensionSize(3) + x):
        assert result.dtype is dtype
        assert fr.cast(result, fr.float32).tolist() == [4.0, 5.0]


def test_a_size_that_a_data_type_cannot_hold() -> None:
    with pytest.raises(fr.DtypeError) as caught:
        _ = fr.Tensor([1], dtype=fr.int8) + fr.DimensionSize(300)
    assert message(caught.value) == (
        "The size '300' may be 300, which int8 cannot hold. Cast the other operand, for example "
        "with fr.cast(x, fr.int32)."
    )


def test_comparisons_of_known_sizes() -> None:
    three = fr.DimensionSize(3)
    assert [bool(three == 3), bool(three == 4), bool(three != 3), bool(three < 4)] == [
        True,
        False,
        False,
        True,
    ]
    assert [bool(three >= 4), bool(three > 2), bool(three <= 2), bool(three == 3)] == [
        False,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (2.5, "DimensionSize takes an integer, but got 2.5."),
        ("a", "DimensionSize takes an integer, but got 'a'."),
        (None, "DimensionSize takes an integer, but got None."),
        (2**31, "DimensionSize holds an int32, but got 2147483648."),
        (-(2**31) - 1, "DimensionSize holds an int32, but got -2147483649."),
    ],
)
def test_sizes_that_are_refused(data: Any, text: str) -> None:
    with pytest.raises(fr.ArgumentError) as caught:
        fr.DimensionSize(data)
    assert message(caught.value) == text


def test_static_shapes_are_plain_ints() -> None:
    two: Any = fr.DimensionSize(2)
    shape = fr.ones((two, 3)).shape
    assert shape == (2, 3)
    assert [type(size) for size in shape] == [int, int]


# ---------------------------------------------------------------------- unknown sizes


@pytest.mark.parametrize(
    ("compute", "text"),
    [
        (lambda n: n, "n"),
        (lambda n: n + 1, "n + 1"),
        (lambda n: 1 - n, "-n + 1"),
        (lambda n: n * n, "n*n"),
        (lambda n: n // 2, "n//2"),
        (lambda n: 9 // n, "9//n"),
        (lambda n: n / 2, "n//2"),
        (lambda n: 9 / n, "9//n"),
        (lambda n: n % 3, "n - 3*(n//3)"),
        (lambda n: 9 % n, "-(9//n)*n + 9"),
        (lambda n: -n, "-n"),
        (lambda n: abs(n), "n"),
        (lambda n: abs(2 - n), "max(-n + 2, n - 2)"),
        (lambda n: n + fr.DimensionSize(2), "n + 2"),
        (lambda n: fr.DimensionSize(2) - n, "-n + 2"),
        (lambda n: n + np.int64(2), "n + 2"),
        (lambda n: np.int64(2) * n, "2*n"),
    ],
)
def test_arithmetic_of_unknown_sizes(compute: Callable[[Any], Any], text: str) -> None:
    result = traced(lambda x: compute(x.shape[0]))
    assert type(result) is fr.DimensionSize
    assert str(result) == f"{result}" == text


@pytest.mark.parametrize(
    ("compute", "text"),
    [
        (lambda n: fr.maximum(n, 4), "max(4, n)"),
        (lambda n: fr.minimum(4, n), "min(4, n)"),
        (lambda n: fr.maximum(n, 1), "n"),
        (lambda n: fr.minimum(n * 2, fr.DimensionSize(3)), "min(2*n, 3)"),
        (lambda n: fr.where(n < 4, n, 4), "min(4, n)"),
        (lambda n: fr.where(n < 4, fr.DimensionSize(4), n), "max(4, n)"),
        (lambda n: fr.where(n >= 4, 4, n), "min(4, n)"),
        (lambda n: fr.where(n >= 4, n, fr.DimensionSize(4)), "max(4, n)"),
        (lambda n: fr.where(n < 9, n, 2), "n"),
        (lambda n: fr.where(fr.Tensor(False), n, 2), "2"),
        (lambda n: fr.where(n > 3, n, 2), "min(1, max(0, n - 3))*n - 2*min(1, max(0, n - 3)) + 2"),
    ],
)
def test_choices_between_sizes(compute: Callable[[Any], Any], text: str) -> None:
    result = traced(lambda x: compute(x.shape[0]))
    assert type(result) is fr.DimensionSize
    assert str(result) == text


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: fr.where(fr.sum(x) > 0, x.shape[0], 2),
        lambda x: fr.where(x[0, 0] > x.shape[0], x.shape[0], 2),
        lambda x: fr.where(fr.logical_and(x.shape[0] > 2, fr.sum(x) > 0), x.shape[0], 2),
        lambda x: fr.where(x.shape[0] > 2, x.shape[0], fr.Tensor(2)),
        lambda x: fr.where(fr.Tensor([True, False]), x.shape[0], 2),
        lambda x: fr.maximum(x.shape[0], fr.Tensor(2)),
    ],
)
def test_choices_that_give_tensors(compute: Callable[[Any], Any]) -> None:
    result = traced(compute)
    assert type(result) is fr.Tensor
    assert result.dtype is fr.int32


def test_choices_between_known_sizes() -> None:
    three, five = fr.DimensionSize(3), fr.DimensionSize(5)
    for result in (
        fr.where(three < five, five, three),
        fr.where(fr.Tensor(True), five, 1),
        fr.maximum(three, five),
        fr.minimum(9, five),
    ):
        assert type(result) is fr.DimensionSize
        assert int(result) == 5
    assert fr.where(three < five, 1, 2).tolist() == 1


def test_conditions_of_sizes_are_bools() -> None:
    with pytest.raises(fr.DtypeError) as caught:
        traced(lambda x: fr.where(x.shape[0], x.shape[0], 2))
    assert message(caught.value) == (
        "where's condition takes bool, but got int32 (). Convert it first, for example with "
        "fr.cast(x, fr.bool)."
    )


def test_shapes_are_tuples_of_both() -> None:
    shape = traced(lambda x: x.shape)
    assert isinstance(shape, tuple)
    assert [type(size) for size in shape] == [fr.DimensionSize, int]
    assert str(shape) == "(n, 3)"
    assert traced(lambda x: fr.ones((*x.shape[:1], 4)).shape[1]) == 4
    assert str(traced(lambda x: x.shape[:1] + (4,))) == "(n, 4)"  # noqa: RUF005
    assert str(traced(lambda x: math.prod(x.shape))) == "3*n"
    assert str(traced(lambda x: sum(x.shape))) == "n + 3"
    assert str(traced(lambda x: x.size(0))) == "n"
    assert str(traced(lambda x: fr.concatenate([x, x], 0).shape)) == "(2*n, 3)"


@pytest.mark.parametrize(
    ("compare", "decided"),
    [
        (lambda n: n == n, True),
        (lambda n: n != n, False),
        (lambda n: n == 9, False),
        (lambda n: n != 0, True),
        (lambda n: n < 9, True),
        (lambda n: n <= 8, True),
        (lambda n: n > 8, False),
        (lambda n: n >= 1, True),
        (lambda n: n > 0, True),
        (lambda n: n + 1 > n, True),
        (lambda n: n * 2 >= n, True),
    ],
)
def test_comparisons_that_bounds_decide(compare: Callable[[Any], Any], decided: bool) -> None:
    assert traced(lambda x: bool(compare(x.shape[0]))) is decided


UNKNOWN = (
    "The size 'n' ('n' is 1 to 8) is known only when the compiled function is called, but its "
    "number is asked for while the function is traced. Use it in shapes, in arithmetic and as a "
    "tensor, or give InputInfo a number there."
)


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: int(x.shape[0]),
        lambda x: float(x.shape[0]),
        lambda x: range(x.shape[0]),
        lambda x: [1, 2, 3][x.shape[0]],
        lambda x: len(x),
        lambda x: x.shape[0].eval(),
        lambda x: x.shape[0].tolist(),
        lambda x: x.shape[0].numpy(),
        lambda x: x.shape[0].item(),
        lambda x: bool(x.shape[0] == 4),
        lambda x: x.shape == (4, 3),
        lambda x: 1 if x.shape[0] > 3 else 2,
        lambda x: max(x.shape),
        lambda x: np.zeros(x.shape),
    ],
)
def test_numbers_that_are_asked_for_too_early(ask: Callable[[Any], Any]) -> None:
    with pytest.raises(UnknownValueError) as caught:
        traced(ask)
    assert message(caught.value) == UNKNOWN


def test_the_error_names_every_dimension() -> None:
    info = fr.InputInfo((N, fr.NamedDimension("m", 2, 2, 5)), fr.float32)
    with pytest.raises(UnknownValueError) as caught:
        trace(lambda x: fr.ones((int(x.shape[0] * x.shape[1]),)), [info])
    assert message(caught.value).startswith(
        "The size 'm*n' ('m' is 2 to 5, 'n' is 1 to 8) is known"
    )


def test_draws_need_numbers() -> None:
    for draw in (fr.rand, fr.randn):
        with pytest.raises(fr.ArgumentError) as caught:
            trace(lambda x: draw(x.shape[0], 2), [X])  # noqa: B023
        name = draw.__name__
        assert message(caught.value) == (
            f"{name} draws numbers while tracing, which needs static sizes, not (n, 2)."
        )


def test_a_size_that_may_be_too_large_for_a_data_type() -> None:
    with pytest.raises(fr.DtypeError) as caught:
        trace(lambda x: fr.cast(x, fr.int8) + x.shape[0] * 100, [X])
    assert message(caught.value) == (
        "The size '100*n' may be 800, which int8 cannot hold. Cast the other operand, for example "
        "with fr.cast(x, fr.int32)."
    )


# ---------------------------------------------------------------------- compiled


def _n(x: fr.Tensor) -> Any:
    """Return the number of rows as a DimensionSize, eagerly too."""
    return fr.DimensionSize(0) + x.shape[0]


def _size(result: Any) -> fr.DimensionSize:
    assert isinstance(result, fr.DimensionSize)
    return result


FUNCTIONS: dict[str, Callable[[fr.Tensor], Any]] = {
    "full": lambda x: fr.full((x.shape[0], 2), 1.5),
    "full_of_size": lambda x: fr.full((2,), fr.Tensor(0) + x.shape[0]),
    "ones_zeros": lambda x: (fr.ones((x.shape[0] + 1,)), fr.zeros(x.shape), fr.ones_like(x)),
    "iota": lambda x: (fr.iota((2, x.shape[0]), 1), fr.iota_like(x, 0)),
    "arange": lambda x: fr.arange(x.shape[0]),
    "arange_between": lambda x: fr.arange(-1, x.shape[0] * 2, 3, dtype=fr.int64),
    "arange_down": lambda x: fr.arange(x.shape[0], 0, -2, dtype=fr.int32),
    "arange_down_from_number": lambda x: fr.arange(20, x.shape[0], -3),
    "reshape": lambda x: fr.reshape(x, (3, x.shape[0])),
    "reshape_rest": lambda x: fr.reshape(fr.concatenate([x, x], 0), (x.shape[0], -1)),
    "expand": lambda x: fr.expand(x[:1], (x.shape[0] * 2, 1, 3)),
    "repeat": lambda x: fr.repeat(x, x.shape[0], 0),
    "slices": lambda x: (x[: x.shape[0] // 2], x[x.shape[0] // 2 :], x[x.shape[0] - 1], x[-1]),
    "slices_back": lambda x: (x[x.shape[0] - 1 :: -1], x[x.shape[0] :: -2], x[::-3]),
    "where_of_sizes": lambda x: (
        fr.ones((_size(fr.where(_n(x) == 5, _n(x) - 1, 3)),)),
        fr.ones((_size(fr.where(_n(x) != 5, 1 + _n(x), 2)),)),
        fr.ones((_size(fr.where(fr.logical_and(_n(x) > 1, _n(x) <= 5), 4, _n(x))),)),
        fr.ones((_size(fr.where(fr.logical_or(_n(x) < 2, _n(x) >= 8), 2 * _n(x), 1)),)),
        fr.ones((_size(fr.where(fr.logical_xor(_n(x) < 6, _n(x) > 1), 1, _n(x))),)),
        fr.ones((_size(fr.where(fr.logical_not(_n(x) % 2 == 0), _n(x) + 1, _n(x))),)),
        x[: _size(fr.minimum(_n(x), 3))],
    ),
    "pad": lambda x: fr.pad(x, [(x.shape[0], 1), (0, 2)]),
    "split": lambda x: fr.split(x, [1, x.shape[0] - 1]),
    "resize": lambda x: fr.resize(x, (x.shape[0] * 2, 3), mode="nearest"),
    "flatten": lambda x: fr.flatten(fr.unsqueeze(x, 1), 0, 1),
    "flat": lambda x: fr.reshape(x, (math.prod(x.shape),)),
    "operand": lambda x: (x * x.shape[0], x.shape[0] - x, fr.cast(x, fr.float16) + x.shape[0]),
    "operand_int8": lambda x: fr.cast(x, fr.int8) + x.shape[0],
    "operand_uint8": lambda x: fr.cast(fr.abs(x), fr.uint8) + x.shape[0],
    "operand_int64": lambda x: fr.cast(x, fr.int64) * x.shape[0],
    "operand_bfloat16": lambda x: fr.cast(x, fr.bfloat16) * x.shape[0],
    "where": lambda x: fr.where(fr.Tensor(0) + x.shape[0] > 3, x, -x),
    "mean": lambda x: fr.sum(x, 0) / x.shape[0],
    "stacked": lambda x: fr.stack([fr.Tensor(0) + x.shape[0], fr.Tensor(7)]),
    "power": lambda x: (fr.Tensor(0) + x.shape[0]) ** 2,
}


@pytest.fixture(scope="module")
def programs() -> Any:
    """Return all functions in one module."""
    return together({name: (function, [X]) for name, function in FUNCTIONS.items()})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_compiled_sizes_equal_eager_ones(name: str, programs: Any) -> None:
    for rows in (1, 2, 5, 8):
        x = np.random.default_rng(rows).standard_normal((rows, 3)).astype(np.float32) * 3
        assert assert_as_eager(programs[name], FUNCTIONS[name], [x], 4)
