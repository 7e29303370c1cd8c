"""Slicing and selecting."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from farrier.ops.arguments import refuse
from farrier.tensor import Tensor, apply
from farrier_compiler.ops import shape as primitive
from farrier_runtime.errors import ArgumentError

__all__ = ["slice"]


def slice(input: Tensor, index: Any) -> Tensor:
    """Select elements by position: what `input[index]` does.

    Args:
        input: a tensor of any data type.
        index: integers, slices (negative steps too), `...`, None for a new dimension of size 1,
            or a tuple of these. As in Python, slices are clamped and integers are not.

    Returns:
        The selected elements; an integer removes its dimension.

    Raises:
        ArgumentError: an integer is out of range, there are too many of them, or the index is of
            another kind.

    Example:
        >>> fr.Tensor([[1, 2, 3], [4, 5, 6]])[:, ::-2].tolist()
        [[3, 1], [6, 4]]
    """
    items = _items(input, index)
    bounds: list[tuple[int, int, int]] = []
    reversed_dims: list[int] = []
    shape: list[int] = []
    for item in items:
        if item is None:
            shape.append(1)
            continue
        dim = len(bounds)
        if isinstance(item, int):
            position = _position(input, dim, item)
            bounds.append((position, position + 1, 1))
            continue
        chosen = range(*item.indices(input.shape[dim]))
        if chosen.step < 0:
            reversed_dims.append(dim)
            chosen = chosen[::-1]
        bounds.append((chosen[0], chosen[-1] + 1, chosen.step) if chosen else (0, 0, 1))
        shape.append(len(chosen))
    return _select(input, bounds, reversed_dims, tuple(shape))


def _select(
    input: Tensor,
    bounds: Sequence[tuple[int, int, int]],
    reversed_dims: Sequence[int],
    shape: tuple[int, ...],
) -> Tensor:
    """Slice, reverse and reshape, each only where it changes something."""
    result = input
    if list(bounds) != [(0, size, 1) for size in input.shape]:
        starts, limits, steps = (tuple(bound[part] for bound in bounds) for part in range(3))
        result = apply(primitive.Slice(starts, limits, steps), result)
    if reversed_dims:
        result = apply(primitive.Reverse(tuple(reversed_dims)), result)
    if result.shape != shape:
        result = apply(primitive.Reshape(shape), result)
    return result


def _items(input: Tensor, index: Any) -> list[int | builtins.slice | None]:
    """Return one item for each dimension, and None for each new one."""
    given: tuple[Any, ...] = cast(Any, index) if isinstance(index, tuple) else (index,)
    items = [_item(input, item) for item in given if item is not ...]
    dots = [place for place, item in enumerate(given) if item is ...]
    used = sum(item is not None for item in items)
    if len(dots) > 1:
        problem = f"An index has at most one '...', but got {len(dots)}."
        raise refuse(ArgumentError(problem), input=input)
    if used > input.rank:
        described = input.value.type.describe()
        problem = f"{used} dimensions are indexed, but {described} has {input.rank}."
        raise refuse(ArgumentError(problem), input=input)
    at = dots[0] if dots else len(items)
    return [*items[:at], *[builtins.slice(None)] * (input.rank - used), *items[at:]]


def _item(input: Tensor, item: Any) -> int | builtins.slice | None:
    """Return an item of an index as an int, a slice or None."""
    if item is None:
        return None
    if isinstance(item, builtins.slice):
        return _slice(input, item)
    # An array of one element has __index__ too, but would be taken for a position by mistake.
    if isinstance(item, Tensor | bool | np.bool_ | np.ndarray) or not hasattr(item, "__index__"):
        kind = type(cast(object, item)).__name__
        problem = f"Tensors are indexed by integers, slices, '...' and None, not by {kind}."
        raise refuse(ArgumentError(problem), input=input)
    return item.__index__()


def _slice(input: Tensor, item: Any) -> builtins.slice:
    try:
        item.indices(1)
    except (TypeError, ValueError):
        problem = f"A slice takes integers or None, and a step other than 0, but got {item}."
        raise refuse(ArgumentError(problem), input=input) from None
    return item


def _position(input: Tensor, dim: int, index: int) -> int:
    size = input.shape[dim]
    if not -size <= index < size:
        raise refuse(
            ArgumentError(
                f"Index {index} is out of range: dim {dim} of {input.value.type.describe()} "
                f"has {size} elements."
            ),
            input=input,
        )
    return index % size
