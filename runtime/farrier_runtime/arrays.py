"""Conversion of call arguments to arrays of the right type."""

from __future__ import annotations

from typing import Any

import numpy as np

from farrier_runtime import dlpack
from farrier_runtime.calls import DeviceBuffer
from farrier_runtime.dtypes import BY_NUMPY, Array
from farrier_runtime.errors import DeviceError, DtypeError, FarrierError, InputError
from farrier_runtime.manifest import TensorSpec, shape_fits
from farrier_runtime.numbers import check_masks, converted, keeps_kind, native
from farrier_runtime.wording import shown


class DeviceArray:
    """A tensor in a device's memory, the result of a call there.

    Calls on the same device take it without a copy. `numpy()`, `numpy.asarray` and everything else
    that takes array-likes copy it to the host; DLPack shares it on its device.

    Attributes:
        device: the device's name, for example `"cuda:0"`.
        shape: the sizes.
        dtype: the numpy data type.
    """

    def __init__(self, buffer: DeviceBuffer, spec: TensorSpec, device: str) -> None:
        """Hold a tensor.

        Args:
            buffer: the memory.
            spec: the shape and the data type.
            device: the device's name.
        """
        self.buffer, self.spec, self.device = buffer, spec, device
        self.shape, self.dtype = spec.sizes, spec.dtype.numpy

    def numpy(self) -> Array:
        """Copy the tensor to the host.

        Returns:
            An array with its own memory.
        """
        return self.buffer.numpy(self.spec).astype(self.dtype, copy=False)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Copy the tensor to the host for numpy."""
        if copy is False:
            raise DeviceError(
                f"an array on {self.device} cannot become a numpy array without a copy"
            )
        return self.numpy().astype(dtype or self.dtype, copy=False)

    def __dlpack_device__(self) -> tuple[int, int]:
        """DLPack's type and index of the device."""
        kind, index = self.device.split(":")
        return dlpack.DEVICE_NUMBERS[kind], int(index)

    def __dlpack__(
        self,
        *,
        stream: int | None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """Share the tensor on its device; it is complete, so any stream may read it."""
        where = self.__dlpack_device__()
        if copy or dl_device not in (None, where):
            raise BufferError(
                f"an array on {self.device} is shared there only; copy it with numpy()"
            )
        return self.buffer.dlpack(*where)

    def __len__(self) -> int:
        """The first size."""
        if not self.shape:
            raise TypeError("a tensor without dimensions has no len()")
        return self.shape[0]

    def __repr__(self) -> str:
        """The type and the device."""
        return f"<DeviceArray {self.spec.type} on {self.device}>"


def convert(value: Any, spec: TensorSpec, function: str, device: str) -> Array | DeviceBuffer:
    """Convert an argument to an input's shape and data type.

    Args:
        value: a numpy array, an object with DLPack or `__array__`, a number or nested lists.
        spec: the input.
        function: its function's name, for errors.
        device: the device that runs the function.

    Returns:
        An array of the input's shape and data type, on the host or on the device.

    Raises:
        InputError: the shape or the data type does not match.
        DeviceError: the argument is on another device.
    """
    try:
        if isinstance(value, DeviceArray):
            return _on_device(value, spec, device)
        array, adapts = host_array(value)
        if adapts:
            return _adapt(array, value, spec)
        _check(array.shape, array.dtype, spec)
        return array.astype(spec.dtype.numpy, copy=False)
    except (FarrierError, TypeError, ValueError, BufferError, RuntimeError) as error:
        raised = DeviceError if isinstance(error, DeviceError) else InputError
        raise raised(f"Input {spec.name!r} of {function}: {error}") from None


def _on_device(value: DeviceArray, spec: TensorSpec, device: str) -> DeviceBuffer:
    if value.device != device:
        raise DeviceError(
            f"the array is on {value.device}, but the function runs on {device}; pass value.numpy()"
        )
    _check(value.shape, value.dtype, spec)
    return value.buffer


def host_array(value: Any) -> tuple[Array, bool]:
    """Convert what a user passed to an array, without a copy if possible.

    Args:
        value: an array of numpy or any library with DLPack, a number, or nested lists.

    Returns:
        The array, and whether numpy chose its data type.

    Raises:
        TypeError: the value is not an array.
        DeviceError: the array is in a device's memory.
    """
    if isinstance(value, (np.ndarray, np.generic)):
        return native(value), False
    if hasattr(value, "__dlpack__"):
        return dlpack.to_numpy(value), False
    if isinstance(value, int | float | list | tuple):
        return _from_numbers(value), True
    array = native(np.asarray(value))
    if array.dtype.kind in "OSU":
        raise TypeError(f"an object of type {type(value).__name__} is not an array")
    return array, False


def _from_numbers(value: Any) -> Array:
    check_masks(value)
    try:
        return np.asarray(value)
    except ValueError:
        raise InputError("a list has parts of different lengths") from None


def type_text(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    """Return an array's type as signatures print it, for example `float32[2, 3]`.

    Args:
        shape: the sizes.
        dtype: any numpy data type.
    """
    ours = BY_NUMPY.get(_native(dtype))
    return f"{ours.name if ours else dtype}[{', '.join(map(str, shape))}]"


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype if dtype.isnative else dtype.newbyteorder("=")


def _check(shape: tuple[int, ...], dtype: np.dtype[Any], spec: TensorSpec) -> None:
    wanted = spec.dtype.numpy
    right_dtype = _native(dtype) == wanted
    if shape_fits(shape, spec) and right_dtype:
        return
    hint = "" if right_dtype else f'; convert it with .astype("{wanted}")'
    raise InputError(f"expected {spec.type}, but got {type_text(shape, dtype)}{hint}")


def _adapt(array: Array, value: Any, spec: TensorSpec) -> Array:
    """Convert numbers to the input's data type, if all of them keep their value."""
    if not shape_fits(array.shape, spec):
        raise InputError(f"expected {spec.type}, but got shape {list(array.shape)}")
    try:
        if keeps_kind(array, spec.dtype) or not array.size:
            return converted(array, spec.dtype)
    except DtypeError:
        pass
    text = shown(value, 60)
    raise InputError(f"expected {spec.type}, which cannot hold {text} without a loss")
