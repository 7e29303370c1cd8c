"""Types that no array can have."""

from __future__ import annotations

import pytest

from farrier_compiler.sizes import symbol
from farrier_compiler.types.tensor_type import check_extent
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import dtype, float32, int8
from farrier_runtime.errors import ShapeError

N = symbol(Dimension("n", 1, 2, 3))


@pytest.mark.parametrize("shape", [(2**63 - 1,), (1,) * 64, (0, 2**62), (N, 2**62)])
def test_the_largest_type_is_accepted(shape: tuple[int, ...]) -> None:
    check_extent(shape, int8)


@pytest.mark.parametrize(
    ("shape", "dtype", "text"),
    [
        ((2**63,), int8, "int8 (9223372036854775808,)"),
        ((2**40, 2**21), float32, "float32 (1099511627776, 2097152)"),
        ((0, 2**61), float32, "float32 (0, 2305843009213693952)"),
        ((N, 2**61), float32, "float32 (n, 2305843009213693952)"),
    ],
)
def test_too_many_bytes_are_refused(shape: tuple[int, ...], dtype: dtype, text: str) -> None:
    with pytest.raises(ShapeError) as raised:
        check_extent(shape, dtype)
    assert str(raised.value) == f"A tensor has less than 2**63 bytes: {text} is too large."


def test_too_many_dimensions_are_refused() -> None:
    with pytest.raises(ShapeError) as raised:
        check_extent((1,) * 65, float32)
    assert str(raised.value) == "A tensor has at most 64 dimensions, not 65."
