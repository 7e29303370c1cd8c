"""Formatting of a tensor's elements, in nvtripy's layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from farrier_runtime.dtypes import BY_NUMPY

if TYPE_CHECKING:
    from farrier_compiler.graph import Array

_LINE = 10  # numbers on a line
_WHOLE = 40  # the most elements that are shown in full
_EDGE = 3  # elements shown at both ends of each dimension otherwise


def plain(array: Array) -> Array:
    """Return elements in one of numpy's own data types."""
    dtype = BY_NUMPY[array.dtype]
    if dtype.is_floating:
        return array.astype(np.float64)
    return array.astype(np.int8) if dtype.bits == 4 else array


def format_elements(array: Array) -> str:
    """Return the elements in brackets, floats as `%g`, with the middle of long arrays left out."""
    if array.size == 0:
        return str(array.tolist())
    numbers = plain(array)
    form: Callable[[Any], str] = "{:g}".format if numbers.dtype.kind == "f" else str
    return _nested(numbers, form, short=array.size > _WHOLE, indent=1)


def _nested(array: Array, form: Callable[[Any], str], short: bool, indent: int) -> str:
    if not array.ndim:
        return form(array.item())
    ends = [array[:_EDGE], array[-_EDGE:]] if short and len(array) > 2 * _EDGE else [array]
    groups = [[_nested(part, form, short, indent + 1) for part in end] for end in ends]
    parts = [*groups[0], "...", *groups[1]] if len(groups) == 2 else groups[0]
    if array.ndim == 1:
        parts = [", ".join(parts[start : start + _LINE]) for start in range(0, len(parts), _LINE)]
    separator = "," + "\n" * max(array.ndim - 1, 1) + " " * indent
    return f"[{separator.join(parts)}]"
