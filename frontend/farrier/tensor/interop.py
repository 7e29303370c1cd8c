"""Conversion of arrays, numbers and lists to numpy, without a copy where possible."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias

import numpy as np

from farrier_compiler.types.numbers import limits
from farrier_runtime import dtypes
from farrier_runtime.dtypes import BY_NUMPY, dtype
from farrier_runtime.errors import ArgumentError, DtypeError
from farrier_runtime.wording import shown

if TYPE_CHECKING:
    from farrier_compiler.graph import Array

Number = int | float | bool

IntLike: TypeAlias = int | SupportsIndex
"""An integer, or an object that can be used as one."""

ShapeLike: TypeAlias = Sequence[IntLike]
"""The size of each dimension."""


def as_array(data: Any, wanted: dtype | None = None) -> Array:
    """Return `data` as a numpy array of one of Farrier's data types.

    Python ints become int32 (int64 where they do not fit), floats float32, bools bool; arrays
    keep their type. An array's memory is shared where its layout allows it.

    Args:
        data: a number, nested lists of numbers, or any array that supports `__array__` or DLPack.
        wanted: the data type that numbers and lists are converted to.

    Raises:
        ArgumentError: the data cannot be converted to an array, or lists are ragged.
        DtypeError: Farrier lacks the data type, or numbers do not fit `wanted`.
    """
    if isinstance(data, bool | int | float | list | tuple) and not isinstance(data, np.generic):
        return _from_python(data, wanted)
    array = _from_array(data)
    if array.dtype not in BY_NUMPY:
        names = ", ".join(supported.name for supported in BY_NUMPY.values())
        raise DtypeError(
            f"Arrays of {array.dtype} cannot become tensors. The data types are: {names}."
        )
    return array


def _from_python(data: Any, wanted: dtype | None) -> Array:
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ArgumentError(f"Nested lists must have equal lengths: {error}") from None
    if array.size == 0:
        return array.astype((wanted or dtypes.float32).numpy)
    if array.dtype.kind not in "biuf" and not _giant(array):
        raise ArgumentError(
            f"A tensor is made of numbers, but the data hold {array.dtype} elements: {shown(data)}"
        )
    return fit(array, wanted or _default(array))


def _default(array: Array) -> dtype:
    if array.dtype.kind == "b":
        return dtypes.bool
    if array.dtype.kind == "f":
        return dtypes.float32
    return dtypes.int32 if _within(array, dtypes.int32) else dtypes.int64


def fit(array: Array, wanted: dtype) -> Array:
    """Return numbers as a data type that can hold them.

    Raises:
        DtypeError: a fraction would be cut off, or a number is out of range.
    """
    if array.ndim == 0 and wanted.is_floating and wanted.bits > 8 and abs(array.item()) < 60000:
        return array.astype(wanted.numpy)  # a fast path for `x * 2`
    if array.dtype.kind == "f" and not wanted.is_floating:
        raise DtypeError(
            f"Python floats are not cast to {wanted}: that would cut off fractions. Write "
            f"integers, or cast the other operand, for example with fr.cast(x, fr.float32)."
        )
    if wanted is dtypes.bool and array.dtype.kind != "b":
        raise DtypeError("Python numbers are not cast to bool. Write True or False.")
    if wanted.is_integer and not _within(array, wanted):
        raise DtypeError(f"{array.tolist()!r:.60} does not fit into {wanted}.")
    try:
        numbers = array.astype(np.float64) if array.dtype.kind == "O" else array
        with np.errstate(over="ignore"):
            result = numbers.astype(wanted.numpy)
    except OverflowError:
        result = np.asarray(np.inf)
    if wanted.is_floating and _overflowed(array, result):
        raise DtypeError(f"{array.tolist()!r:.60} does not fit into {wanted}.")
    return result


def _giant(array: Array) -> bool:
    """Return whether these are Python ints, some of them too large for numpy."""
    return all(isinstance(number, int) for number in array.flat)


def _within(array: Array, wanted: dtype) -> bool:
    low, high = limits(wanted)
    return not array.size or (low <= int(array.min()) and int(array.max()) <= high)


def _overflowed(array: Array, result: Array) -> bool:
    finite = array.dtype.kind != "f" or np.isfinite(array)
    return bool((finite & ~np.isfinite(result.astype(np.float64))).any())


def _from_array(data: Any) -> Array:
    if isinstance(data, np.ndarray | np.generic):
        return np.asarray(data)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if hasattr(data, "detach"):  # torch: DLPack refuses gradients and bfloat16
        return _from_torch(data.detach())
    if hasattr(data, "__array__"):
        return np.asarray(data)
    if hasattr(data, "__dlpack__"):
        return np.from_dlpack(data)
    raise ArgumentError(
        f"A {type(data).__name__} cannot become a tensor. Pass a number, nested lists, or an "
        "array of numpy, torch, jax or any library that speaks DLPack."
    )


def _from_torch(data: Any) -> Array:
    names = {"bfloat16": "bfloat16", "float8_e4m3fn": "float8", "float8_e5m2": "float8_e5m2"}
    if data.is_quantized:
        raise DtypeError(
            f"A quantized tensor of {data.dtype} cannot become a tensor as it is. Pass "
            "x.int_repr() or x.dequantize()."
        )
    if data.is_meta or str(data.layout) != "torch.strided":
        state = "meta tensor" if data.is_meta else f"tensor of {data.layout}"
        raise ArgumentError(
            f"A {state} cannot become a tensor, which is dense. Pass x.to_dense(), or elements."
        )
    data = data.cpu().resolve_conj().resolve_neg()
    name = names.get(str(data.dtype).rpartition(".")[2])
    if name is None:
        return data.numpy()
    dtype = dtypes.DTYPES[name]
    torch: Any = sys.modules["torch"]  # already imported, since the data are torch's
    return data.view(torch.int16 if dtype.itemsize == 2 else torch.int8).numpy().view(dtype.numpy)
