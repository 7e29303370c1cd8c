"""The rule by which numbers become elements of a data type.

A number keeps its value; a floating-point type rounds it to the nearest one that it has.

- An integer type takes whole numbers within its range, bool takes 0 and 1.
- No finite number becomes infinite, and no infinity becomes NaN.
- No number in a program's text becomes 0, except 0 itself. Elements of arrays may, by rounding.
- A number that adapts to a type, unasked, also keeps its kind: True is a number, but no number is
  a bool, and no float is an integer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import ml_dtypes
import numpy as np

from farrier_runtime.dtypes import Array, bool as bool_, dtype
from farrier_runtime.errors import ArgumentError, DtypeError


def native(data: Any) -> Array:
    """Return an array of numpy in the machine's byte order.

    Args:
        data: an array or a scalar of numpy, also of a subclass.

    Returns:
        An array that shares its memory if the byte order agrees.

    Raises:
        ArgumentError: an element is masked.
    """
    if np.ma.is_masked(data):
        raise ArgumentError(
            "A masked array has elements without a value: give them one with x.filled(0), or "
            "pass x.data and the mask as two arrays."
        )
    array: Array = np.asarray(data)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def check_masks(data: Any, depth: int = 0) -> None:
    """Refuse masked arrays in lists, whose masks numpy would drop.

    Args:
        data: a number, an array, or nested lists.
        depth: how many lists are around it; numpy refuses more than 64.

    Raises:
        ArgumentError: an element is masked.
    """
    if isinstance(data, list | tuple) and depth <= 64:
        items = cast("Sequence[Any]", data)
        for item in () if set(map(type, items)) <= {int, float, bool} else items:
            check_masks(item, depth + 1)
    elif isinstance(data, np.ma.MaskedArray):
        native(data)


def keeps_kind(array: Array, wanted: dtype) -> bool:
    """Return whether numbers that adapt to a data type keep their kind.

    Args:
        array: the numbers.
        wanted: the data type.
    """
    if wanted is bool_:
        return array.dtype.kind == "b"
    if array.dtype.kind == "O":
        return all(isinstance(number, int) for number in array.flat)
    return array.dtype.kind in ("biuf" if wanted.is_floating else "biu")


def converted(array: Array, wanted: dtype, from_array: bool = False) -> Array:
    """Return numbers as elements of a data type.

    Args:
        array: the numbers; ints that are too large for numpy as objects.
        wanted: the data type.
        from_array: whether they are elements of an array, so that tiny ones may become 0.

    Returns:
        An array of the data type, which may be `array` itself.

    Raises:
        DtypeError: a number does not keep its value; the text shows it.
    """
    if array.dtype == wanted.numpy:
        return array
    elements = _cast(array, wanted)
    misfits = _misfits(array, elements, wanted)
    if wanted.is_floating and not from_array:
        misfits = misfits | ((elements == 0) & (array != 0))
    if misfits.any():
        raise DtypeError(
            _problem(array, np.unravel_index(int(misfits.argmax()), array.shape), wanted)
        )
    return elements


def _cast(array: Array, wanted: dtype) -> Array:
    with np.errstate(all="ignore"):
        if array.dtype.kind != "O":
            return array.astype(wanted.numpy)
        if wanted.is_floating:
            return (
                np.array([_float(n) for n in array.flat]).reshape(array.shape).astype(wanted.numpy)
            )
        bits = 2**64 - 1
        wrapped = np.array([int(n) & bits for n in array.flat], np.uint64)
        return wrapped.reshape(array.shape).astype(wanted.numpy)


def _float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:
        return np.inf if number > 0 else -np.inf


def _misfits(array: Array, elements: Array, wanted: dtype) -> Array:
    """Return where a conversion changed a number by more than rounding."""
    if wanted is bool_:
        return (array != 0) & (array != 1)
    if wanted.is_floating:
        return (_is(np.isnan, array) != np.isnan(elements)) | (
            _is(np.isinf, array) != np.isinf(elements)
        )
    low, high = _limits(wanted)
    if array.dtype.kind in "biuO":
        if not array.size or (low <= int(array.min()) and int(array.max()) <= high):
            return np.zeros(array.shape, np.bool_)
        outside = [not low <= int(number) <= high for number in array.flat]
        return np.array(outside).reshape(array.shape)
    numbers = array.astype(np.float64)
    return ~((np.trunc(numbers) == numbers) & (numbers >= low) & (numbers < float(high + 1)))


def _is(test: Any, array: Array) -> Array:
    return np.zeros(array.shape, np.bool_) if array.dtype.kind in "biuO" else test(array)


def _limits(wanted: dtype) -> tuple[int, int]:
    limits = ml_dtypes.iinfo(wanted.numpy)
    return int(limits.min), int(limits.max)


def _problem(array: Array, index: Any, wanted: dtype) -> str:
    element: Any = array[index]
    number: Any = element.item() if hasattr(element, "item") else element
    text, reason = f"{array.tolist()!r}", _reason(number, wanted)
    if array.ndim and (reason or len(text) > 60):
        text = f"{number!r:.60} at {[int(position) for position in index]}"
    return f"{text:.60} does not fit into {wanted}{reason}."


def _reason(number: Any, wanted: dtype) -> str:
    if wanted is bool_:
        return ", which holds 0 and 1: compare it, x != 0"
    if not wanted.is_floating:
        whole = number != number or number in (np.inf, -np.inf) or number == int(number)
        return (
            ""
            if whole
            else f": it is not whole, and only fr.cast(x, fr.{wanted}) cuts off fractions"
        )
    if isinstance(number, float) and abs(number) == np.inf:
        return ", which has no infinity"
    tiny = float(cast("Any", ml_dtypes.finfo(wanted.numpy)).smallest_subnormal)
    return (
        f": it would become 0, since the smallest number is {tiny:.2g}"
        if abs(number) < tiny
        else ""
    )
