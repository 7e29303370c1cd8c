"""InputInfo: what is known of an argument before the program runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex

from farrier_compiler.diagnostics import explain
from farrier_runtime.dtypes import dtype as dtype_class
from farrier_runtime.errors import ArgumentError, DtypeError, FarrierError


@dataclass(frozen=True, init=False)
class InputInfo:
    """The shape and data type of an argument that is supplied at run time.

    Args:
        shape: the size of each dimension.
        dtype: the data type.

    Raises:
        ArgumentError: a size is no integer, or is negative.
        DtypeError: `dtype` is no data type of Farrier's.

    Example:
        >>> fr.InputInfo((1, 1, 8, 8), fr.float32)
        InputInfo(shape=(1, 1, 8, 8), dtype=float32)
    """

    shape: tuple[int, ...]
    dtype: dtype_class

    def __init__(self, shape: Sequence[SupportsIndex], dtype: dtype_class) -> None:
        try:
            object.__setattr__(self, "shape", _sizes(shape))
            object.__setattr__(self, "dtype", _data_type(dtype))
        except FarrierError as error:
            raise explain(error) from None


def _sizes(shape: Sequence[Any]) -> tuple[int, ...]:
    for size in shape:
        if isinstance(size, bool) or not hasattr(size, "__index__") or int(size) < 0:
            raise ArgumentError(f"InputInfo needs a shape of integers >= 0, but got {shape!r}.")
    return tuple(int(size) for size in shape)


def _data_type(kind: Any) -> dtype_class:
    if not isinstance(kind, dtype_class):
        raise DtypeError(f"InputInfo needs a data type such as fr.float32, not {kind!r}.")
    return kind
