"""Convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farrier.ops.arguments import for_each, refuse, same_dtype, whole_number, window_padding
from farrier.ops.shape import flip, permute, reshape
from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.ops.convolution import Convolution
from farrier_compiler.sizes import maximum
from farrier_compiler.sizes.requirements import at_most, equal
from farrier_runtime.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    from farrier.types import IntLike, ShapeLike

__all__ = ["conv_transpose", "convolution"]


def convolution(
    input: Tensor,
    weight: Tensor,
    stride: IntLike | ShapeLike | None = None,
    padding: IntLike | Sequence[ShapeLike] | None = None,
    dilation: IntLike | ShapeLike | None = None,
    groups: int = 1,
) -> Tensor:
    r"""Sum products of a kernel with the windows of the input.

    `result[n, o, s] = sum over c, k of input[n, c, s * stride + k * dilation] * weight[o, c, k]`

    Args:
        input: (N, C, *S) with any number of spatial dimensions S.
        weight: (O, C / groups, *K), of the same data type.
        stride: the distance between neighbouring windows in each spatial dimension; by default 1.
        padding: zeros before and after each spatial dimension, in pairs, or one number for all;
            negative amounts remove elements. By default none.
        dilation: the distance between neighbouring elements in a window; by default 1.
        groups: the number of groups of channels, each convolved separately.

    Returns:
        (N, O, *S'), where `S' = (S + low + high - (K - 1) * dilation - 1) // stride + 1`.

    Raises:
        ShapeError: the channels or ranks do not fit, or the kernel is larger than the input.
        DtypeError: the data types differ.
        ArgumentError: an argument has the wrong number of entries, or cannot be used.

    Example:
        >>> image, weight = fr.ones((1, 1, 4, 4)), fr.ones((8, 1, 3, 3))
        >>> fr.convolution(image, weight, padding=((1, 1), (1, 1))).shape
        (1, 8, 4, 4)
    """
    input, weight = as_tensor(input), as_tensor(weight)
    rank = max(input.rank - 2, 0)
    ones = (1,) * rank
    op = Convolution(
        ones if stride is None else for_each("convolution's stride", stride, rank),
        window_padding("convolution", padding, rank, input),
        ones if dilation is None else for_each("convolution's dilation", dilation, rank),
        whole_number("convolution's groups", groups),
    )
    return apply(op, input, weight)


def conv_transpose(
    input: Tensor,
    weight: Tensor,
    stride: IntLike | ShapeLike | None = None,
    padding: IntLike | Sequence[ShapeLike] | None = None,
    dilation: IntLike | ShapeLike | None = None,
    groups: int = 1,
) -> Tensor:
    r"""Spread each input element over a window, scaled by a kernel, and sum the overlaps.

    `result[n, o, s * stride + k * dilation] += input[n, c, s] * weight[c, o, k]`, over all c, s, k

    It is the gradient of `convolution` with respect to its input.

    Args:
        input: (N, C, *S) with any number of spatial dimensions S.
        weight: (C, O / groups, *K), of the same data type.
        stride: the distance between neighbouring windows in each spatial dimension; by default 1.
        padding: how many elements of the result are cropped before and after each spatial
            dimension; negative amounts add zeros. By default none.
        dilation: the distance between neighbouring elements in a window; by default 1.
        groups: the number of groups of channels, each convolved separately.

    Returns:
        (N, O, *S'), where `S' = (S - 1) * stride + (K - 1) * dilation + 1 - low - high`.

    Raises:
        ShapeError: the channels or ranks do not fit, or the result would be empty.
        DtypeError: the data types differ.
        ArgumentError: an argument has the wrong number of entries, or cannot be used.

    Example:
        >>> image, weight = fr.ones((1, 8, 4, 4)), fr.ones((8, 3, 2, 2))
        >>> fr.conv_transpose(image, weight, stride=(2, 2)).shape
        (1, 3, 8, 8)
    """
    input, weight = as_tensor(input), as_tensor(weight)
    rank = max(input.rank - 2, 0)
    ones = (1,) * rank
    steps = ones if stride is None else for_each("conv_transpose's stride", stride, rank)
    amounts = window_padding("conv_transpose", padding, rank, input)
    gaps = ones if dilation is None else for_each("conv_transpose's dilation", dilation, rank)
    count = whole_number("conv_transpose's groups", groups)
    _check_transposed(input, weight, steps, gaps, count)
    reach = [gap * (size - 1) for gap, size in zip(gaps, weight.sizes[2:], strict=True)]
    around = [(end - low, end - high) for end, (low, high) in zip(reach, amounts, strict=True)]
    _check_left(input, weight, steps, reach, amounts)
    op = Convolution(ones, tuple(around), gaps, count, steps)
    return apply(op, input, _transposed_kernel(weight, count))


def _transposed_kernel(weight: Tensor, groups: int) -> Tensor:
    """Return (C, O / groups, *K) as (O, C / groups, *K), reversed along K."""
    inputs, outputs, *window = weight.sizes
    spatial = range(2, weight.rank)
    if groups == 1:
        kernel = permute(weight, (1, 0, *spatial))
    else:
        grouped = reshape(weight, (groups, inputs // groups, outputs, *window))
        swapped = permute(grouped, (0, 2, 1, *(dim + 1 for dim in spatial)))
        kernel = reshape(swapped, (groups * outputs, inputs // groups, *window))
    return flip(kernel, spatial) if any(size != 1 for size in window) else kernel


def _check_transposed(
    input: Tensor, weight: Tensor, stride: Sequence[int], dilation: Sequence[int], groups: int
) -> None:
    a, b = input.value.type.describe(), weight.value.type.describe()
    rank = input.rank - 2
    if rank < 0 or weight.rank != input.rank:
        problem = (
            "conv_transpose takes an input and a weight of equal rank, at least 2, but got "
            f"{a} and {b}."
        )
        raise refuse(ShapeError(problem), input=input, weight=weight)
    for name, given in (("stride", stride), ("dilation", dilation)):
        if len(given) != rank or not all(at_most(1, n) for n in given):
            problem = (
                f"conv_transpose got {name}={given} for {a}, which has {rank} spatial dimensions: "
                "it needs an integer >= 1 for each."
            )
            raise refuse(ArgumentError(problem), input=input)
    channels = weight.sizes[0]
    if (
        not at_most(1, groups)
        or not equal(channels % groups, 0)
        or not equal(input.sizes[1], channels)
    ):
        problem = (
            f"conv_transpose got {input.sizes[1]} input channels in {a}, and the weight {b} in "
            f"groups={groups}: the weight's first size must be the number of input channels, "
            "and a multiple of groups."
        )
        raise refuse(ShapeError(problem), input=input, weight=weight)
    if weight.dtype is not input.dtype:
        same_dtype("conv_transpose", input=input, weight=weight)


def _check_left(
    input: Tensor,
    weight: Tensor,
    stride: Sequence[int],
    reach: Sequence[int],
    padding: Sequence[tuple[int, int]],
) -> None:
    """Refuse a padding that crops all elements of a dimension."""
    for dim, (low, high) in enumerate(padding):
        whole = (input.sizes[dim + 2] - 1) * stride[dim] + reach[dim] + 1
        left = (input.sizes[dim + 2], weight.sizes[dim + 2], whole - low - high)
        if not all(at_most(1, size) for size in left):
            problem = (
                f"conv_transpose got padding {(low, high)} for spatial dimension {dim}, which "
                f"leaves nothing of {maximum(whole, 0)} elements."
            )
            raise refuse(ShapeError(problem), input=input, weight=weight)
