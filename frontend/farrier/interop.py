"""Arrays of numpy, torch, jax and DLPack, numbers and lists into numpy, without a copy if possible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from farrier_runtime import dtypes
from farrier_runtime.dtypes import BY_NUMPY, dtype
from farrier_runtime.errors import ArgumentError, DtypeError

if TYPE_CHECKING:
    from farrier_compiler.graph import Array

Number = int | float | bool


def as_array(data: Any, wanted: dtype | None = None) -> Array:
    """Return `data` as a numpy array of a data type that Farrier has.

    Python ints become int32 (int64 where they do not fit), floats float32, bools bool; arrays
    keep their type. An array's memory is shared where its layout allows it.

    Args:
        data: a number, nested lists of numbers, or any array that speaks `__array__` or DLPack.
        wanted: convert numbers and lists to this data type.

    Raises:
        ArgumentError: the data are no array, or lists are ragged.
        DtypeError: the data type is one that Farrier lacks, or numbers do not fit `wanted`.
    """
    if isinstance(data, bool | int | float | list | tuple):
        return _from_python(data, wanted)
    array = _from_array(data)
    if array.dtype not in BY_NUMPY:
        names = ", ".join(BY_NUMPY[known].name for known in BY_NUMPY)
        raise DtypeError(
            f"Arrays of {array.dtype} cannot become tensors. The data types are: {names}."
        )
    return array


def _from_python(data: Any, wanted: dtype | None) -> Array:
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ArgumentError(f"Nested lists must have equal lengths: {error}") from None
    if array.dtype.kind not in "biuf":
        raise ArgumentError(
            f"A tensor is made of numbers, but the data hold {array.dtype} elements: {data!r:.80}"
        )
    return fit(array, wanted or _default(array))


def _default(array: Array) -> dtype:
    if array.dtype.kind == "b":
        return dtypes.bool
    if array.dtype.kind == "f" or array.size == 0:
        return dtypes.float32
    small = np.iinfo(np.int32)
    fits = array.min() >= small.min and array.max() <= small.max
    return dtypes.int32 if fits else dtypes.int64


def fit(array: Array, wanted: dtype) -> Array:
    """Return numbers as a data type that can hold them.

    Raises:
        DtypeError: a fraction would be cut off, or a number is out of range.
    """
    if array.dtype.kind == "f" and not wanted.is_floating:
        raise DtypeError(
            f"Python floats are not cast to {wanted}: that would cut off fractions. Write "
            f"integers, or cast the other operand, for example with fr.cast(x, fr.float32)."
        )
    if wanted is dtypes.bool and array.dtype.kind != "b":
        raise DtypeError("Python numbers are not cast to bool. Write True or False.")
    with np.errstate(over="ignore"):
        result = array.astype(wanted.numpy)
    if _lost(array, result, wanted):
        raise DtypeError(f"{array.tolist()!r:.60} does not fit into {wanted}.")
    return result


def _lost(array: Array, result: Array, wanted: dtype) -> bool:
    if wanted.is_floating:
        return bool((np.isfinite(array) & ~np.isfinite(result.astype(np.float64))).any())
    return wanted.is_integer and bool((result.astype(array.dtype) != array).any())


def _from_array(data: Any) -> Array:
    if isinstance(data, np.ndarray | np.generic):
        return np.asarray(data)
    if hasattr(data, "detach"):  # torch: gradients and bfloat16 do not travel through DLPack
        return _from_torch(data.detach().cpu())
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
    name = names.get(str(data.dtype).rpartition(".")[2])
    if name is None:
        return data.numpy()
    kind = dtypes.DTYPES[name]
    import torch  # pyright: ignore[reportMissingImports] - the data are torch's: it is imported

    carrier: Any = torch.int16 if kind.itemsize == 2 else torch.int8
    return data.view(carrier).numpy().view(kind.numpy)
