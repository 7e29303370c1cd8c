"""Joining, splitting and padding."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from farrier.ops.arguments import (
    is_one_of,
    items,
    new_dim,
    normal_dim,
    padding_pairs,
    refuse,
    same_dtype,
    whole_numbers,
)
from farrier.ops.elementwise import as_element
from farrier.ops.shape import flip, unsqueeze
from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.diagnostics import explain
from farrier_compiler.ops import shape as primitive
from farrier_compiler.ops.shape import not_negative
from farrier_compiler.sizes import SymbolicSize, maximum, minimum
from farrier_compiler.sizes.requirements import at_most, equal, equal_shapes
from farrier_compiler.types.geometry import Padding
from farrier_runtime.dtypes import bool
from farrier_runtime.errors import ArgumentError, ShapeError
from farrier_runtime.wording import shown

if TYPE_CHECKING:
    from farrier.types import IntLike, ShapeLike

__all__ = ["concatenate", "pad", "split", "stack"]


def concatenate(tensors: Sequence[Tensor], dim: int) -> Tensor:
    """Join tensors along a dimension.

    Args:
        tensors: at least one; all of one data type, with equal sizes except along `dim`.
        dim: the dimension along which they are joined.

    Returns:
        The joined tensor.

    Raises:
        ArgumentError: there are no tensors.
        ShapeError: the other sizes differ, or the dimension does not exist.
        DtypeError: the data types differ.

    Example:
        >>> fr.concatenate([fr.Tensor([1, 2]), fr.Tensor([3])], dim=0)
        tensor([1, 2, 3], dtype=int32, loc=cpu:0, shape=(3,))
    """
    parts = _tensors("concatenate", tensors)
    dim = normal_dim("concatenate", parts[0], dim)
    return parts[0] if len(parts) == 1 else apply(primitive.Concatenate(dim), *parts)


def _tensors(name: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    several = items(tensors)
    parts = [as_tensor(tensor) for tensor in several or ()]
    if not parts:
        one = "one tensor" if isinstance(tensors, Tensor) else shown(tensors)
        problem = f"{name} takes a list of tensors, but got {one if several is None else 'none'}."
        raise explain(ArgumentError(problem))
    return parts


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
        if not equal_shapes(part.sizes, parts[0].sizes):
            raise refuse(
                ShapeError(
                    f"stack takes tensors of one shape, but got {parts[0].sizes} and {part.sizes}."
                ),
                first=parts[0],
                other=part,
            )
        if part.dtype is not parts[0].dtype:
            same_dtype("stack", first=parts[0], other=part)
    dim = new_dim("stack", parts[0], dim)
    return concatenate([unsqueeze(part, dim) for part in parts], dim)


def split(
    input: Tensor, num_split_or_sizes: IntLike | ShapeLike, dim: int = 0
) -> tuple[Tensor, ...]:
    """Split a tensor along a dimension.

    Args:
        input: a tensor of any data type.
        num_split_or_sizes: the number of parts, or the size of each. With a number, the size of a
            part is rounded up, so the last ones may be smaller or empty.
        dim: the dimension to split.

    Returns:
        The parts, in order.

    Raises:
        ArgumentError: the number of parts is less than 1, or more than 65536.
        ShapeError: the sizes do not add up to the dimension's, or the dimension does not exist.

    Example:
        >>> [part.tolist() for part in fr.split(fr.Tensor([1, 2, 3, 4, 5]), 2)]
        [[1, 2, 3], [4, 5]]
    """
    input = as_tensor(input)
    dim = normal_dim("split", input, dim)
    size = input.sizes[dim]
    numbers = whole_numbers("split", num_split_or_sizes)
    given = isinstance(num_split_or_sizes, Iterable) and not isinstance(num_split_or_sizes, Tensor)
    ends = _ends(input, size, numbers) if given else _even(size, numbers[0])
    starts = [0, *ends][: len(ends)]
    parts = [take(input, dim, *part) for part in zip(starts, ends, strict=True)]
    if given and isinstance(size, SymbolicSize) and parts:  # the rest must have the last size
        before, after = input.sizes[:dim], input.sizes[dim + 1 :]
        parts[-1] = apply(primitive.Reshape((*before, numbers[-1], *after)), parts[-1])
    return tuple(parts)


_MOST_PARTS = 1 << 16


def _even(size: int, count: int) -> list[int]:
    if isinstance(count, SymbolicSize):
        problem = (
            f"split needs a static number of parts, but '{count}' is dynamic. Pass a number, or "
            "the size of each part."
        )
        raise explain(ArgumentError(problem))
    if count < 1:
        raise explain(ArgumentError(f"split makes at least 1 part, not {count}."))
    if count > _MOST_PARTS:
        raise explain(ArgumentError(f"split makes at most {_MOST_PARTS} parts, not {count}."))
    each = (size + count - 1) // count
    return [minimum(each * (index + 1), size) for index in range(count)]


def _ends(input: Tensor, size: int, sizes: tuple[int, ...]) -> list[int]:
    if not equal(sum(sizes), size) or not not_negative(sizes):
        raise refuse(
            ShapeError(f"split got the sizes {sizes}, which do not add up to {size}."), input=input
        )
    return [*(sum(sizes[: index + 1]) for index in range(len(sizes) - 1)), size][: len(sizes)]


def take(input: Tensor, dim: int, start: int, stop: int, step: int = 1) -> Tensor:
    """Return the elements `start, start + step, ...` below `stop` of one dimension."""
    starts, limits, steps = [0] * input.rank, list(input.sizes), [1] * input.rank
    starts[dim], limits[dim], steps[dim] = start, stop, step
    return apply(primitive.Slice(tuple(starts), tuple(limits), tuple(steps)), input)


def pad(
    input: Tensor,
    pad: Sequence[ShapeLike],
    mode: Literal["constant", "reflect"] = "constant",
    value: float = 0,
) -> Tensor:
    """Add elements at the borders.

    Args:
        input: a tensor of any data type.
        pad: for each dimension, how many elements are added before and after. With the mode
            "constant", negative amounts remove elements.
        mode: "constant" adds `value`; "reflect" repeats the elements next to the border, which is
            the axis of reflection.
        value: the number to pad with; for integers, a float must be whole.

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
    input = as_tensor(input)
    amounts = padding_pairs("pad", pad, input.rank, input)
    if not is_one_of(mode, ("constant", "reflect")):
        raise explain(ArgumentError(f"pad's mode is 'constant' or 'reflect', not {shown(mode)}."))
    if mode == "reflect":
        return _reflect(input, amounts)
    low, high = (tuple(pair[side] for pair in amounts) for side in (0, 1))
    number = builtins.bool(value) if input.dtype is bool else value
    return apply(primitive.Pad(low, high, (0,) * input.rank), input, as_element(number, input))


def _reflect(input: Tensor, amounts: Padding) -> Tensor:
    result = input
    for dim, (low, high) in enumerate(amounts):
        size = input.sizes[dim]
        most = maximum(size - 1, 0)
        if not all(at_most(0, n) and at_most(n, most) for n in (low, high)):
            raise refuse(
                ShapeError(
                    f"pad got {(low, high)} for dim {dim} of {input.value.type.describe()}: "
                    f"reflection adds from 0 to {most} elements there."
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
