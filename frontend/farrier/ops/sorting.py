"""Sorting, top-k selection and cumulative sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farrier.ops.arguments import dim_along, flag, vector, whole_number
from farrier.ops.averages import widen
from farrier.ops.conversion import cast
from farrier.tensor import Tensor, apply, as_tensor, record
from farrier_compiler.ops.creation import Iota
from farrier_compiler.ops.reduction import Cumsum
from farrier_compiler.ops.sorting import Sort, TopK
from farrier_runtime.dtypes import int32

if TYPE_CHECKING:
    from farrier.types import IntLike

__all__ = ["argsort", "cumsum", "sort", "topk"]


def sort(input: Tensor, dim: int = -1, descending: bool = False) -> tuple[Tensor, Tensor]:
    """Sort elements along a dimension; equal ones keep their order.

    NaN counts as larger than every number.

    Args:
        input: a tensor of any data type.
        dim: the dimension to sort.
        descending: whether the largest element comes first.

    Returns:
        The sorted elements, and their int32 indices in the input.

    Raises:
        ShapeError: the input has no such dimension.

    Example:
        >>> values, indices = fr.sort(fr.Tensor([3, 1, 2]))
        >>> values.tolist(), indices.tolist()
        ([1, 2, 3], [1, 2, 0])
    """
    input = as_tensor(input)
    place = dim_along("sort", input, dim)
    if not input.rank:
        return input, apply(Iota((1,), 0, int32)).reshape(())
    index = apply(Iota(input.sizes, place, int32))
    sorted = record(Sort(place, flag("sort's descending", descending)), (input, index)).results
    values, indices = (Tensor.of(value) for value in sorted)
    return values, indices


def argsort(input: Tensor, dim: int = -1, descending: bool = False) -> Tensor:
    """Find the indices that sort elements along a dimension; equal ones keep their order.

    NaN counts as larger than every number.

    Args:
        input: a tensor of any data type.
        dim: the dimension to sort.
        descending: whether the index of the largest element comes first.

    Returns:
        A tensor of int32 indices, of the input's shape.

    Raises:
        ShapeError: the input has no such dimension.

    Example:
        >>> fr.argsort(fr.Tensor([3, 1, 2]))
        tensor([1, 2, 0], dtype=int32, loc=cpu:0, shape=(3,))
    """
    return sort(input, dim, descending)[1]


def topk(input: Tensor, k: IntLike, dim: int = -1) -> tuple[Tensor, Tensor]:
    """Find the `k` largest elements along a dimension, the largest first.

    Of equal elements the first one comes first; NaN counts as larger than every number.

    Args:
        input: a tensor of any data type.
        k: the number of elements, from 0 to the size of the dimension.
        dim: the dimension to search.

    Returns:
        The largest elements, and their int32 indices.

    Raises:
        ShapeError: the input has no such dimension.
        ArgumentError: `k` is negative or larger than the size of the dimension.

    Example:
        >>> values, indices = fr.topk(fr.Tensor([3, 9, 5]), k=2)
        >>> values.tolist(), indices.tolist()
        ([9, 5], [1, 2])
    """
    input = as_tensor(input)
    count = whole_number("topk's k", k)
    place = dim_along("topk", input, dim)
    if not input.rank:
        values, indices = topk(vector(input), count)
        return (values, indices) if count == 0 else (values.reshape(()), indices.reshape(()))
    values, indices = (Tensor.of(value) for value in record(TopK(count, place), (input,)).results)
    return values, indices


def cumsum(input: Tensor, dim: int) -> Tensor:
    """Compute the cumulative sum along a dimension.

    `output[i] = input[0] + ... + input[i]`

    Integers keep their data type and wrap around; 16-bit floats are added in float32.

    Args:
        input: a tensor of numbers.
        dim: the dimension along which to add.

    Returns:
        The cumulative sums, of the input's shape.

    Raises:
        ShapeError: the input has no such dimension.
        DtypeError: the input holds bools.

    Example:
        >>> fr.cumsum(fr.Tensor([1, 2, 3, 4]), dim=0)
        tensor([1, 3, 6, 10], dtype=int32, loc=cpu:0, shape=(4,))
    """
    input = as_tensor(input)
    place = dim_along("cumsum", input, dim)
    if not input.rank:
        return cumsum(vector(input), 0).reshape(())
    return cast(apply(Cumsum(place), widen(input)), input.dtype)
