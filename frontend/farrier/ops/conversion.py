"""Conversion between data types."""

from __future__ import annotations

from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.diagnostics import explain
from farrier_compiler.ops.elementwise import Bitcast, Cast
from farrier_runtime.dtypes import DtypeLike, dtype, dtype_of
from farrier_runtime.errors import ArgumentError
from farrier_runtime.wording import shown

__all__ = ["bitcast", "cast"]


def check_dtype(name: str, given: DtypeLike) -> dtype:
    """Return the data type that is given: Farrier's, numpy's or torch's.

    Raises:
        ArgumentError: it is something else.
    """
    dtype = dtype_of(given)
    if dtype is None:
        raise explain(
            ArgumentError(f"{name} needs a data type such as fr.float32, not {shown(given)}.")
        )
    return dtype


def cast(input: Tensor, dtype: DtypeLike) -> Tensor:
    """Convert to another data type.

    Floats become integers by truncation: what is out of range becomes the nearest integer, NaN 0.
    Everything becomes a bool by `input != 0`. Integers that do not fit a smaller type wrap around.

    Args:
        input: a tensor of any data type.
        dtype: the data type of the result.

    Returns:
        A tensor of the same shape; `input` itself if it has that data type.

    Raises:
        ArgumentError: `dtype` is not a data type.

    Example:
        >>> fr.cast(fr.Tensor([-1.5, 300.0]), fr.int8)
        tensor([-1, 127], dtype=int8, loc=cpu:0, shape=(2,))
    """
    tensor = as_tensor(input)
    if tensor.value.type.dtype is dtype:
        return tensor
    wanted = check_dtype("cast", dtype)
    return tensor if tensor.dtype is wanted else apply(Cast(wanted), tensor)


def bitcast(input: Tensor, dtype: DtypeLike) -> Tensor:
    """Reinterpret the bits of every element as another data type of the same size.

    Args:
        input: a tensor of numbers.
        dtype: the data type of the result.

    Returns:
        A tensor of the same shape; `input` itself if it has that data type.

    Raises:
        ArgumentError: `dtype` is not a data type.
        DtypeError: its elements have another size, or one of the types is bool.

    Example:
        >>> fr.bitcast(fr.Tensor([1.0, -0.0]), fr.int32)
        tensor([1065353216, -2147483648], dtype=int32, loc=cpu:0, shape=(2,))
    """
    tensor = as_tensor(input)
    if tensor.value.type.dtype is dtype:
        return tensor
    wanted = check_dtype("bitcast", dtype)
    return tensor if tensor.dtype is wanted else apply(Bitcast(wanted), tensor)
