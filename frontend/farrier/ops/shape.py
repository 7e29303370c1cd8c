"""Reshaping and reordering."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from farrier.ops.arguments import (
    dim_along,
    dims_over,
    joined,
    new_dim,
    normal_dim,
    normal_dims,
    refuse,
    vector,
    whole_number,
    whole_numbers,
)
from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.ops import shape as primitive
from farrier_compiler.ops.shape import becomes, not_negative
from farrier_compiler.sizes import is_static, lower_bound
from farrier_compiler.sizes.requirements import at_most, equal
from farrier_compiler.sizes.words import count_text
from farrier_runtime.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    from farrier.types import IntLike, ShapeLike
    from farrier_compiler.graph import Shape
    from farrier_runtime.devices import device

__all__ = [
    "copy",
    "expand",
    "flatten",
    "flip",
    "permute",
    "repeat",
    "reshape",
    "squeeze",
    "transpose",
    "unsqueeze",
]


def reshape(input: Tensor, shape: IntLike | ShapeLike, *others: IntLike) -> Tensor:
    """Change the shape, keeping the elements in row-major order.

    Args:
        input: a tensor of any data type.
        shape: the new sizes; one may be -1 and is inferred from the others.
        others: the sizes after the first, if they are given one by one.

    Returns:
        A tensor of that shape.

    Raises:
        ShapeError: the number of elements would change.

    Example:
        >>> fr.reshape(fr.Tensor([[1, 2], [3, 4]]), (4,))
        tensor([1, 2, 3, 4], dtype=int32, loc=cpu:0, shape=(4,))
    """
    input, sizes = as_tensor(input), whole_numbers("reshape's shape", joined(shape, others))
    if -1 not in sizes:
        return apply(primitive.Reshape(sizes), input)
    product = math.prod([size for size in sizes if size != -1])
    is_positive = is_static((product,)) or lower_bound(product) > 0
    divisor = 1 if is_positive else product  # asserted at call time
    return apply(primitive.Reshape(_solve(input, sizes, product), divisor), input)


def _solve(input: Tensor, sizes: Shape, product: int) -> Shape:
    if sizes.count(-1) > 1:
        raise refuse(ShapeError(f"reshape got {sizes}: only one size may be -1."), input=input)
    if product == 0 or not at_most(1, product) or not equal(input.value.type.size % product, 0):
        raise refuse(
            ShapeError(
                f"reshape cannot give {input.value.type.describe()}, which has "
                f"{count_text(input.value.type.size)}, the shape {sizes}: "
                f"they cannot be divided by {product}."
            ),
            input=input,
        )
    return tuple(input.value.type.size // product if size == -1 else size for size in sizes)


def permute(input: Tensor, perm: int | Sequence[int], *others: int) -> Tensor:
    """Reorder all dimensions: dimension `i` of the result is dimension `perm[i]` of the input.

    Args:
        input: a tensor of any data type.
        perm: every dimension once; negative ones count from the end.
        others: the dimensions after the first, if they are given one by one.

    Returns:
        A tensor with its dimensions in the new order.

    Raises:
        ShapeError: `perm` is not a permutation of the dimensions.

    Example:
        >>> fr.permute(fr.Tensor([[1, 2], [3, 4]]), (1, 0)).tolist()
        [[1, 3], [2, 4]]
    """
    input, perm = as_tensor(input), joined(perm, others)
    dims = normal_dims("permute", input, perm)
    if len(dims) != input.rank:
        problem = (
            f"permute got {whole_numbers('permute', perm)} for {input.value.type.describe()}: "
            f"it must name all {input.rank} dimensions."
        )
        raise refuse(ShapeError(problem), input=input)
    return apply(primitive.Transpose(dims), input)


def transpose(input: Tensor, dim0: int, dim1: int, *others: int) -> Tensor:
    """Swap two dimensions.

    Args:
        input: a tensor of any data type.
        dim0: one of them.
        dim1: the other.
        others: if there are any, all dimensions are reordered, as by numpy and by `permute`.

    Returns:
        A tensor with the two dimensions swapped.

    Raises:
        ShapeError: the tensor has no such dimension.

    Example:
        >>> fr.transpose(fr.Tensor([[1, 2], [3, 4]]), 0, 1).tolist()
        [[1, 3], [2, 4]]
    """
    if others:
        return permute(input, dim0, dim1, *others)
    input = as_tensor(input)
    first, second = dim_along("transpose", input, dim0), dim_along("transpose", input, dim1)
    if not input.rank:
        return input
    order = list(range(input.rank))
    order[first], order[second] = second, first
    return apply(primitive.Transpose(tuple(order)), input)


def squeeze(input: Tensor, dims: int | Sequence[int]) -> Tensor:
    """Remove dimensions of size 1.

    Args:
        input: a tensor of any data type.
        dims: the dimensions to remove.

    Returns:
        A tensor without them.

    Raises:
        ShapeError: one of the dimensions does not exist, or its size is not 1.

    Example:
        >>> fr.squeeze(fr.ones((1, 2, 1)), (0, 2)).shape
        (2,)
    """
    input = as_tensor(input)
    removed = dims_over("squeeze", input, dims)
    for dim in removed:
        if not equal(input.sizes[dim], 1):
            described = input.value.type.describe()
            raise refuse(
                ShapeError(f"squeeze removes sizes of 1, but dim {dim} of {described} is larger."),
                input=input,
            )
    kept = (size for dim, size in enumerate(input.sizes) if dim not in removed)
    return apply(primitive.Reshape(tuple(kept)), input)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """Insert a dimension of size 1.

    Args:
        input: a tensor of any data type.
        dim: where the new dimension will be in the result.

    Returns:
        A tensor with one dimension more.

    Raises:
        ShapeError: the result would have no such dimension.

    Example:
        >>> fr.unsqueeze(fr.ones((2, 3)), 1).shape
        (2, 1, 3)
    """
    input = as_tensor(input)
    dim = new_dim("unsqueeze", input, dim)
    return apply(primitive.Reshape((*input.sizes[:dim], 1, *input.sizes[dim:])), input)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Merge the dimensions from `start_dim` to `end_dim` into one.

    Args:
        input: a tensor of any data type; a scalar becomes a tensor of one element.
        start_dim: the first dimension to merge.
        end_dim: the last one.

    Returns:
        A tensor with those dimensions merged.

    Raises:
        ShapeError: a dimension does not exist, or the first comes after the last.

    Example:
        >>> fr.flatten(fr.ones((2, 3, 4)), start_dim=1).shape
        (2, 12)
    """
    input = as_tensor(input)
    rank = max(input.rank, 1)
    first = normal_dim("flatten", input, start_dim, rank)
    last = normal_dim("flatten", input, end_dim, rank)
    if first > last:
        raise refuse(
            ShapeError(f"flatten got start_dim={start_dim}, which is after end_dim={end_dim}."),
            input=input,
        )
    merged = math.prod(input.sizes[first : last + 1])
    return apply(primitive.Reshape((*input.sizes[:first], merged, *input.sizes[last + 1 :])), input)


def expand(input: Tensor, sizes: IntLike | ShapeLike, *others: IntLike) -> Tensor:
    """Broadcast along dimensions of size 1 and new leading dimensions.

    Args:
        input: a tensor of any data type.
        sizes: the result's sizes; -1 keeps a size, but cannot stand for a new dimension.
        others: the sizes after the first, if they are given one by one.

    Returns:
        A tensor of that shape.

    Raises:
        ShapeError: a size other than 1 would change, or there are too few sizes.

    Example:
        >>> fr.expand(fr.Tensor([[1], [2]]), (-1, 2)).tolist()
        [[1, 1], [2, 2]]
    """
    input = as_tensor(input)
    wanted = whole_numbers("expand's sizes", joined(sizes, others))
    new = len(wanted) - input.rank
    kept = (0,) * new + input.sizes
    fits = new >= 0 and not_negative(wanted[:new])
    shape = tuple(old if size == -1 else size for size, old in zip(wanted, kept, strict=False))
    if not fits or any(
        not becomes(old, size) for size, old in zip(shape[new:], input.sizes, strict=True)
    ):
        raise refuse(
            ShapeError(
                f"expand cannot give {input.value.type.describe()} the sizes {wanted}. Only "
                "dimensions of size 1 change; -1 keeps a size, and new dimensions are in front."
            ),
            input=input,
        )
    return broadcast(input, shape, tuple(range(new, len(shape))))


def broadcast(input: Tensor, shape: Shape, dims: tuple[int, ...]) -> Tensor:
    """Broadcast, or return the input itself if there is nothing to do."""
    return input if input.sizes == shape else apply(primitive.Broadcast(shape, dims), input)


def flip(input: Tensor, dim: int | Sequence[int] | None = None, *others: int) -> Tensor:
    """Reverse the order of the elements along dimensions.

    Args:
        input: a tensor of any data type.
        dim: the dimensions to reverse; by default all.
        others: the dimensions after the first, if they are given one by one.

    Returns:
        A tensor of the same shape.

    Raises:
        ShapeError: a dimension does not exist, or is named twice.

    Example:
        >>> fr.flip(fr.Tensor([1, 2, 3]), 0)
        tensor([3, 2, 1], dtype=int32, loc=cpu:0, shape=(3,))
    """
    input = as_tensor(input)
    return apply(primitive.Reverse(dims_over("flip", input, joined(dim, others))), input)


def repeat(input: Tensor, repeats: IntLike, dim: int) -> Tensor:
    """Repeat each element along a dimension.

    Args:
        input: a tensor of any data type.
        repeats: the number of copies of each element, at least 0.
        dim: the dimension that grows.

    Returns:
        A tensor whose size along `dim` is multiplied by `repeats`.

    Raises:
        ArgumentError: `repeats` is negative.
        ShapeError: the dimension does not exist.

    Example:
        >>> fr.repeat(fr.Tensor([1, 2]), 2, dim=0)
        tensor([1, 1, 2, 2], dtype=int32, loc=cpu:0, shape=(4,))
    """
    input = as_tensor(input)
    dim = dim_along("repeat", input, dim)
    input = input if input.rank else vector(input)
    count = whole_number("repeat's repeats", repeats)
    if not at_most(0, count):
        raise refuse(ArgumentError(f"repeat takes at least 0 repeats, not {count}."), input=input)
    before, size, after = input.sizes[:dim], input.sizes[dim], input.sizes[dim + 1 :]
    kept = tuple(index for index in range(input.rank + 1) if index != dim + 1)
    repeated = apply(primitive.Broadcast((*before, size, count, *after), kept), input)
    return apply(primitive.Reshape((*before, size * count, *after)), repeated)


def copy(input: Tensor, device: device) -> Tensor:
    """Return a copy of a tensor, evaluating it now.

    Args:
        input: a tensor of any data type.
        device: ignored, for compatibility only: eager tensors live on the CPU.

    Returns:
        A tensor that shares no memory with the input.

    Raises:
        UnknownValueError: the tensor depends on an input of a function that is being traced.

    Example:
        >>> fr.copy(fr.Tensor([1, 2]), fr.device("cpu"))
        tensor([1, 2], dtype=int32, loc=cpu:0, shape=(2,))
    """
    array: Any = np.array(as_tensor(input).numpy())
    return Tensor(array, device=device)
