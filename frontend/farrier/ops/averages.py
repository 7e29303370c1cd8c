"""Means that stay right for integers whose sum overflows their data type."""

from __future__ import annotations

from collections.abc import Callable

from farrier.ops.arithmetic import (
    add,
    floor_divide,
    multiply,
    shift_left,
    shift_right,
    subtract,
)
from farrier.ops.comparison import less, not_equal
from farrier.ops.conversion import cast
from farrier.ops.elementwise import binary
from farrier.ops.logic import logical_and
from farrier.tensor import Tensor
from farrier_compiler.ops.elementwise import BitwiseAnd, Divide
from farrier_compiler.sizes import upper_bound
from farrier_runtime.dtypes import dtype, float32, int32, int64

Count = Callable[[dtype], "Tensor | int"]
"""How many numbers are added up, which may be symbolic; as a tensor in a given data type."""

_HALF = 2**32 - 1


def widen(input: Tensor) -> Tensor:
    """Return floats of at most 16 bits in float32, so that a composite rounds once."""
    dtype = input.value.type.dtype
    return cast(input, float32) if dtype.is_floating and dtype.bits <= 16 else input


def average(input: Tensor, add_up: Callable[[Tensor], Tensor], count: Count, most: int) -> Tensor:
    """Return sums by counts in the data type of the input, truncated if it is an integer.

    Args:
        input: the numbers.
        add_up: adds them up, in any data type.
        count: returns how many are added.
        most: an upper bound of it.
    """
    dtype = input.value.type.dtype
    if dtype.is_integer and dtype.bits == 64:
        return _average_of_halves(input, add_up, count(dtype))
    wide = cast(input, _sum_dtype(dtype, most)) if dtype.is_integer else widen(input)
    total = add_up(wide)
    return cast(binary(Divide(), total, count(total.dtype)), dtype)


def _sum_dtype(dtype: dtype, most: int) -> dtype:
    return int32 if dtype.bits + upper_bound(most).bit_length() < 32 else int64


def _average_of_halves(
    input: Tensor, add_up: Callable[[Tensor], Tensor], number: Tensor | int
) -> Tensor:
    """Divide the sums of the upper and of the lower 32 bits, as in long division."""
    low = add_up(binary(BitwiseAnd(), input, _HALF))
    high = add(add_up(shift_right(input, 32)), shift_right(low, 32))
    above = floor_divide(high, number)
    rest = subtract(high, multiply(above, number))
    rest = add(shift_left(rest, 32), binary(BitwiseAnd(), low, _HALF))
    below = floor_divide(rest, number)
    down = add(shift_left(above, 32), below)
    if input.dtype.is_unsigned:
        return down
    inexact = not_equal(rest, multiply(below, number))
    return add(down, cast(logical_and(less(down, 0), inexact), input.dtype))
