"""Reshaping, reordering and joining."""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from farrier_compiler.diagnostics import explain
from farrier_compiler.ops import shape as primitive
from farrier_compiler.ops.base import normalize_dim
from farrier_runtime.dtypes import bool
from farrier_runtime.errors import ArgumentError, FarrierError, ShapeError

from farrier.tensor import Tensor, apply, as_tensor

if TYPE_CHECKING:
    from farrier_compiler.graph import Shape
    from farrier_runtime.device import device

__all__ = [
    "concatenate",
    "copy",
    "expand",
    "flatten",
    "flip",
    "pad",
    "permute",
    "repeat",
    "reshape",
    "split",
    "squeeze",
    "stack",
    "transpose",
    "unsqueeze",
]


def refuse(error: FarrierError, **tensors: Tensor) -> FarrierError:
    """Return an error with the user's line, and where the named tensors were made."""
    return explain(error, [(name, tensor.value) for name, tensor in tensors.items()])


def whole_numbers(name: str, numbers: int | Sequence[int]) -> tuple[int, ...]:
    """Return sizes, dims or amounts as a tuple of ints.

    Raises:
        ArgumentError: one of them is no integer; `name` says of what argument.
    """
    try:
        return tuple(map(operator.index, numbers if hasattr(numbers, "__iter__") else [numbers]))  # pyright: ignore[reportArgumentType]
    except TypeError:
        raise explain(ArgumentError(f"{name} takes integers, but got {numbers!r:.80}.")) from None


def normal_dim(name: str, input: Tensor, dim: int, rank: int | None = None) -> int:
    """Return a dimension of `input` counted from the front."""
    try:
        return normalize_dim(name, dim, input.rank if rank is None else rank)
    except ShapeError as error:
        raise refuse(error, input=input) from None


def normal_dims(name: str, input: Tensor, dims: int | Sequence[int]) -> tuple[int, ...]:
    """Return different dimensions of `input` counted from the front."""
    found = tuple(normal_dim(name, input, dim) for dim in whole_numbers(f"{name}'s dim", dims))
    if len(set(found)) != len(found):
        raise refuse(ShapeError(f"{name} got dims {dims}, which name a dimension twice."), input=input)
    return found


def reshape(input: Tensor, shape: Sequence[int]) -> Tensor:
    """Give the elements another shape, in row-major order.

    Args:
        input: a tensor of any data type.
        shape: the new sizes; one may be -1 and is found from the others.

    Returns:
        A tensor of that shape.

    Raises:
        ShapeError: the number of elements would change.

    Example:
        >>> fr.reshape(fr.Tensor([[1, 2], [3, 4]]), (4,))
        tensor([1, 2, 3, 4], dtype=int32, loc=cpu:0, shape=(4,))
    """
    sizes = whole_numbers("reshape's shape", shape)
    if -1 in sizes:
        sizes = _solve(input, sizes)
    return apply(primitive.Reshape(sizes), input)


def _solve(input: Tensor, sizes: Shape) -> Shape:
    known = math.prod(size for size in sizes if size != -1)
    if sizes.count(-1) > 1:
        raise refuse(ShapeError(f"reshape got {sizes}: only one size may be -1."), input=input)
    if known <= 0 or input.value.type.size % known:
        raise refuse(
            ShapeError(
                f"reshape cannot give {input.value.type.describe()}, which has "
                f"{input.value.type.size} elements, the shape {sizes}: "
                f"they cannot be divided by {known}."
            ),
            input=input,
        )
    return tuple(input.value.type.size // known if size == -1 else size for size in sizes)


def permute(input: Tensor, perm: Sequence[int]) -> Tensor:
    """Reorder all dimensions: dimension `i` of the result is dimension `perm[i]` of the input.

    Args:
        input: a tensor of any data type.
        perm: every dimension once; negative ones count from the end.

    Returns:
        A tensor with its dimensions in the new order.

    Raises:
        ShapeError: `perm` is no permutation of the dimensions.

    Example:
        >>> fr.permute(fr.Tensor([[1, 2], [3, 4]]), (1, 0)).tolist()
        [[1, 3], [2, 4]]
    """
    dims = normal_dims("permute", input, perm)
    if len(dims) != input.rank:
        described = input.value.type.describe()
        raise refuse(
            ShapeError(
                f"permute got {tuple(perm)} for {described}: it must name all {input.rank} dimensions."
            ),
            input=input,
        )
    return apply(primitive.Transpose(dims), input)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two dimensions.

    Args:
        input: a tensor of any data type.
        dim0: one of them.
        dim1: the other.

    Returns:
        A tensor with the two dimensions swapped.

    Raises:
        ShapeError: the tensor has no such dimension.

    Example:
        >>> fr.transpose(fr.Tensor([[1, 2], [3, 4]]), 0, 1).tolist()
        [[1, 3], [2, 4]]
    """
    first = normal_dim("transpose", input, dim0)
    second = normal_dim("transpose", input, dim1)
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
    removed = normal_dims("squeeze", input, dims)
    for dim in removed:
        if input.shape[dim] != 1:
            described = input.value.type.describe()
            raise refuse(
                ShapeError(f"squeeze removes sizes of 1, but dim {dim} of {described} is larger."),
                input=input,
            )
    kept = (size for dim, size in enumerate(input.shape) if dim not in removed)
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
    place = normal_dim("unsqueeze", input, dim, input.rank + 1)
    return apply(primitive.Reshape((*input.shape[:place], 1, *input.shape[place:])), input)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Merge the dimensions from `start_dim` to `end_dim` into one.

    Args:
        input: a tensor of any data type; a scalar becomes a tensor of one element.
        start_dim: the first dimension to merge.
        end_dim: the last one.

    Returns:
        A tensor with those dimensions merged.

    Raises:
        ShapeError: a dimension does not exist, or the first lies behind the last.

    Example:
        >>> fr.flatten(fr.ones((2, 3, 4)), start_dim=1).shape
        (2, 12)
    """
    rank = max(input.rank, 1)
    first = normal_dim("flatten", input, start_dim, rank)
    last = normal_dim("flatten", input, end_dim, rank)
    if first > last:
        raise refuse(
            ShapeError(f"flatten got start_dim={start_dim}, which lies behind end_dim={end_dim}."),
            input=input,
        )
    merged = math.prod(input.shape[first : last + 1])
    return apply(
        primitive.Reshape((*input.shape[:first], merged, *input.shape[last + 1 :])), input
    )


def expand(input: Tensor, sizes: Sequence[int]) -> Tensor:
    """Repeat along dimensions of size 1, and along new ones in front.

    Args:
        input: a tensor of any data type.
        sizes: the result's sizes; -1 keeps a size, but cannot stand for a new dimension.

    Returns:
        A tensor of that shape.

    Raises:
        ShapeError: a size other than 1 would change, or there are too few sizes.

    Example:
        >>> fr.expand(fr.Tensor([[1], [2]]), (-1, 2)).tolist()
        [[1, 1], [2, 2]]
    """
    wanted = whole_numbers("expand's sizes", sizes)
    new = len(wanted) - input.rank
    kept = (0,) * new + input.shape
    fits = new >= 0 and min(wanted[:new], default=0) >= 0
    shape = tuple(old if size == -1 else size for size, old in zip(wanted, kept, strict=False))
    if not fits or any(
        old not in (1, size) for size, old in zip(shape[new:], input.shape, strict=True)
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
    """Broadcast, or return the input itself where there is nothing to do."""
    return input if input.shape == shape else apply(primitive.Broadcast(shape, dims), input)


def concatenate(tensors: Sequence[Tensor], dim: int) -> Tensor:
    """Join tensors along a dimension.

    Args:
        tensors: at least one; all of one data type, and of equal sizes but along `dim`.
        dim: the dimension along which they are joined.

    Returns:
        The joined tensor.

    Raises:
        ArgumentError: there are no tensors.
        ShapeError: the other sizes differ, or there is no such dimension.
        DtypeError: the data types differ.

    Example:
        >>> fr.concatenate([fr.Tensor([1, 2]), fr.Tensor([3])], dim=0)
        tensor([1, 2, 3], dtype=int32, loc=cpu:0, shape=(3,))
    """
    parts = _tensors("concatenate", tensors)
    place = normal_dim("concatenate", parts[0], dim)
    return parts[0] if len(parts) == 1 else apply(primitive.Concatenate(place), *parts)


def _tensors(name: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    if isinstance(tensors, Tensor) or not tensors:
        got = "one tensor" if isinstance(tensors, Tensor) else "none"
        raise explain(ArgumentError(f"{name} takes a list of tensors, but got {got}."))
    return [as_tensor(tensor) for tensor in tensors]


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors of one shape along a new dimension.

    Args:
        tensors: at least one; all of one data type and shape.
        dim: where the new dimension will be in the result.

    Returns:
        A tensor with one dimension more.

    Raises:
        ArgumentError: there are no tensors.
        ShapeError: the shapes differ, or the result would have no such dimension.
        DtypeError: the data types differ.

    Example:
        >>> fr.stack([fr.Tensor([1, 2]), fr.Tensor([3, 4])]).tolist()
        [[1, 2], [3, 4]]
    """
    parts = _tensors("stack", tensors)
    for part in parts:
        if part.shape != parts[0].shape:
            raise refuse(
                ShapeError(
                    f"stack takes tensors of one shape, but got {parts[0].shape} and {part.shape}."
                ),
                first=parts[0],
                other=part,
            )
    return concatenate([unsqueeze(part, dim) for part in parts], dim)


def split(
    input: Tensor, num_split_or_sizes: int | Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """Take a tensor apart along a dimension.

    Args:
        input: a tensor of any data type.
        num_split_or_sizes: the number of parts, or the size of each. A number makes parts of the
            size divided by it, rounded up; the last ones are smaller or empty where it is uneven.
        dim: the dimension that is divided.

    Returns:
        The parts, in order.

    Raises:
        ArgumentError: the number of parts is less than 1.
        ShapeError: the sizes do not add up to the dimension's, or there is no such dimension.

    Example:
        >>> [part.tolist() for part in fr.split(fr.Tensor([1, 2, 3, 4, 5]), 2)]
        [[1, 2, 3], [4, 5]]
    """
    place = normal_dim("split", input, dim)
    size = input.shape[place]
    numbers = whole_numbers("split", num_split_or_sizes)
    ends = _ends(input, size, numbers) if hasattr(num_split_or_sizes, "__iter__") else _even(size, numbers[0])
    parts = zip([0, *ends[:-1]], ends, strict=True)
    return tuple(take(input, place, start, stop) for start, stop in parts)


def _even(size: int, count: int) -> list[int]:
    if count < 1:
        raise explain(ArgumentError(f"split makes at least 1 part, not {count}."))
    each = -(-size // count)
    return [min(each * (index + 1), size) for index in range(count)]


def _ends(input: Tensor, size: int, sizes: tuple[int, ...]) -> list[int]:
    if sum(sizes) != size or min(sizes, default=0) < 0:
        raise refuse(
            ShapeError(f"split got the sizes {sizes}, which do not add up to {size}."), input=input
        )
    return [sum(sizes[: index + 1]) for index in range(len(sizes))]


def take(input: Tensor, dim: int, start: int, stop: int, step: int = 1) -> Tensor:
    """Return the elements `start, start + step, ...` below `stop` of one dimension."""
    starts, limits, steps = [0] * input.rank, list(input.shape), [1] * input.rank
    starts[dim], limits[dim], steps[dim] = start, stop, step
    return apply(primitive.Slice(tuple(starts), tuple(limits), tuple(steps)), input)


def flip(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """Reverse the order of the elements along dimensions.

    Args:
        input: a tensor of any data type.
        dim: the dimensions to reverse; by default all.

    Returns:
        A tensor of the same shape.

    Raises:
        ShapeError: a dimension does not exist, or is named twice.

    Example:
        >>> fr.flip(fr.Tensor([1, 2, 3]), 0)
        tensor([3, 2, 1], dtype=int32, loc=cpu:0, shape=(3,))
    """
    dims = tuple(range(input.rank)) if dim is None else normal_dims("flip", input, dim)
    return apply(primitive.Reverse(tuple(sorted(dims))), input)


def pad(
    input: Tensor,
    pad: Sequence[Sequence[int]],
    mode: Literal["constant", "reflect"] = "constant",
    value: float = 0,
) -> Tensor:
    """Add elements at the borders.

    Args:
        input: a tensor of any data type.
        pad: for each dimension, how many elements are added before and behind. With the mode
            "constant", negative amounts remove elements.
        mode: "constant" adds `value`; "reflect" repeats the elements next to the border, which is
            the axis of reflection.
        value: what to pad with.

    Returns:
        The padded tensor.

    Raises:
        ArgumentError: the pairs, the mode or an amount cannot be used.
        ShapeError: more elements are removed, or reflected, than there are.
        DtypeError: the data type cannot hold `value`.

    Example:
        >>> fr.pad(fr.Tensor([1, 2, 3]), [(2, 1)], mode="reflect")
        tensor([3, 2, 1, 2, 3, 2], dtype=int32, loc=cpu:0, shape=(6,))
    """
    amounts = padding_pairs("pad", pad, input.rank, input)
    if mode == "reflect":
        return _reflect(input, amounts)
    if mode != "constant":
        raise explain(ArgumentError(f"pad's mode is 'constant' or 'reflect', not {mode!r}."))
    low, high = (tuple(pair[side] for pair in amounts) for side in (0, 1))
    number = builtins.bool(value) if input.dtype is bool else value
    return apply(primitive.Pad(low, high, (0,) * input.rank), input, as_tensor(number, like=input))


def padding_pairs(
    name: str, pairs: Sequence[Sequence[int]], count: int, input: Tensor
) -> primitive.Padding:
    """Return pairs of amounts, one for each of `count` dimensions, as tuples of ints."""
    found = [whole_numbers(f"{name}'s padding", pair) for pair in pairs]
    if len(found) != count or any(len(pair) != 2 for pair in found):
        raise refuse(
            ArgumentError(
                f"{name} takes {count} pairs of padding for {input.value.type.describe()}, "
                f"for example {((1, 1),) * count}, but got {pairs!r:.80}."
            ),
            input=input,
        )
    return tuple((pair[0], pair[1]) for pair in found)


def _reflect(input: Tensor, amounts: primitive.Padding) -> Tensor:
    result = input
    for dim, (low, high) in enumerate(amounts):
        size = input.shape[dim]
        if not (0 <= low < max(size, 1) and 0 <= high < max(size, 1)):
            raise refuse(
                ShapeError(
                    f"pad reflects less than the {size} elements that dim {dim} of "
                    f"{input.value.type.describe()} has, and not less than 0, but got {(low, high)}."
                ),
                input=input,
            )
        parts = [result]
        if low:
            parts.insert(0, flip(take(result, dim, 1, low + 1), dim))
        if high:
            parts.append(flip(take(result, dim, size - 1 - high, size - 1), dim))
        result = concatenate(parts, dim)
    return result


def repeat(input: Tensor, repeats: int, dim: int) -> Tensor:
    """Repeat each element along a dimension.

    Args:
        input: a tensor of any data type.
        repeats: how often each element appears, at least 0.
        dim: the dimension that grows.

    Returns:
        A tensor whose size along `dim` is multiplied by `repeats`.

    Raises:
        ArgumentError: `repeats` is negative.
        ShapeError: there is no such dimension.

    Example:
        >>> fr.repeat(fr.Tensor([1, 2]), 2, dim=0)
        tensor([1, 1, 2, 2], dtype=int32, loc=cpu:0, shape=(4,))
    """
    place = normal_dim("repeat", input, dim)
    (count,) = whole_numbers("repeat's repeats", repeats)
    if count < 0:
        raise refuse(ArgumentError(f"repeat takes at least 0 repeats, not {count}."), input=input)
    before, size, behind = input.shape[:place], input.shape[place], input.shape[place + 1 :]
    kept = tuple(index for index in range(input.rank + 1) if index != place + 1)
    repeated = apply(primitive.Broadcast((*before, size, count, *behind), kept), input)
    return apply(primitive.Reshape((*before, size * count, *behind)), repeated)


def copy(input: Tensor, device: device) -> Tensor:
    """Return a copy of a tensor, whose elements are computed now.

    Args:
        input: a tensor of any data type.
        device: where the copy shall be; only for compatibility: eager tensors live on the CPU.

    Returns:
        A tensor that shares no memory with the input.

    Raises:
        UnknownValueError: the tensor depends on an input of a function that is being traced.

    Example:
        >>> fr.copy(fr.Tensor([1, 2]), fr.device("cpu"))
        tensor([1, 2], dtype=int32, loc=cpu:0, shape=(2,))
    """
    array: Any = np.array(input.numpy())
    return Tensor(array, device=device)
