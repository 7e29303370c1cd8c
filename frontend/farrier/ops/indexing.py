"""Slicing, and gathering by tensors of indices."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from farrier.ops.arguments import dim_along, refuse, vector
from farrier.tensor import Tensor, apply, as_tensor
from farrier.tensor.dimension_size import raw_size
from farrier.tensor.interop import as_array
from farrier_compiler.ops import shape as primitive
from farrier_compiler.ops.indexing import Gather
from farrier_compiler.ops.size_choice import between, not_negative
from farrier_compiler.sizes import SymbolicSize, lower_bound, maximum, minimum, upper_bound
from farrier_compiler.sizes.requirements import at_most
from farrier_compiler.sizes.words import count_text
from farrier_runtime.errors import ArgumentError, FarrierError

if TYPE_CHECKING:
    from farrier_compiler.graph import Array

__all__ = ["gather", "slice"]

Item: TypeAlias = "int | builtins.slice | Tensor | Array | None"


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Select slices of a tensor along a dimension, by their indices.

    `result[..., i, ...] = input[..., index[i], ...]`

    Args:
        input: a tensor of any data type.
        dim: the dimension to select from.
        index: indices, int32 or int64, of any shape. Negative ones count from the end; those
            out of range select the first or the last slice.

    Returns:
        The slices; the index's dimensions replace `dim`.

    Raises:
        ShapeError: the input has no such dimension, or there is nothing to select.
        DtypeError: the index has another data type.

    Example:
        >>> fr.gather(fr.Tensor([[1, 2, 3], [4, 5, 6]]), 1, fr.Tensor([2, 0])).tolist()
        [[3, 1], [6, 4]]
    """
    input = as_tensor(input)
    place = dim_along("gather", input, dim)
    return apply(Gather(place), input if input.rank else vector(input), as_tensor(index))


def slice(input: Tensor, index: Any) -> Tensor:
    """Select elements by index, as `input[index]` does.

    Args:
        input: a tensor of any data type.
        index: integers, slices (negative steps too), `...`, None for a new dimension of size 1,
            or a tuple of these. As in Python, slices are clamped and integers are not. One item
            may be a list, an array or a tensor of integers, whose dimensions replace the one that
            it selects from; no other item may be an integer then. Indices in a tensor are not
            checked: `gather` says what those out of range select.

    Returns:
        The selected elements; an integer removes its dimension.

    Raises:
        ArgumentError: an integer is out of range, there are too many items, or an item has
            another type.
        DtypeError: a tensor in the index is not int32 or int64.

    Example:
        >>> fr.Tensor([[1, 2, 3], [4, 5, 6]])[:, ::-2].tolist()
        [[3, 1], [6, 4]]
        >>> fr.Tensor([[1, 2, 3], [4, 5, 6]])[:, [2, 0, 0]].tolist()
        [[3, 1, 1], [6, 4, 4]]
    """
    input = as_tensor(input)
    items = _items(input, index)
    bounds: list[tuple[int, int, int]] = []
    reversed_dims: list[int] = []
    shape: list[int] = []
    gathered: list[tuple[int, Tensor]] = []
    for item in items:
        if item is None:
            shape.append(1)
            continue
        dim = len(bounds)
        if isinstance(item, Tensor | np.ndarray):
            gathered.append((len(shape), _positions(input, dim, cast(Any, item))))
            reach = _reach(input.sizes[dim], cast(Any, item))
            bounds.append((0, reach, 1))
            shape.append(reach)
            continue
        if isinstance(item, int | SymbolicSize):
            position = _position(input, dim, item)
            bounds.append((position, position + 1, 1))
            continue
        size = input.sizes[dim]
        if isinstance(size, SymbolicSize) or _is_symbolic(item):
            start, limit, step = _symbolic_bounds(item, size)
            bounds.append((start, limit, builtins.abs(step)))
            reversed_dims += [dim] * (step < 0)
            shape.append((limit - start + builtins.abs(step) - 1) // builtins.abs(step))
            continue
        chosen = range(*item.indices(size))
        if chosen.step < 0:
            reversed_dims.append(dim)
            chosen = chosen[::-1]
        bounds.append((chosen[0], chosen[-1] + 1, chosen.step) if chosen else (0, 0, 1))
        shape.append(len(chosen))
    result = _select(input, bounds, reversed_dims, tuple(shape))
    return apply(Gather(gathered[0][0]), result, gathered[0][1]) if gathered else result


def _select(
    input: Tensor,
    bounds: Sequence[tuple[int, int, int]],
    reversed_dims: Sequence[int],
    shape: tuple[int, ...],
) -> Tensor:
    """Slice, reverse and reshape, each only where it changes something."""
    result = input
    if list(bounds) != [(0, size, 1) for size in input.sizes]:
        starts, limits, steps = (tuple(bound[part] for bound in bounds) for part in range(3))
        result = apply(primitive.Slice(starts, limits, steps), result)
    if reversed_dims:
        result = apply(primitive.Reverse(tuple(reversed_dims)), result)
    if result.sizes != shape:
        result = apply(primitive.Reshape(shape), result)
    return result


def _items(input: Tensor, index: Any) -> list[Item]:
    """Return one item for each dimension, and None for each new one."""
    given: tuple[Any, ...] = cast(Any, index) if isinstance(index, tuple) else (index,)
    items = [_item(input, item) for item in given if item is not ...]
    dots = [position for position, item in enumerate(given) if item is ...]
    used = sum(item is not None for item in items)
    if len(dots) > 1:
        problem = f"An index has at most one '...', but got {len(dots)}."
        raise refuse(ArgumentError(problem), input=input)
    _check_gathered(input, items)
    if used > input.rank:
        described = input.value.type.describe()
        problem = f"{used} dimensions are indexed, but {described} has {input.rank}."
        raise refuse(ArgumentError(problem), input=input)
    at = dots[0] if dots else len(items)
    return [*items[:at], *[builtins.slice(None)] * (input.rank - used), *items[at:]]


def _check_gathered(input: Tensor, items: Sequence[Item]) -> None:
    """Refuse a tensor beside integers or another one, since numpy would move its dimensions."""
    numbers = sum(isinstance(item, int | SymbolicSize | Tensor | np.ndarray) for item in items)
    if numbers > 1 and any(isinstance(item, Tensor | np.ndarray) for item in items):
        problem = (
            "An index with a tensor takes slices, '...' and None beside it, but neither integers "
            "nor another tensor. Index one after the other, as in x[0][index]."
        )
        raise refuse(ArgumentError(problem), input=input)


def _item(input: Tensor, item: Any) -> Item:
    """Return an item of an index as an int, a slice, integers in a tensor or an array, or None."""
    size = raw_size(item)
    if size is not None:
        return size
    array = _listed(cast(Any, item)) if isinstance(item, list | tuple) else item
    if array is None or _holds_integers(array):
        return array
    if isinstance(array, builtins.slice):
        return _slice(input, array)
    # An array of one element has __index__ too, but would be taken for an index by mistake.
    wrong = isinstance(array, Tensor | bool | np.bool_ | np.ndarray)
    if wrong or isinstance(array, type) or not hasattr(array, "__index__"):
        problem = (
            "Tensors are indexed by integers, slices, '...', None and one list, array or tensor of "
            f"integers, not by {_described(item, array)}."
        )
        raise refuse(ArgumentError(problem), input=input)
    return array.__index__()


def _listed(items: Any) -> Any:
    """Return a list of numbers as an array, and any other list unchanged."""
    try:
        array = as_array(list(items))
    except FarrierError:
        return items
    return array if array.size else array.astype(np.int32)


def _holds_integers(item: Any) -> bool:
    if isinstance(item, Tensor):
        return item.dtype.is_integer
    return isinstance(item, np.ndarray) and cast(Any, item).dtype.kind in "iu"


def _described(item: Any, array: Any) -> str:
    if not isinstance(array, Tensor | np.ndarray):
        return type(item).__name__
    text = f"{type(item).__name__} of {cast(Any, array).dtype}"
    masks = ": how many elements a mask selects is not known before it is computed. Use fr.where"
    return text + (masks if str(cast(Any, array).dtype) == "bool" else "")


def _positions(input: Tensor, dim: int, indices: Tensor | Array) -> Tensor:
    """Return indices as a tensor; those in lists and arrays are constant, and checked."""
    if isinstance(indices, Tensor):
        return indices
    for extreme in (indices.min(), indices.max()) if indices.size else ():
        _position(input, dim, int(extreme))
    return as_tensor(indices)


def _reach(size: int, indices: Tensor | Array) -> int:
    """Return the end of a slice of the whole dimension that must contain all constant indices.

    `Gather` clamps any index, so the slice is what refuses a call with too few elements.
    """
    if isinstance(indices, Tensor) or not indices.size:
        return size
    return maximum(size, int(indices.max()) + 1, -int(indices.min()))


def _slice(input: Tensor, item: Any) -> builtins.slice:
    raw = builtins.slice(*map(_raw, (item.start, item.stop, item.step)))
    if _is_symbolic(raw) and type(raw.step) in (int, type(None)) and raw.step != 0:
        return raw
    try:
        item.indices(1)
    except (TypeError, ValueError):
        problem = f"A slice takes integers or None, and a step other than 0, but got {item}."
        raise refuse(ArgumentError(problem), input=input) from None
    return item


def _position(input: Tensor, dim: int, index: int) -> int:
    size = input.sizes[dim]
    if not (at_most(-size, index) and at_most(index + 1, size)):
        raise refuse(
            ArgumentError(
                f"Index {index} is out of range: dim {dim} of {input.value.type.describe()} "
                f"has {count_text(size)}."
            ),
            input=input,
        )
    if isinstance(index, SymbolicSize):
        return _from_front(index, size)
    return index if index >= 0 else index + size


def _raw(bound: Any) -> Any:
    size = raw_size(bound)
    return bound if size is None else size


def _is_symbolic(item: builtins.slice) -> bool:
    return isinstance(item.start, SymbolicSize) or isinstance(item.stop, SymbolicSize)


def _symbolic_bounds(item: builtins.slice, size: int) -> tuple[int, int, int]:
    """Return the result of `slice.indices` for dynamic sizes.

    If the step is negative, the limits are those of the slice before it is reversed.
    """
    step = 1 if item.step is None else item.step
    if step > 0:
        start = 0 if item.start is None else _clamped(item.start, size, 0, size)
        stop = size if item.stop is None else _clamped(item.stop, size, 0, size)
        return start, maximum(start, stop), step
    start = size - 1 if item.start is None else _clamped(item.start, size, -1, size - 1)
    stop = -1 if item.stop is None else _clamped(item.stop, size, -1, size - 1)
    count = maximum(0, (start - stop - step - 1) // -step)
    return minimum(start + (count - 1) * step, start + 1), start + 1, step


def _clamped(bound: int, size: int, low: int, high: int) -> int:
    return minimum(maximum(_from_front(bound, size), low), high)


def _from_front(index: int, size: int) -> int:
    """Return an index, which may be dynamic, plus the size where it is negative."""
    if upper_bound(index) < 0:
        return index + size
    return index if lower_bound(index) >= 0 else between(not_negative(index), index, index + size)
