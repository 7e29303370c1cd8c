"""Convolutions."""

from __future__ import annotations

from collections.abc import Sequence

from farrier.ops.arguments import padding_pairs, whole_numbers
from farrier.tensor import Tensor, apply
from farrier_compiler.ops.convolution import Convolution

__all__ = ["convolution"]


def convolution(
    input: Tensor,
    weight: Tensor,
    stride: Sequence[int] | None = None,
    padding: Sequence[Sequence[int]] | None = None,
    dilation: Sequence[int] | None = None,
    groups: int = 1,
) -> Tensor:
    r"""Sum products of a kernel with the windows of the input.

    `result[n, o, s] = sum over c, k of input[n, c, s * stride + k * dilation] * weight[o, c, k]`

    Args:
        input: (N, C, *S) with any number of spatial dimensions S.
        weight: (O, C / groups, *K), of the same data type.
        stride: the distance of neighbouring windows in each spatial dimension; by default 1.
        padding: zeros before and behind each spatial dimension; negative amounts remove elements.
            By default none.
        dilation: the distance of neighbouring elements in a window; by default 1.
        groups: into how many groups the channels are divided, convolved one by one.

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
    rank = max(input.rank - 2, 0)
    ones = (1,) * rank
    op = Convolution(
        ones if stride is None else whole_numbers("convolution's stride", stride),
        ((0, 0),) * rank if padding is None else padding_pairs("convolution", padding, rank, input),
        ones if dilation is None else whole_numbers("convolution's dilation", dilation),
        whole_numbers("convolution's groups", groups)[0],
    )
    return apply(op, input, weight)
