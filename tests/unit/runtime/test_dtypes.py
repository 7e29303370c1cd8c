"""Data types of other libraries, and values that name none."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from farrier_runtime import dtypes
from farrier_runtime.dtypes import DTYPES, dtype, dtype_of


@pytest.mark.parametrize("ours", DTYPES.values())
def test_numpys_data_types_are_known(ours: dtype) -> None:
    assert dtype_of(ours) is ours
    assert dtype_of(ours.numpy) is ours
    assert dtype_of(ours.numpy.type) is ours


def test_numpys_other_spellings_are_known() -> None:
    assert dtype_of(np.dtype(">f4")) is dtypes.float32
    assert dtype_of(np.longlong) is dtypes.int64
    assert dtype_of(np.double) is dtypes.float64
    assert dtype_of(ml_dtypes.bfloat16) is dtypes.bfloat16
    assert dtype_of(bool) is dtypes.bool


class TorchDtype:
    """A stand-in for torch's data types, which are not classes."""

    __module__ = "torch"

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


@pytest.mark.parametrize("ours", DTYPES.values())
def test_torchs_data_types_are_known(ours: dtype) -> None:
    assert dtype_of(TorchDtype(ours.name)) is ours
    assert dtype_of(TorchDtype("float8_e4m3fn")) is dtypes.float8
    assert dtype_of(TorchDtype("complex64")) is None


class JaxScalar(type):
    """A stand-in for jax's data types: classes that make arrays and hold numpy's data type."""

    dtype = np.dtype(ml_dtypes.bfloat16)


def test_jaxs_data_types_are_known() -> None:
    scalar = JaxScalar("bfloat16", (), {})
    assert dtype_of(scalar) is dtypes.bfloat16


@pytest.mark.parametrize(
    "other",
    [
        *(dtypes.floating, dtypes.integer, dtypes.unsigned, dtypes.generic),
        *(np.floating, np.integer, np.generic, np.complex64, np.str_, np.dtype("U3"), object),
        *(np.dtype([("x", "f4")]), np.datetime64, int, float, str, None, 3, 1.5, [], {}),
        *("float32", "f32", "", np.float32(1), np.ones(2, np.float32)),
    ],
)
def test_other_values_name_no_data_type(other: object) -> None:
    assert dtype_of(other) is None
