"""Pooling over windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from farrier.ops.arguments import flag, for_each, refuse, window_padding
from farrier.ops.averages import average
from farrier.ops.creation import full
from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.ops.pooling import MaxPool, SumPool
from farrier_compiler.sizes import is_static
from farrier_compiler.sizes.requirements import at_most
from farrier_compiler.types.geometry import Padding
from farrier_runtime.dtypes import dtype
from farrier_runtime.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    from farrier.types import IntLike, ShapeLike

__all__ = ["avgpool", "maxpool"]

Window = tuple[tuple[int, ...], tuple[int, ...], Padding, tuple[int, ...]]


def maxpool(
    input: Tensor,
    kernel_dims: IntLike | ShapeLike,
    stride: IntLike | ShapeLike | None = None,
    padding: IntLike | Sequence[ShapeLike] | None = None,
) -> Tensor:
    """Take the maximum of every window.

    Args:
        input: (N, C, *S) with at least one spatial dimension S.
        kernel_dims: the window's size in each spatial dimension.
        stride: the distance between neighbouring windows; by default 1, and not the window's size
            as in torch.
        padding: how many elements are added before and after each spatial dimension, which are
            never the maximum. By default none.

    Returns:
        (N, C, *S'), where `S' = (S + low + high - kernel) // stride + 1`.

    Raises:
        ShapeError: the window is larger than the padded input, or there are no spatial dimensions.
        DtypeError: the input holds no numbers.
        ArgumentError: an argument has the wrong number of entries, or cannot be used.

    Example:
        >>> fr.maxpool(fr.Tensor([[[1, 5, 2, 3]]]), (2,), stride=(2,)).tolist()
        [[[5, 3]]]
    """
    input = as_tensor(input)
    return apply(MaxPool(*_window("maxpool", input, kernel_dims, stride, padding)), input)


def avgpool(
    input: Tensor,
    kernel_dims: IntLike | ShapeLike,
    stride: IntLike | ShapeLike | None = None,
    padding: IntLike | Sequence[ShapeLike] | None = None,
    count_include_pad: bool = True,
) -> Tensor:
    """Take the mean of every window.

    16-bit floats are averaged in float32. Integers keep their data type: the quotient is
    truncated, the sum exact.

    Args:
        input: (N, C, *S) with at least one spatial dimension S.
        kernel_dims: the window's size in each spatial dimension.
        stride: the distance between neighbouring windows; by default 1, and not the window's size
            as in torch.
        padding: how many zeros are added before and after each spatial dimension; by default none.
        count_include_pad: whether the mean includes the padding.

    Returns:
        (N, C, *S'), where `S' = (S + low + high - kernel) // stride + 1`.

    Raises:
        ShapeError: the window is larger than the padded input, or there are no spatial dimensions.
        DtypeError: the input holds no numbers.
        ArgumentError: an argument has the wrong number of entries, or cannot be used.

    Example:
        >>> fr.avgpool(fr.Tensor([[[1.0, 5.0, 2.0, 4.0]]]), (2,), stride=(2,)).tolist()
        [[[3.0, 3.0]]]
    """
    input, padded = as_tensor(input), flag("avgpool's count_include_pad", count_include_pad)
    op = SumPool(*_window("avgpool", input, kernel_dims, stride, padding))
    most: int = math.prod(op.window)
    varies = not padded and any(map(any, op.padding))

    def count(dtype: dtype) -> Tensor | int:
        return _counts(op, input, dtype) if varies else most

    return average(input, lambda part: apply(op, part), count, most)


def _counts(op: SumPool, input: Tensor, dtype: dtype) -> Tensor:
    """Return the number of input elements in each window."""
    shape = (1, 1, *input.sizes[2:])
    if is_static(shape):
        return Tensor(op.reference(np.ones(shape)).astype(dtype.numpy))
    return apply(op, full(shape, 1, dtype))


def _window(
    name: str,
    input: Tensor,
    kernel_dims: IntLike | ShapeLike,
    stride: IntLike | ShapeLike | None,
    padding: IntLike | Sequence[ShapeLike] | None,
) -> Window:
    """Return window, stride, padding and dilation with entries for batch and channels too."""
    rank = input.rank - 2
    if rank < 1:
        raise refuse(
            ShapeError(
                f"{name} takes (N, C, ...) with at least one spatial dimension, but "
                f"got {input.value.type.describe()}."
            ),
            input=input,
        )
    window = _entries(f"{name}'s kernel_dims", input, kernel_dims)
    step = (1,) * rank if stride is None else _entries(f"{name}'s stride", input, stride)
    pairs = window_padding(name, padding, rank, input)
    return (1, 1, *window), (1, 1, *step), ((0, 0), (0, 0), *pairs), (1,) * input.rank


def _entries(name: str, input: Tensor, numbers: IntLike | ShapeLike) -> tuple[int, ...]:
    entries = for_each(name, numbers, input.rank - 2)
    if len(entries) != input.rank - 2 or not all(at_most(1, n) for n in entries):
        raise refuse(
            ArgumentError(
                f"{name} takes {input.rank - 2} numbers of at least 1 for "
                f"{input.value.type.describe()}, but got {entries}."
            ),
            input=input,
        )
    return entries
