"""How the elements of a tensor are printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from farrier_runtime.dtypes import BY_NUMPY

if TYPE_CHECKING:
    from farrier_compiler.graph import Array


def plain(array: Array) -> Array:
    """Return numbers of a type that numpy itself has."""
    kind = BY_NUMPY[array.dtype]
    if kind.is_floating:
        return array.astype(np.float64)
    return array.astype(np.int8) if kind.bits == 4 else array


def format_elements(array: Array) -> str:
    """Return the elements in brackets, `%g` for floats, the middle of long ones left out."""
    if array.size == 0:
        return str(array.tolist())
    numbers = plain(array)
    form: Callable[[Any], str] = "{:g}".format if numbers.dtype.kind == "f" else str
    if numbers.ndim == 0:
        return form(numbers.item())
    return np.array2string(
        numbers, separator=", ", threshold=40, edgeitems=3, formatter={"all": form}
    )
