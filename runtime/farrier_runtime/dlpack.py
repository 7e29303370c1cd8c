"""Conversion between numpy arrays and DLPack capsules, also of bfloat16 and float8."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from farrier_runtime.dtypes import BY_NUMPY, Array, bfloat16, bool, dtype, float8, float8_e5m2
from farrier_runtime.errors import DeviceError, DtypeError

DEVICE_NUMBERS = {"cpu": 1, "cuda": 2, "metal": 8, "rocm": 10, "vulkan": 7}

_HOST = {1, 3, 11}  # plain memory, and memory that CUDA and ROCm have pinned
_NUMERIC = {0: "i", 1: "u", 2: "f"}
_SPECIAL = {(4, 16): bfloat16, (6, 8): bool, (10, 8): float8, (12, 8): float8_e5m2}


class _Tensor(ctypes.Structure):
    """The head of DLManagedTensor: DLTensor."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class _Owner:
    """Memory in numpy's array interface; it keeps the capsule, and with it the memory, alive."""

    def __init__(self, interface: dict[str, Any], capsule: Any) -> None:
        self.__array_interface__ = interface
        self.capsule = capsule


_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def device_of(value: Any) -> str:
    """Return the device of an array: `"cpu"`, or kind and index, for example `"cuda:0"`.

    Args:
        value: an object with `__dlpack_device__`.
    """
    kind, index = value.__dlpack_device__()
    if int(kind) in _HOST:
        return "cpu"
    names = {number: name for name, number in DEVICE_NUMBERS.items()}
    return f"{names.get(int(kind), 'device')}:{index}"


def to_numpy(value: Any) -> Array:
    """View an array of another library in host memory.

    Args:
        value: an object with `__dlpack__`.

    Returns:
        An array on the same memory, with the same strides.

    Raises:
        DeviceError: the array is not in host memory.
        DtypeError: Farrier does not have its data type.
    """
    where = device_of(value)
    if where != "cpu":
        raise DeviceError(f"the array is on {where}; copy it to the host first")
    capsule = value.__dlpack__()
    address = _pointer(capsule, b"dltensor")
    tensor = _Tensor.from_address(address)
    dtype = _dtype(tensor).numpy
    shape = tuple(tensor.shape[: tensor.ndim])
    if not tensor.data or 0 in shape:
        return np.empty(shape, dtype)
    interface = {
        "version": 3,
        "shape": shape,
        "strides": _strides(tensor, shape, dtype.itemsize),
        "typestr": f"<u{dtype.itemsize}",  # bfloat16 has no name here: a view sets the type
        "data": (tensor.data + tensor.byte_offset, False),
    }
    return np.asarray(_Owner(interface, capsule)).view(dtype)


def to_capsule(array: Array, **options: Any) -> Any:
    """Return an array as a DLPack capsule on the same memory.

    Args:
        array: an array of any data type that DLPack has.
        options: the options of `__dlpack__`, which data types that numpy lacks ignore.
    """
    codes = [code for code, dtype in _SPECIAL.items() if dtype.numpy == array.dtype]
    if not codes or BY_NUMPY[array.dtype] is bool:
        return array.__dlpack__(**options)
    capsule = array.view(f"u{array.itemsize}").__dlpack__()
    _Tensor.from_address(_pointer(capsule, b"dltensor")).code = codes[0][0]
    return capsule


def _dtype(tensor: _Tensor) -> dtype:
    dtype = _SPECIAL.get((tensor.code, tensor.bits))
    if dtype is None and tensor.code in _NUMERIC and tensor.bits >= 8:
        dtype = BY_NUMPY.get(np.dtype(f"{_NUMERIC[tensor.code]}{tensor.bits // 8}"))
    if dtype is None or tensor.lanes != 1:
        text = f"code {tensor.code}, {tensor.bits} bits, {tensor.lanes} lanes"
        raise DtypeError(f"Farrier does not have this data type of DLPack: {text}")
    return dtype


def _strides(tensor: _Tensor, shape: tuple[int, ...], itemsize: int) -> tuple[int, ...] | None:
    strides = tensor.strides[: tensor.ndim] if tensor.strides else None
    return tuple(stride * itemsize for stride in strides) if strides else None
