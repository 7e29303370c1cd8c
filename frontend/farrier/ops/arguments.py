"""Conversion and checks of ops' arguments: integers, dims and padding."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, SupportsFloat, SupportsIndex

import numpy as np

from farrier.tensor import Tensor, apply
from farrier.tensor.dimension_size import DimensionSize, raw_size
from farrier.tensor.formatting import plain
from farrier.tensor.interop import Number
from farrier_compiler.diagnostics import explain
from farrier_compiler.ops.checks import check_same_dtype, normalize_dim
from farrier_compiler.ops.shape import Reshape
from farrier_compiler.sizes import SymbolicSize
from farrier_compiler.types.geometry import Padding
from farrier_runtime.dtypes import dtype
from farrier_runtime.errors import ArgumentError, DtypeError, FarrierError, ShapeError
from farrier_runtime.numbers import converted
from farrier_runtime.wording import shown

if TYPE_CHECKING:
    from farrier.types import IntLike, ShapeLike

Shape = SupportsIndex | Sequence[SupportsIndex]
"""The size of each dimension, or the only one."""


def refuse(error: FarrierError, **tensors: Tensor) -> FarrierError:
    """Return an error with the user's line, and where the named tensors were made."""
    return explain(error, [(name, tensor.value) for name, tensor in tensors.items()])


def same_dtype(name: str, **tensors: Tensor) -> None:
    """Refuse named tensors of different data types.

    Raises:
        DtypeError: naming the function and the types.
    """
    try:
        check_same_dtype(name, tuple(tensor.value.type for tensor in tensors.values()))
    except DtypeError as error:
        raise refuse(error, **tensors) from None


def whole_numbers(name: str, numbers: SupportsIndex | Sequence[SupportsIndex]) -> tuple[int, ...]:
    """Return sizes, dims or amounts as a tuple of ints.

    Raises:
        ArgumentError: one of them is not an integer; `name` names the argument.
    """
    try:
        if isinstance(numbers, tuple | list):
            return tuple([n if type(n) is int else _whole(n) for n in numbers])
        scalar = isinstance(numbers, DimensionSize | SymbolicSize)
        whole: Any = (numbers,) if scalar or not hasattr(numbers, "__iter__") else numbers
        return tuple([_whole(n) for n in whole])
    except (TypeError, ArgumentError):
        problem = f"{name} takes integers, but got {shown(numbers)}."
        raise explain(ArgumentError(problem)) from None


def joined(first: Any, others: Sequence[Any]) -> Any:
    """Return sizes or dims that are given one by one, as in `x.reshape(3, 2)`, as one tuple."""
    return (first, *others) if others else first


def whole_number(name: str, number: SupportsIndex) -> int:
    """Return a dim or an amount as an int.

    Raises:
        ArgumentError: it is not a single integer; `name` names the argument.
    """
    numbers = whole_numbers(name, number)
    if len(numbers) != 1:
        raise explain(ArgumentError(f"{name} takes one integer, but got {shown(number)}."))
    return numbers[0]


def real_number(name: str, number: SupportsFloat) -> float:
    """Return a tolerance or a factor as a float.

    Raises:
        ArgumentError: it is not a single number; `name` names the argument.
    """
    try:
        return float(number)
    except (TypeError, ValueError, OverflowError):
        problem = f"{name} takes one number, but got {shown(number)}."
        raise explain(ArgumentError(problem)) from None


def flag(name: str, value: Any) -> bool:
    """Return whether an argument is true.

    Raises:
        ArgumentError: it is neither True nor False; `name` names the argument.
    """
    if isinstance(value, int | np.bool_) and value in (0, 1):
        return value == 1
    raise explain(ArgumentError(f"{name} is True or False, not {shown(value)}."))


def is_one_of(value: Any, words: Iterable[str]) -> bool:
    """Return whether a value is one of some words; an array is not, nor can it be compared."""
    return isinstance(value, str) and value in words


def items(values: Any) -> tuple[Any, ...] | None:
    """Return the items of a sequence; None for a Tensor, or what has no items, as a number."""
    try:
        return None if isinstance(values, Tensor) else tuple(values)
    except TypeError:
        return None


def _whole(number: Any) -> int:
    size = raw_size(number)
    return operator.index(number) if size is None else size


def normal_dim(name: str, input: Tensor, dim: int, rank: int | None = None) -> int:
    """Return a dim of `input`, or of a tensor of another rank, as a non-negative dim."""
    try:
        whole = whole_number(f"{name}'s dim", dim)
        return normalize_dim(name, whole, input.rank if rank is None else rank)
    except ShapeError as error:
        raise refuse(error, input=input) from None


def dim_along(name: str, input: Tensor, dim: int) -> int:
    """Return the dim along which a function works, non-negative.

    A scalar is worked on as a vector of one element, as in torch: its dim is 0 or -1.
    """
    if input.rank:
        return normal_dim(name, input, dim)
    return _scalar_dim(name, input, whole_number(f"{name}'s dim", dim))


def dims_over(name: str, input: Tensor, dims: int | Sequence[int] | None) -> tuple[int, ...]:
    """Return the dims over which a function works, non-negative and ascending; None: all.

    A scalar has none of them, but takes 0 and -1, as in torch.
    """
    if dims is None:
        return tuple(range(input.rank))
    if input.rank:
        return tuple(sorted(normal_dims(name, input, dims)))
    whole = whole_numbers(f"{name}'s dim", dims)
    _check_distinct(name, input, dims, [_scalar_dim(name, input, dim) for dim in whole])
    return ()


def _scalar_dim(name: str, input: Tensor, dim: int) -> int:
    if dim not in (0, -1):
        problem = f"{name} got dim={dim}, but the tensor is a scalar: dim must be 0 or -1."
        raise refuse(ShapeError(problem), input=input)
    return 0


def vector(scalar: Tensor) -> Tensor:
    """Return a scalar as a vector of one element."""
    return apply(Reshape((1,)), scalar)


def new_dim(name: str, input: Tensor, dim: int) -> int:
    """Return the dim of a new dimension of `input` as a non-negative dim."""
    index = whole_number(f"{name}'s dim", dim)
    rank = input.rank + 1
    if not -rank <= index < rank:
        problem = (
            f"{name} got dim={dim}, but its result has {rank} dimensions: "
            f"dim must be in [{-rank}, {rank - 1}]."
        )
        raise refuse(ShapeError(problem), input=input)
    return index % rank


def normal_dims(name: str, input: Tensor, dims: int | Sequence[int]) -> tuple[int, ...]:
    """Return distinct dims of `input` as non-negative dims."""
    rank = len(input.value.type.shape)
    try:
        whole = whole_numbers(f"{name}'s dim", dims)
        normal = tuple([normalize_dim(name, dim, rank) for dim in whole])
    except ShapeError as error:
        raise refuse(error, input=input) from None
    _check_distinct(name, input, dims, normal)
    return normal


def _check_distinct(name: str, input: Tensor, dims: object, normal: Sequence[int]) -> None:
    if len(set(normal)) != len(normal):
        problem = f"{name} got dims {dims}, which name a dimension twice."
        raise refuse(ShapeError(problem), input=input)


def for_each(name: str, numbers: IntLike | ShapeLike, count: int) -> tuple[int, ...]:
    """Return an integer for each of `count` dimensions; a single one stands for all."""
    whole = whole_numbers(name, numbers)
    return whole * count if _is_number(numbers) else whole


def _is_number(given: Any) -> bool:
    """Return whether a number is given where a sequence may be, for all dimensions at once."""
    return isinstance(given, int | np.integer | DimensionSize | SymbolicSize)


def window_padding(
    name: str, padding: IntLike | Sequence[ShapeLike] | None, count: int, input: Tensor
) -> Padding:
    """Return the padding of windows in pairs; a single number stands for all, None for 0."""
    if padding is None:
        return ((0, 0),) * count
    pairs: Any = ((padding, padding),) * count if _is_number(padding) else padding
    return padding_pairs(name, pairs, count, input)


def padding_pairs(name: str, pairs: Sequence[ShapeLike], count: int, input: Tensor) -> Padding:
    """Return pairs of amounts, one for each of `count` dimensions, as tuples of ints."""
    every: Any = items(pairs) or (pairs,)
    amounts = [whole_numbers(f"{name}'s padding", pair) for pair in every]
    if len(amounts) != count or any(len(pair) != 2 for pair in amounts):
        raise refuse(
            ArgumentError(
                f"{name} takes {count} pairs of padding for {input.value.type.describe()}, "
                f"for example {((1, 1),) * count}, but got {shown(pairs)}."
            ),
            input=input,
        )
    return tuple((pair[0], pair[1]) for pair in amounts)


def number_of(value: Number, wanted: dtype) -> Number:
    """Return a number as it is in a data type, by the rule of `farrier_runtime.numbers`."""
    try:
        array = np.asarray(value)
    except ValueError:  # lists that are ragged, or nested too deeply
        array = np.empty(0)
    if array.ndim or not (array.dtype.kind in "biuf" or isinstance(value, int)):
        raise explain(ArgumentError(f"A tensor is filled with one number, not {shown(value)}."))
    try:
        return plain(converted(array, wanted)).item()
    except DtypeError as error:
        raise explain(error) from None
