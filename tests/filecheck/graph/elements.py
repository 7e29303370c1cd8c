# RUN: %python %s | filecheck %s
"""Exact element text: the shortest number that reads back to the same bits, or the bits."""

import ml_dtypes
import numpy as np

from farrier_compiler.graph import Array
from farrier_compiler.types.elements import elements_text
from farrier_runtime.dtypes import BY_NUMPY


def show(array: Array) -> None:
    print(BY_NUMPY[array.dtype].short, elements_text(array, BY_NUMPY[array.dtype]))


# CHECK: f32 [0.1, -0.0, inf, -inf, nan, 16777216.0, 1e-45]
show(np.array([0.1, -0.0, np.inf, -np.inf, np.nan, 2**24, 1e-45], np.float32))
# CHECK: f64 [0.1, 0.10000000149011612]
show(np.array([0.1, np.float32(0.1)], np.float64))
# CHECK: f16 [0.1, 65504.0, 6e-08]
show(np.array([0.1, 65504, 6e-8], np.float16))
# CHECK: bf16 [0.100098, 3.0]
show(np.array([0.1, 3], ml_dtypes.bfloat16))
# CHECK: f8e4m3fn [448.0, 0.015625, nan, 0xff]
show(np.array([0x7E, 0x08, 0x7F, 0xFF], np.uint8).view(ml_dtypes.float8_e4m3fn))
# CHECK: f32 [0x7fc00001]
show(np.array([0x7FC00001], np.uint32).view(np.float32))
# CHECK: i4 [-8, 7]
show(np.array([-8, 7], ml_dtypes.int4))
# CHECK: u64 [18446744073709551615]
show(np.array([2**64 - 1], np.uint64))
# CHECK: bool [{{\[}}true, false], [false, true]]
show(np.eye(2, dtype=np.bool_))
