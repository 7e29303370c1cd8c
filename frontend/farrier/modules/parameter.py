"""Parameters: tensors of a Module whose shape and data type are known before their value."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from farrier.tensor import Tensor
from farrier.tensor.interop import as_array
from farrier_compiler.diagnostics import explain, here, memory_for
from farrier_compiler.graph import TensorType, Value
from farrier_compiler.types.tensor_type import check_extent
from farrier_runtime.dtypes import DtypeLike, dtype, dtype_of, float32
from farrier_runtime.errors import ArgumentError, DtypeError, FarrierError, ShapeError
from farrier_runtime.wording import shown


class Parameter(Tensor):
    """A tensor whose value is set later, by assignment, `load_state_dict` or `reset_parameters`.

    Its shape and data type are known at once, so a Module can be called to learn the shapes of
    its results; only evaluating them needs the value. Every tensor in a Module's attributes is a
    parameter: if the value is known from the start, assign the tensor itself.

    Args:
        shape: the size of each dimension.
        dtype: the data type.
        name: a name that error messages show; a Module gives its own.

    Raises:
        ArgumentError: the shape is not a sequence of integers >= 0.
        ShapeError: an array cannot have this shape.
        DtypeError: `dtype` is not a Farrier data type.

    Example:
        >>> weight = fr.Parameter((4, 3), fr.float32)
        >>> weight.shape
        (4, 3)
    """

    __slots__ = ()

    def __init__(
        self, shape: Sequence[int], dtype: DtypeLike = float32, name: str | None = None
    ) -> None:
        try:
            type = TensorType(_checked_shape(shape), _checked_dtype(dtype))
            check_extent(type.shape, type.dtype)
        except FarrierError as error:
            raise explain(error) from None
        self.value = Value(type, None, None, name, here())

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Return whether values of a shape can be assigned."""
        return shape == self.shape

    def holding(self, tensor: Tensor) -> Tensor:
        """Return the tensor that replaces this parameter when it is assigned a value."""
        return tensor

    def dummy(self) -> Any:
        """Return what `initialize_dummy_parameters` sets: 0, 1, 2, ... in this shape."""
        return np.arange(self.value.type.size).reshape(self.shape)


def filled(parameter: Parameter) -> Tensor:
    """Return the dummy of a parameter, in its data type.

    Raises:
        DeviceError: there is not enough memory.
    """
    purpose = f"a parameter, {parameter.value.type.describe()}"
    with memory_for(purpose), np.errstate(all="ignore"):
        return Tensor(parameter.dummy().astype(parameter.dtype.numpy))


class OptionalParameter(Parameter):
    """A parameter that may stay unset, in which case the layer does without it."""

    __slots__ = ()


class HiddenParameter(OptionalParameter):
    """An optional parameter that is not listed until it is set."""

    __slots__ = ()


class Retyped(Tensor):
    """The elements of a parameter in another type, such as integers that know their scales.

    Args:
        tensor: the parameter, or what was made from it.
        type: the type.
    """

    __slots__ = ("original",)

    def __init__(self, tensor: Tensor, type: TensorType) -> None:
        self.original = value = identity(tensor)
        self.value = Value(type, None, value.data, value.name, value.location)


def identity(tensor: Tensor) -> Value:
    """Return the object that all tensors of one parameter share."""
    return tensor.original if isinstance(tensor, Retyped) else tensor.value


def _checked_shape(shape: Any) -> tuple[int, ...]:
    if hasattr(shape, "__array__"):
        raise ArgumentError(
            f"A Parameter is made from a shape, but got a {type(shape).__name__}. Assign a Tensor "
            "of the values to the Module's attribute: every tensor there is a parameter."
        )
    try:
        sizes = tuple(map(operator.index, shape))
    except TypeError:
        sizes = (-1,)
    if min(sizes, default=0) < 0:
        raise ArgumentError(f"A Parameter's shape is a tuple of integers >= 0, not {shown(shape)}.")
    return sizes


def _checked_dtype(given: DtypeLike) -> dtype:
    dtype = dtype_of(given)
    if dtype is None:
        raise DtypeError(f"A Parameter needs a data type such as fr.float32, not {shown(given)}.")
    return dtype


def is_unset(tensor: Tensor) -> bool:
    """Return whether a tensor has neither a value nor an op that computes it."""
    return tensor.value.data is None and tensor.value.producer is None


def fitting(name: str, current: Tensor, given: Any) -> Tensor:
    """Return a value as a tensor that can replace a parameter.

    Args:
        name: the parameter's name, for messages.
        current: the parameter.
        given: a tensor, which is usually returned as it is, or an array or numbers.

    Raises:
        ShapeError: the shape differs.
        DtypeError: the data type differs, or the numbers do not fit it.
        ArgumentError: the value cannot be converted to an array.
    """
    tensor = given if isinstance(given, Tensor) else _as_tensor(name, current, given)
    actual, expected = tensor.value.type, current.value.type
    takes = current.takes if isinstance(current, Parameter) else expected.shape.__eq__
    if not takes(actual.shape):
        raise ShapeError(
            f"{name} is {expected.describe()}, but the value given is {actual.describe()}. "
            f"Pass a value of shape {expected.shape}."
        )
    if actual.dtype is not expected.dtype:
        cast = "x.cast(fr.{})" if isinstance(given, Tensor) else "fr.Tensor(x, fr.{})"
        raise DtypeError(
            f"{name} is {expected.describe()}, but the value given is {actual.describe()}. Values "
            f"are not cast silently: pass {cast.format(expected.dtype)}, or make the layer with "
            f"dtype=fr.{actual.dtype}."
        )
    return current.holding(tensor) if isinstance(current, Parameter) else tensor


def _as_tensor(name: str, current: Tensor, given: Any) -> Tensor:
    try:
        array = as_array(given, current.dtype)
    except FarrierError as error:
        raise type(error)(f"{name} is {current.value.type.describe()}. {error}") from None
    return Tensor(array)
