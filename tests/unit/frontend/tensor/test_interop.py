"""Tensors from numbers, lists and other libraries' arrays, without a copy where possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import farrier as fr
from farrier_runtime.dlpack import to_numpy
from farrier_runtime.dtypes import DTYPES
from support.messages import message


class ArrayLike:
    """An object that supports numpy's array protocol."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        return np.array([1, 2], np.int16)


class Exporter:
    """An array that supports DLPack only."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1, fr.int32),
        (2**31, fr.int64),
        (-(2**31), fr.int32),
        (1.0, fr.float32),
        (True, fr.bool),
        ([], fr.float32),
        ([[1, 2.5]], fr.float32),
        (np.float64(1), fr.float64),
        (np.zeros(2, ml_dtypes.bfloat16), fr.bfloat16),
        (np.zeros(2, np.uint16), fr.uint16),
        (ArrayLike(), fr.int16),
        (Exporter(np.zeros(3)), fr.float64),
    ],
)
def test_data_types(data: Any, dtype: fr.dtype) -> None:
    assert fr.Tensor(data).dtype is dtype


@pytest.mark.parametrize("dtype", [fr.int32, fr.bool])
def test_an_empty_list_takes_any_data_type(dtype: fr.dtype) -> None:
    result = fr.Tensor([[]], dtype=dtype)
    assert (result.dtype, result.shape) == (dtype, (1, 0))


@pytest.mark.parametrize("dtype", [*DTYPES.values()])
def test_every_data_type_comes_and_goes(dtype: fr.dtype) -> None:
    array = np.array([0, 1, 1], np.int64).astype(dtype.numpy)
    tensor = fr.Tensor(array)
    assert tensor.dtype is dtype
    assert tensor.numpy() is array
    assert tensor.tolist() == [0, 1, 1]


def test_memory_is_shared() -> None:
    array = np.arange(6.0).reshape(2, 3).T
    assert np.shares_memory(fr.Tensor(array).numpy(), array)
    assert np.shares_memory(fr.Tensor(Exporter(array)).numpy(), array)
    assert np.shares_memory(np.from_dlpack(fr.Tensor(array)), array)


@pytest.mark.parametrize("dtype", [fr.bfloat16, fr.float8, fr.float8_e5m2, fr.bool, fr.int32])
def test_data_types_that_numpy_lacks_leave_by_dlpack(dtype: fr.dtype) -> None:
    tensor = fr.Tensor([[0, 1, 1], [1, 0, 1]]).cast(dtype).transpose(0, 1)
    result = to_numpy(tensor)
    assert result.dtype == dtype.numpy
    np.testing.assert_array_equal(result, tensor.numpy())
    assert np.shares_memory(result, tensor.numpy())
    assert tensor.__dlpack__(None) is not None  # consumers may pass their stream by position


def test_conversion_is_asked_for() -> None:
    assert fr.Tensor(np.arange(3), dtype=fr.float32).tolist() == [0.0, 1.0, 2.0]
    assert fr.Tensor([1, 2], dtype=fr.uint8).dtype is fr.uint8
    assert fr.Tensor(2**70, dtype=fr.float32).item() == 2.0**70


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda: fr.Tensor([[1], [1, 2]]),
            fr.ArgumentError,
            "Nested lists must have equal lengths: ",
        ),
        (
            lambda: fr.Tensor([1], dtype=np.complex64),
            fr.DtypeError,
            "A tensor needs a data type such as fr.float32, not <class 'numpy.complex64'>.",
        ),
        (
            lambda: fr.Tensor("abc"),
            fr.ArgumentError,
            "A str cannot become a tensor. Pass a number, nested lists, or an array of numpy, "
            "torch, jax or any library that speaks DLPack.",
        ),
        (
            lambda: fr.Tensor(["a", 1.5]),
            fr.ArgumentError,
            "A tensor is made of numbers, but the data hold <U32 elements: ['a', 1.5]",
        ),
        (
            lambda: fr.Tensor(None),
            fr.ArgumentError,
            "A tensor cannot be made from None. Pass a number, nested lists or an array; "
            "copy a tensor with fr.copy.",
        ),
        (
            lambda: fr.Tensor(fr.ones(2)),
            fr.ArgumentError,
            "A tensor cannot be made from a Tensor. Pass a number, nested lists or an array; "
            "copy a tensor with fr.copy.",
        ),
        (
            lambda: fr.Tensor(np.zeros(2, np.complex64)),
            fr.DtypeError,
            "Arrays of complex64 cannot become tensors. The data types are: float64, float32, "
            "float16, bfloat16, float8, float8_e5m2, int64, int32, int16, int8, int4, uint64, "
            "uint32, uint16, uint8, bool.",
        ),
        (lambda: fr.Tensor([2**70]), fr.DtypeError, f"[{2**70}] does not fit into int64."),
        (lambda: fr.Tensor([2**63]), fr.DtypeError, f"[{2**63}] does not fit into int64."),
        (
            lambda: fr.Tensor([1, 300], dtype=fr.uint8),
            fr.DtypeError,
            "[1, 300] does not fit into uint8.",
        ),
        (
            lambda: fr.Tensor([-1], dtype=fr.uint64),
            fr.DtypeError,
            "[-1] does not fit into uint64.",
        ),
        (
            lambda: fr.Tensor(1e6, dtype=fr.float16),
            fr.DtypeError,
            "1000000.0 does not fit into float16.",
        ),
        (
            lambda: fr.Tensor([1.5], dtype=fr.int32),
            fr.DtypeError,
            "Python floats are not cast to int32: that would cut off fractions. Write integers, "
            "or cast the other operand, for example with fr.cast(x, fr.float32).",
        ),
    ],
)
def test_refusals(make: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert message(caught.value).startswith(text)


class QuantizedTorch:
    """The methods by which torch's quantised tensors describe themselves."""

    is_quantized = True
    dtype = "torch.qint8"

    def detach(self) -> QuantizedTorch:
        return self

    def cpu(self) -> QuantizedTorch:
        return self


def test_quantized_tensors_of_torch_are_refused() -> None:
    with pytest.raises(fr.DtypeError) as raised:
        fr.Tensor(QuantizedTorch())
    assert message(raised.value) == (
        "A quantized tensor of torch.qint8 cannot become a tensor as it is. Pass "
        "x.int_repr() or x.dequantize()."
    )
