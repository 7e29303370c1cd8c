"""The rule for numbers that become elements: values kept, and values refused."""

from __future__ import annotations

import itertools
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from farrier_runtime.dtypes import DTYPES, bool as bool_, dtype
from farrier_runtime.errors import ArgumentError, DtypeError
from farrier_runtime.numbers import converted, keeps_kind, native

EXTREMES = [
    *(0, 1, 2, -1, 7, 8, -8, -9, 127, 128, 255, 256, 2**15, 2**24 + 1, 2**31 - 1, 2**31),
    *(2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**400),
    *(0.5, -0.0, 1e-8, 1e-46, 1e-320, 5e-324, 65519.0, 65520.0, 448.0, 464.0, 465.0, 1e39),
    *(2.0**63, 2.0**64, float("inf"), float("-inf"), float("nan"), True, False),
]


def kept(number: float, wanted: dtype, is_constant: bool) -> bool:
    """Return whether the rule takes a number, by Python's own arithmetic."""
    if wanted is bool_:
        return number in (0, 1)
    if wanted.is_integer:
        info = ml_dtypes.iinfo(wanted.numpy)
        return (isinstance(number, int) or number.is_integer()) and info.min <= number <= info.max
    try:
        element = float(np.asarray(float(number)).astype(wanted.numpy))
    except OverflowError:
        return False
    if number != number or abs(number) == float("inf"):
        return repr(element) == repr(float(number))
    return abs(element) < float("inf") and not (is_constant and element == 0 != number)


@pytest.mark.parametrize("wanted", DTYPES.values(), ids=str)
@pytest.mark.filterwarnings("ignore:.*encountered in cast:RuntimeWarning")  # of `kept`
def test_numbers_keep_their_value_or_are_refused(wanted: dtype) -> None:
    for number, from_array in itertools.product(EXTREMES, (False, True)):
        array = np.asarray(number)
        if kept(number, wanted, not from_array):
            element: Any = converted(array, wanted, from_array)
            assert element.dtype == wanted.numpy
            rounded = float(np.asarray(float(number)).astype(wanted.numpy))
            expected = rounded if wanted.is_floating else number
            plain = float(element) if wanted.is_floating else int(element)
            assert plain == expected or plain != plain
        else:
            with pytest.raises(DtypeError, match="does not fit into"):
                converted(array, wanted, from_array)


@pytest.mark.parametrize(
    ("array", "kind", "text"),
    [
        (np.asarray(300), "uint8", "300 does not fit into uint8."),
        (np.array([[1, 300]]), "uint8", "[[1, 300]] does not fit into uint8."),
        (np.arange(301), "uint8", "256 at [256] does not fit into uint8."),
        (np.asarray(np.nan), "int8", "nan does not fit into int8."),
        (
            np.array([1.0, 2.5]),
            "int8",
            "2.5 at [1] does not fit into int8: it is not whole, and only fr.cast(x, fr.int8) cuts "
            "off fractions.",
        ),
        (
            np.asarray(2),
            "bool",
            "2 does not fit into bool, which holds 0 and 1: compare it, x != 0.",
        ),
        (np.asarray(np.inf), "float8", "inf does not fit into float8, which has no infinity."),
        (np.asarray(1e5), "float16", "100000.0 does not fit into float16."),
        (
            np.asarray(1e-8),
            "float16",
            "1e-08 does not fit into float16: it would become 0, since the smallest number is "
            "6e-08.",
        ),
    ],
)
def test_errors_show_the_number(array: Any, kind: str, text: str) -> None:
    with pytest.raises(DtypeError) as raised:
        converted(array, DTYPES[kind])
    assert str(raised.value) == text


def test_numbers_that_adapt_keep_their_kind() -> None:
    assert keeps_kind(np.asarray(True), DTYPES["int8"])
    assert keeps_kind(np.asarray(2**70), DTYPES["float32"])
    assert not keeps_kind(np.asarray(1.0), DTYPES["int8"])
    assert not keeps_kind(np.asarray(1), DTYPES["bool"])
    assert not keeps_kind(np.asarray(["a"]), DTYPES["float32"])
    assert not keeps_kind(np.asarray([None]), DTYPES["float32"])


def test_arrays_in_the_other_byte_order_are_right_by_value() -> None:
    for swapped in (">i4", ">f8", ">u2", ">f2"):
        array = native(np.array([[1, 2]], swapped))
        assert array.dtype == np.dtype(swapped).newbyteorder("=")
        np.testing.assert_array_equal(array, [[1, 2]])


def test_only_masked_elements_are_refused() -> None:
    np.testing.assert_array_equal(native(np.ma.array([1, 2], mask=[False, False])), [1, 2])
    with pytest.raises(ArgumentError) as raised:
        native(np.ma.array([1, 2], mask=[False, True]))
    assert str(raised.value) == (
        "A masked array has elements without a value: give them one with x.filled(0), or pass "
        "x.data and the mask as two arrays."
    )
