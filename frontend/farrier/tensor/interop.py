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
from farrier_runtime.numbers import check_masks, converted, keeps_kind, native
from farrier_runtime.wording import shown

if TYPE_CHECKING:
    from farrier_compiler.graph import Array

Number = int | float | bool

IntLike: TypeAlias = int | SupportsIndex
"""An integer, or an object that can be used as one."""

ShapeLike: TypeAlias = Sequence[IntLike]
"""The size of each dimension."""


def as_array(data: Any, wanted: dtype | None = None, convert: bool = False) -> Array:
    """Return `data` as a numpy array of one of Farrier's data types.

    Python ints become int32 (int64 where they do not fit), floats float32, bools bool; arrays
    keep their type unless another is asked for. An array's memory is shared where possible.

    Args:
        data: a number, nested lists of numbers, or any array that supports `__array__` or DLPack.
        wanted: the data type that numbers and lists are converted to.
        convert: whether arrays are converted to it too.

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
    return converted(array, wanted, from_array=True) if convert and wanted else array


def _from_python(data: Any, wanted: dtype | None) -> Array:
    array = _numbers(data)
    if array.size == 0:
        return array.astype((wanted or dtypes.float32).numpy)
    if array.dtype.kind not in "biuf" and not _holds_ints(array):
        raise ArgumentError(
            f"A tensor is made of numbers, but the data hold {array.dtype} elements: {shown(data)}"
        )
    wanted = wanted or _default(array)
    if wanted.is_integer and _has_fractions(array):
        raise DtypeError(_cut_off(wanted))
    return converted(array, wanted)


def _numbers(data: Any) -> Array:
    """Return nested lists as an array, whose ints are exact however large they are."""
    check_masks(data)
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ArgumentError(f"Nested lists must have equal lengths: {error}") from None
    if array.dtype.kind == "f" and array.size and abs(array).max() >= 2.0**63:
        exact = np.asarray(data, object)
        return exact if _holds_ints(exact) else array
    return array


def _default(array: Array) -> dtype:
    if array.dtype.kind == "b":
        return dtypes.bool
    if array.dtype.kind == "f":
        return dtypes.float32
    low, high = limits(dtypes.int32)
    fits = low <= int(array.min()) and int(array.max()) <= high
    return dtypes.int32 if fits else dtypes.int64


def fit(array: Array, wanted: dtype) -> Array:
    """Return numbers in a data type to which they adapt, by the rule of `farrier_runtime.numbers`.

    Raises:
        DtypeError: a float would become an integer, a number a bool, or a number does not fit.
    """
    if array.ndim == 0 and wanted.is_floating and wanted.bits > 8 and _is_usual(array.item()):
        return array.astype(wanted.numpy)  # a fast path for `x * 2`
    if not keeps_kind(array, wanted):
        if wanted.is_integer:
            raise DtypeError(_cut_off(wanted))
        raise DtypeError("Python numbers are not cast to bool. Write True or False.")
    return converted(array, wanted)


def _is_usual(number: float) -> bool:
    return number == 0 or 1e-7 < abs(number) < 60000


def _cut_off(wanted: dtype) -> str:
    return (
        f"Python floats are not cast to {wanted}: that would cut off fractions. Write "
        f"integers, or cast the other operand, for example with fr.cast(x, fr.float32)."
    )


def _has_fractions(array: Array) -> bool:
    return array.dtype.kind == "f" and bool((np.isfinite(array) & (np.trunc(array) != array)).any())


def _holds_ints(array: Array) -> bool:
    """Return whether these are Python ints, some of them too large for numpy."""
    return array.dtype.kind == "O" and all(isinstance(number, int) for number in array.flat)


def _from_array(data: Any) -> Array:
    if isinstance(data, np.ndarray | np.generic):
        return native(data)
    if hasattr(data, "detach"):  # torch: DLPack refuses gradients and bfloat16
        return _from_torch(data.detach())
    if hasattr(data, "__array__"):
        return native(np.asarray(data))
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
