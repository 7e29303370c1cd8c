"""Arguments: conversion to arrays of the right type, and errors."""

from __future__ import annotations

import array
import ctypes
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from farrier_runtime import Executable
from farrier_runtime.arrays import DeviceArray, convert
from farrier_runtime.dtypes import DTYPES, dtype
from farrier_runtime.errors import DeviceError, InputError
from farrier_runtime.manifest import TensorSpec


def converted(value: Any, dtype: str, *shape: int) -> Any:
    """Return an argument converted for the input x of f on the CPU."""
    return convert(value, TensorSpec("x", DTYPES[dtype], shape), "f", "cpu:0")


def text_of(value: Any, dtype: str, *shape: int, error: type[Exception] = InputError) -> str:
    """Return the text of the error that an argument raises, without its beginning."""
    with pytest.raises(error) as caught:
        converted(value, dtype, *shape)
    return str(caught.value).removeprefix("Input 'x' of f: ")


FITTING = [
    (3, "float32"),
    (3, "bfloat16"),
    (2**24, "float32"),
    (2**24 + 1, "float32"),
    (257, "bfloat16"),
    (0.1, "float32"),
    (1e-45, "float32"),
    (float("inf"), "float16"),
    (float("nan"), "float8"),
    (True, "bool"),
    (True, "int8"),
    (False, "float64"),
    (-8, "int4"),
    (7, "int4"),
    (255, "uint8"),
    (2**64 - 1, "uint64"),
    (-(2**63), "int64"),
]


@pytest.mark.parametrize(("number", "dtype"), FITTING)
def test_numbers_adapt_to_the_data_type(number: Any, dtype: str) -> None:
    result = converted(number, dtype)
    assert (result.dtype, result.shape) == (DTYPES[dtype].numpy, ())
    expected = np.asarray(number).astype(DTYPES[dtype].numpy)
    assert result.tobytes() == expected.tobytes()


LOSING = [
    (1.0, "int32"),
    (1.0, "bool"),
    (1, "bool"),
    (1e39, "float32"),
    (1e-46, "float32"),
    (1e-8, "float16"),
    (1e5, "float16"),
    (float("inf"), "float8"),
    (8, "int4"),
    (-1, "uint64"),
    (256, "uint8"),
    (2**63, "int64"),
    (2**64, "uint64"),
]


@pytest.mark.parametrize(("number", "dtype"), LOSING)
def test_numbers_that_would_change_are_refused(number: Any, dtype: str) -> None:
    assert text_of(number, dtype) == (
        f"expected {dtype}[], which cannot hold {number!r} without a loss"
    )


def test_nested_lists() -> None:
    np.testing.assert_array_equal(
        converted([[1, 2.5], (3, 4)], "float16", 2, 2), [[1, 2.5], [3, 4]]
    )
    assert converted([], "int8", 0).dtype == np.int8
    assert converted([[], []], "bfloat16", 2, 0).shape == (2, 0)


def test_lists_that_do_not_fit() -> None:
    assert text_of([1, 2, 3], "float32", 2) == "expected float32[2], but got shape [3]"
    assert text_of(5, "float32", 2) == "expected float32[2], but got shape []"
    assert text_of([[1, 2], [3]], "float32", 2, 2) == "a list has parts of different lengths"
    assert (
        text_of(["a"], "float32", 1)
        == "expected float32[1], which cannot hold ['a'] without a loss"
    )
    assert text_of([1000] * 99, "int8", 99) == (
        "expected int8[99], which cannot hold [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, "
        "1000, 10... without a loss"
    )


def test_masks_are_not_lost() -> None:
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    for value in (masked, [masked, masked]):
        assert text_of(value, "float64", 2).startswith("A masked array has elements without a")


def test_arrays_are_never_cast() -> None:
    assert text_of(np.float64(1), "float32") == (
        'expected float32[], but got float64[]; convert it with .astype("float32")'
    )
    assert text_of(np.zeros(2, np.int8), "int4", 2) == (
        'expected int4[2], but got int8[2]; convert it with .astype("int4")'
    )
    assert text_of(np.zeros(2, bool), "uint8", 2) == (
        'expected uint8[2], but got bool[2]; convert it with .astype("uint8")'
    )
    assert text_of(array.array("d", [1]), "float32", 1) == (
        'expected float32[1], but got float64[1]; convert it with .astype("float32")'
    )


def test_objects_that_are_not_arrays() -> None:
    assert text_of(None, "float32") == "an object of type NoneType is not an array"
    assert text_of({"x": 1}, "float32") == "an object of type dict is not an array"
    assert text_of("one", "float32") == "an object of type str is not an array"


class Foreign:
    """An array of another library, which supports DLPack only."""

    def __init__(self, values: np.ndarray[Any, Any], device: tuple[int, int] = (1, 0)) -> None:
        self.values, self.device = values, device

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device

    def __dlpack__(self) -> Any:
        return self.values.__dlpack__()


def test_dlpack_arrays_share_their_memory() -> None:
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    for part in (x, x.T, x[::2, 1::2], x[::-1], x[1:1], x[:, 0]):
        result = converted(Foreign(part), "float32", *part.shape)
        np.testing.assert_array_equal(result, part)
        assert part.size == 0 or np.shares_memory(result, part)


@pytest.mark.parametrize(
    "dtype", ["float64", "float16", "int64", "int32", "int8", "uint8", "uint32"]
)
def test_dlpack_data_types_of_numpy(dtype: str) -> None:
    x = np.arange(3).astype(dtype)
    np.testing.assert_array_equal(converted(Foreign(x), dtype, 3), x)


def test_dlpack_booleans_and_scalars() -> None:
    x = np.array([True, False])
    np.testing.assert_array_equal(converted(Foreign(x), "bool", 2), x)
    assert converted(Foreign(np.asarray(np.float32(2.5))), "float32") == 2.5


def test_dlpack_arrays_of_another_data_type_or_device() -> None:
    x = np.zeros(3, np.complex64)
    assert text_of(Foreign(x), "float32", 3) == (
        "Farrier does not have this data type of DLPack: code 5, 64 bits, 1 lanes"
    )
    assert text_of(Foreign(x.real), "float64", 3) == (
        'expected float64[3], but got float32[3]; convert it with .astype("float64")'
    )
    on_gpu = Foreign(x.real, (2, 1))
    assert text_of(on_gpu, "float32", 3, error=DeviceError) == (
        "the array is on cuda:1; copy it to the host first"
    )


class _Managed(ctypes.Structure):
    """DLManagedTensor, without strides and without a deleter."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device", ctypes.c_int32 * 2),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.c_void_p),
        ("byte_offset", ctypes.c_uint64),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
    )


class Packed:
    """A one-dimensional array in a data type that numpy's DLPack does not know."""

    def __init__(self, values: np.ndarray[Any, Any], code: int, bits: int) -> None:
        self.values, self.shape = values, (ctypes.c_int64 * 1)(len(values) - 1)
        # The first element is skipped by the byte offset.
        address, offset = values.__array_interface__["data"][0], values.itemsize
        host = (ctypes.c_int32 * 2)(1, 0)
        self.tensor = _Managed(address, host, 1, code, bits, 1, self.shape, None, offset)

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0

    def __dlpack__(self) -> Any:
        new = ctypes.pythonapi.PyCapsule_New
        new.restype = ctypes.py_object
        new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return new(ctypes.addressof(self.tensor), b"dltensor", None)


@pytest.mark.parametrize(
    ("dtype", "code"), [("bfloat16", 4), ("float8", 10), ("float8_e5m2", 12), ("bool", 6)]
)
def test_dlpack_data_types_that_numpy_does_not_know(dtype: str, code: int) -> None:
    x = np.array([9, 1, 0, 3]).astype(DTYPES[dtype].numpy)
    packed = Packed(x, code, DTYPES[dtype].bits)
    np.testing.assert_array_equal(converted(packed, dtype, 3), x[1:])


def test_objects_that_become_arrays() -> None:
    class Wrapped:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
            return np.ones(2, ml_dtypes.bfloat16)

    np.testing.assert_array_equal(converted(Wrapped(), "bfloat16", 2), [1, 1])


def test_errors_of_other_libraries_say_which_input_it_is() -> None:
    class Broken(Foreign):
        def __dlpack__(self) -> Any:
            raise BufferError("Can't export tensors that require gradient")

    assert text_of(Broken(np.ones(1)), "float64", 1) == (
        "Can't export tensors that require gradient"
    )


def test_calls_take_them_all(add: Executable) -> None:
    x = np.arange(8, dtype=np.float32)[::2]
    for value in (x, x.tolist(), tuple(x.tolist()), Foreign(x), array.array("f", x)):
        np.testing.assert_array_equal(add(value, y=value), x * 2)


def all_dtypes() -> list[dtype]:
    """Return all data types."""
    return list(DTYPES.values())


@pytest.mark.parametrize("dtype", all_dtypes(), ids=str)
def test_lists_of_every_data_type(add: Executable, dtype: dtype) -> None:
    one = dtype.name == "bool" or 1
    result = add[f"double_{dtype.name}"]([one] * 5)
    np.testing.assert_array_equal(result, [dtype.name != "bool" and 2] * 5)


def test_a_scalar_on_a_device_has_no_len() -> None:
    buffer: Any = None  # the length needs no memory
    scalar = DeviceArray(buffer, TensorSpec("x", DTYPES["float32"], ()), "cuda:0")
    with pytest.raises(TypeError) as caught:
        len(scalar)
    assert str(caught.value) == "a tensor without dimensions has no len()"
