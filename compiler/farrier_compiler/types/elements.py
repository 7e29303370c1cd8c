"""Elements as text, exact in both directions: what graph text writes for constants."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

Array = np.ndarray[Any, np.dtype[Any]]


def elements_text(array: Any, kind: dtype) -> str:
    """Write the elements of an array as nested lists."""
    if array.ndim == 0:
        return element_text(array, kind)
    return f"[{', '.join(elements_text(np.asarray(part), kind) for part in array)}]"


def element_text(element: Array, kind: dtype) -> str:
    """Write one element as short as it can be read back to the same bits."""
    if not kind.is_floating:
        plain: Any = element.item() if kind is dtypes.bool else int(element)
        return str(plain).lower()
    candidates = repr(float(element)), repr(float(str(element)))
    for text in sorted(candidates, key=len):
        if _float(float(text), kind).tobytes() == element.tobytes():
            return text
    return f"0x{int(element.view(f'u{kind.numpy.itemsize}')):0{kind.numpy.itemsize * 2}x}"


def _float(number: float, kind: dtype) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(number).astype(kind.numpy)


def parse_element(text: str, kind: dtype) -> Array | None:
    """Return an element from its text, or None where its data type has no such element."""
    if text in ("true", "false"):
        return np.asarray(text == "true") if kind is dtypes.bool else None
    if text.startswith("0x"):
        return _from_bits(int(text, 16), kind) if kind.is_floating else None
    if kind.is_floating:
        number = float(text)
        found = _float(number, kind)
        fits = np.isfinite(found.astype(np.float64)) == np.isfinite(number)
        return found if fits or (kind is dtypes.float8 and np.isnan(number)) else None
    if not kind.is_integer or re.fullmatch(r"-?\d+", text) is None:
        return None
    low = 0 if kind.is_unsigned else -(2 ** (kind.bits - 1))
    fits = low <= int(text) < low + 2**kind.bits
    return np.asarray(int(text)).astype(kind.numpy) if fits else None


def _from_bits(bits: int, kind: dtype) -> Array | None:
    if bits >= 2**kind.bits:
        return None
    return np.asarray(bits, f"u{kind.numpy.itemsize}").view(kind.numpy)


def pack_four_bits(array: Array) -> Array:
    """Return int4 as int8 that hold two elements in a row each: the first one in the low bits."""
    flat = array.astype(np.int8).reshape(-1)
    pairs = np.append(flat, np.zeros(flat.size % 2, np.int8)).reshape(-1, 2)
    return pairs[:, 0] & 15 | pairs[:, 1] << 4
