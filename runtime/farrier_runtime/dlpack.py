"""DLPack capsules of numpy arrays, and back: numpy itself knows no bfloat16 and no float8."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from farrier_runtime.dtypes import BY_NUMPY, bfloat16, bool, dtype, float8, float8_e5m2
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
    """Name the device that an array lies on.

    Args:
        value: an object that speaks DLPack.

    Returns:
        `"cpu"`, or the kind and the index, for example `"cuda:0"`.
    """
    kind, index = value.__dlpack_device__()
    if int(kind) in _HOST:
        return "cpu"
    names = {number: name for name, number in DEVICE_NUMBERS.items()}
    return f"{names.get(int(kind), 'device')}:{index}"


def to_numpy(value: Any) -> np.ndarray[Any, Any]:
    """View an array of another library in host memory.

    Args:
        value: an object that speaks DLPack.

    Returns:
        An array on the same memory, with the same strides.

    Raises:
        DeviceError: the array is not in host memory.
        DtypeError: its data type is none of ours.
    """
    where = device_of(value)
    if where != "cpu":
        raise DeviceError(f"the array is on {where}; copy it to the host first")
    capsule = value.__dlpack__()
    address = _pointer(capsule, b"dltensor")
    tensor = _Tensor.from_address(address)
    kind = _dtype(tensor).numpy
    shape = tuple(tensor.shape[: tensor.ndim])
    if not tensor.data or 0 in shape:
        return np.empty(shape, kind)
    interface = {
        "version": 3,
        "shape": shape,
        "strides": _strides(tensor, shape, kind.itemsize),
        "typestr": f"<u{kind.itemsize}",  # there is no word for bfloat16: a view gives the type
        "data": (tensor.data + tensor.byte_offset, False),
    }
    return np.asarray(_Owner(interface, capsule)).view(kind)


def to_capsule(array: np.ndarray[Any, Any], **options: Any) -> Any:
    """Return an array as a DLPack capsule on the same memory.

    Args:
        array: an array of any data type that DLPack has.
        options: what `__dlpack__` takes; data types that numpy lacks need none of it.

    Returns:
        The capsule.
    """
    codes = [pair for pair, kind in _SPECIAL.items() if kind.numpy == array.dtype]
    if not codes or BY_NUMPY[array.dtype] is bool:
        return array.__dlpack__(**options)
    capsule = array.view(f"u{array.itemsize}").__dlpack__()
    _Tensor.from_address(_pointer(capsule, b"dltensor")).code = codes[0][0]
    return capsule


def _dtype(tensor: _Tensor) -> dtype:
    found = _SPECIAL.get((tensor.code, tensor.bits))
    if found is None and tensor.code in _NUMERIC and tensor.bits >= 8:
        found = BY_NUMPY.get(np.dtype(f"{_NUMERIC[tensor.code]}{tensor.bits // 8}"))
    if found is None or tensor.lanes != 1:
        text = f"code {tensor.code}, {tensor.bits} bits, {tensor.lanes} lanes"
        raise DtypeError(f"no data type of ours is this of DLPack: {text}")
    return found


def _strides(tensor: _Tensor, shape: tuple[int, ...], itemsize: int) -> tuple[int, ...] | None:
    strides = tensor.strides[: tensor.ndim] if tensor.strides else None
    return tuple(stride * itemsize for stride in strides) if strides else None
