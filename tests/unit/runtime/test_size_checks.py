"""Sizes of a call against a manifest: bounds, and equality by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from farrier_runtime.arrays import Array
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import float32, int32
from farrier_runtime.errors import ArgumentError, InputError
from farrier_runtime.manifest import Function, TensorSpec
from farrier_runtime.size_checks import SizeChecks

ROWS, COLUMNS = Dimension("rows", 1, 4, 8), Dimension("columns", 0, 2, 3)
COUNT = Dimension("count", 2, 3, 4)


def checks(*inputs: TensorSpec) -> SizeChecks:
    return SizeChecks(Function("net", inputs, (), 0))


def matrix(name: str, *shape: Any) -> TensorSpec:
    return TensorSpec(name, float32, shape)


NET = checks(
    matrix("x", ROWS, 3, COLUMNS), TensorSpec("count", int32, (), COUNT), matrix("y", ROWS, COUNT)
)


def call(x: tuple[int, ...], count: int, y: tuple[int, ...]) -> list[Any]:
    return [np.zeros(x), np.asarray(count, np.int32), np.zeros(y)]


@pytest.mark.parametrize(
    ("x", "count", "y"), [((1, 3, 0), 2, (1, 2)), ((8, 3, 3), 4, (8, 4)), ((4, 3, 2), 3, (4, 3))]
)
def test_sizes_within_bounds(x: Any, count: int, y: Any) -> None:
    NET(call(x, count, y))


REFUSED = {
    "below": ((0, 3, 1), 2, (1, 2)),
    "above": ((9, 3, 1), 2, (9, 2)),
    "another dimension": ((8, 3, 4), 2, (8, 2)),
    "unequal": ((2, 3, 1), 2, (5, 2)),
    "value below": ((2, 3, 1), -1, (2, 2)),
    "value above": ((2, 3, 1), 5, (2, 5)),
    "value and size": ((2, 3, 1), 4, (2, 3)),
}
TEXTS = {
    "below": "Input 'x' of net: dimension 0, 'rows', is 0, but must be 1 to 8",
    "above": "Input 'x' of net: dimension 0, 'rows', is 9, but must be 1 to 8",
    "another dimension": "Input 'x' of net: dimension 2, 'columns', is 4, but must be 0 to 3",
    "unequal": (
        "Input 'y' of net: dimension 0, 'rows', is 5, but input 'x' of net: dimension 0, 'rows', "
        "is 2: all sizes 'rows' must be equal"
    ),
    "value below": "Input 'count' of net is -1, but must be 2 to 4",
    "value above": "Input 'count' of net is 5, but must be 2 to 4",
    "value and size": (
        "Input 'y' of net: dimension 1, 'count', is 3, but input 'count' of net is 4: all sizes "
        "'count' must be equal"
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_sizes_that_are_refused(name: str) -> None:
    with pytest.raises(InputError) as caught:
        NET(call(*REFUSED[name]))
    assert str(caught.value) == TEXTS[name]


def test_sizes_may_be_equal_within_one_input() -> None:
    square = checks(matrix("x", ROWS, ROWS))
    square([np.zeros((3, 3))])
    with pytest.raises(InputError) as caught:
        square([np.zeros((3, 4))])
    assert str(caught.value) == (
        "Input 'x' of net: dimension 1, 'rows', is 4, but input 'x' of net: dimension 0, 'rows', "
        "is 3: all sizes 'rows' must be equal"
    )


def test_values_may_be_arrays_of_a_device() -> None:
    class OnDevice:
        shape = ()

        def numpy(self) -> Array:
            return np.asarray(9, np.int32)

    with pytest.raises(InputError) as caught:
        checks(TensorSpec("count", int32, (), COUNT))([OnDevice()])
    assert str(caught.value) == "Input 'count' of net is 9, but must be 2 to 4"


def test_static_functions_have_nothing_to_check() -> None:
    static = checks(matrix("x", 2, 3))
    assert not static
    assert static.described([np.zeros((2, 3))]) == ""
    assert NET


def test_what_a_call_decided_is_described() -> None:
    assert NET.described(call((2, 3, 1), 4, (2, 4))) == (
        " (x has shape (2, 3, 1), count is 4, y has shape (2, 4))"
    )


@pytest.mark.parametrize("bounds", [(-1, 0, 1), (2, 1, 3), (1, 4, 3)])
def test_bounds_are_in_order(bounds: tuple[int, int, int]) -> None:
    with pytest.raises(ArgumentError) as caught:
        Dimension("n", *bounds)
    low, usual, high = bounds
    assert str(caught.value) == (
        f"Dimension 'n' got min={low}, opt={usual} and max={high}: "
        "they must be 0 <= min <= opt <= max."
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("batch", "batch"),
        ("min", '"min"'),
        ("max", '"max"'),
        ("broadcast", '"broadcast"'),
        ("a b", '"a b"'),
        ("2d", '"2d"'),
        ("größe", '"gr\\u00f6\\u00dfe"'),
        ('a"b', '"a\\"b"'),
    ],
)
def test_names_that_are_not_plain_words_are_quoted(name: str, text: str) -> None:
    assert str(Dimension(name, 1, 2, 3)) == text
