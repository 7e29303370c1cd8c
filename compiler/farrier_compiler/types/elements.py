"""Exact text of elements, as graph text has it for constants."""

from __future__ import annotations

import re
from math import inf
from typing import Any

import numpy as np

from farrier_runtime import dtypes
from farrier_runtime.dtypes import Array as Array, dtype
from farrier_runtime.errors import DtypeError
from farrier_runtime.numbers import converted


def elements_text(array: Any, dtype: dtype) -> str:
    """Return the elements of an array as nested lists."""
    if array.ndim == 0:
        return element_text(array, dtype)
    return f"[{', '.join(elements_text(np.asarray(part), dtype) for part in array)}]"


def element_text(element: Array, dtype: dtype) -> str:
    """Return the shortest text of an element that reads back to the same bits."""
    if not dtype.is_floating:
        plain: Any = element.item() if dtype is dtypes.bool else int(element)
        return str(plain).lower()
    candidates = repr(float(element)), repr(float(str(element)))
    for text in sorted(candidates, key=len):
        if _float(float(text), dtype).tobytes() == element.tobytes():
            return text
    return f"0x{int(element.view(f'u{dtype.numpy.itemsize}')):0{dtype.numpy.itemsize * 2}x}"


def _float(number: float, dtype: dtype) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(number).astype(dtype.numpy)


def parse_element(text: str, dtype: dtype) -> Array | None:
    """Return an element from its text, or None where its data type has no such element."""
    if text in ("true", "false"):
        return np.asarray(text == "true") if dtype is dtypes.bool else None
    if text.startswith("0x"):
        return _from_bits(int(text, 16), dtype) if dtype.is_floating else None
    if dtype.is_floating:
        number = float(text)
        return None if _is_beyond(text, number) else _fitting(number, dtype)
    if not dtype.is_integer or re.fullmatch(r"-?\d+", text) is None:
        return None
    return _fitting(int(text), dtype)


def _is_beyond(text: str, number: float) -> bool:
    """Return whether digits are too large or too small for any float."""
    digits = set(text.lower().partition("e")[0]) & set("123456789")
    return bool(digits) and (number == 0 or abs(number) == inf)


def _fitting(number: float, dtype: dtype) -> Array | None:
    try:
        return converted(np.asarray(number), dtype)
    except DtypeError:
        return None


def _from_bits(bits: int, dtype: dtype) -> Array | None:
    if bits >= 2**dtype.bits:
        return None
    return np.asarray(bits, f"u{dtype.numpy.itemsize}").view(dtype.numpy)


def pack_four_bits(array: Array) -> Array:
    """Return int4 as int8 that hold two successive elements each, the first in the low bits."""
    flat = array.astype(np.int8).reshape(-1)
    pairs = np.append(flat, np.zeros(flat.size % 2, np.int8)).reshape(-1, 2)
    return pairs[:, 0] & 15 | pairs[:, 1] << 4
