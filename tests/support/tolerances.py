"""Tolerances against the float64 reference, by data type."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from farrier_runtime import dtypes
from farrier_runtime.dtypes import BY_NUMPY, dtype

# Relative tolerances; the absolute one is the same times the largest magnitude of the reference.
RELATIVE: dict[dtype, float] = {
    dtypes.float64: 1e-12,
    dtypes.float32: 2e-6,
    dtypes.float16: 2e-3,
    dtypes.bfloat16: 1.6e-2,
    dtypes.float8: 0.13,
    dtypes.float8_e5m2: 0.26,
}


def assert_close(
    array: NDArray[Any], expected: NDArray[Any], scale: float = 1.0, label: str = ""
) -> None:
    """Compare a result with its float64 (or exact) reference.

    Integers and bools must be equal; floats may differ by `RELATIVE` times `scale` of the
    reference's magnitude. Non-finite elements must be the same.
    """
    assert array.shape == expected.shape, f"{label}: shape {array.shape}, expected {expected.shape}"
    dtype = BY_NUMPY[array.dtype]
    if not dtype.is_floating:
        np.testing.assert_array_equal(array, expected.astype(array.dtype), err_msg=label)
        return
    result, reference = array.astype(np.float64), expected.astype(np.float64)
    finite = reference[np.isfinite(reference)]
    tolerance = RELATIVE[dtype] * scale
    magnitude = float(np.abs(finite).max()) if finite.size else 0.0
    np.testing.assert_allclose(
        result, reference, rtol=tolerance, atol=tolerance * magnitude, err_msg=label
    )
