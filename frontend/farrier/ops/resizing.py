"""Resizing by interpolation."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, get_args

import numpy as np

from farrier.dimension_size import DimensionSize
from farrier.ops.arguments import refuse, whole_numbers
from farrier.ops.arithmetic import maximum, minimum
from farrier.ops.creation import iota
from farrier.ops.elementwise import cast, floor, round
from farrier.ops.reduction import widen
from farrier.ops.shape import reshape
from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.graph import constant
from farrier_compiler.ops.base import check_domain
from farrier_compiler.ops.elementwise import Add, Multiply
from farrier_compiler.ops.indexing import Gather
from farrier_compiler.requirements import at_most
from farrier_compiler.sizes import is_static
from farrier_runtime.dtypes import dtype, float32, float64, int32
from farrier_runtime.errors import ArgumentError, DtypeError, ShapeError

if TYPE_CHECKING:
    from farrier_compiler.graph import Array, Shape

__all__ = ["resize"]

Mode = Literal["nearest", "linear", "cubic"]
MODES = get_args(Mode)
Number = TypeVar("Number", "np.ndarray", Tensor)
Taps: TypeAlias = "list[tuple[Tensor, Tensor | None]]"


def resize(
    input: Tensor,
    output_shape: Sequence[int] | None = None,
    mode: Mode = "linear",
    align_corners: bool = False,
    *,
    scales: Sequence[float] | None = None,
) -> Tensor:
    """Resize a tensor along its dimensions by interpolation between its elements.

    Element `i` of a result lies at `(i + 0.5) / scale - 0.5` of the input, or with
    `align_corners` at `i * (size - 1) / (new_size - 1)`; the elements at the edge are repeated.

    16-bit floats and integers are computed in float32. Integers are then rounded to the nearest,
    halves to the even one, and those out of the data type's range become its nearest number.

    Args:
        input: a tensor of numbers; with `mode="nearest"` of any data type.
        output_shape: the new size of each dimension.
        mode: "nearest" (of two equally near the later one), "linear", or "cubic" with the
            coefficient -0.75, in every dimension that changes.
        align_corners: whether the centres of the outermost elements stay where they are.
        scales: in place of `output_shape`, a factor for each dimension; sizes are rounded down.

    Returns:
        The resized tensor.

    Raises:
        ArgumentError: not one of `output_shape` and `scales` is given, or there is no such mode.
        ShapeError: there is not one entry for each dimension, or a size is not positive.
        DtypeError: the mode needs numbers.

    Example:
        >>> fr.resize(fr.Tensor([0.0, 4.0]), (4,)).tolist()
        [0.0, 1.0, 3.0, 4.0]
    """
    if mode not in MODES:
        problem = f"resize has the modes nearest, linear and cubic, not {mode!r}."
        raise refuse(ArgumentError(problem))
    input = as_tensor(input)
    sizes, ratios = _sizes(input, output_shape, scales)
    result = input if mode == "nearest" else _floats(input)
    for dim, (size, ratio) in enumerate(zip(sizes, ratios, strict=True)):
        if size != input.sizes[dim] or ratio != 1:
            shape = (size,) + (1,) * (input.rank - dim - 1)
            size = input.sizes[dim]
            find = _taps if is_static((size, *shape)) else _symbolic_taps
            taps = find(size, shape, ratio, align_corners, mode, result.dtype)
            result = _along(result, dim, taps)
    whole = input.dtype.is_integer and mode != "nearest"
    return cast(round(result) if whole else result, input.dtype)


def _floats(input: Tensor) -> Tensor:
    """Return numbers in the data type in which they are weighed and added."""
    try:
        check_domain("resize", input.value.type, "number")
    except DtypeError as error:
        raise refuse(error, input=input) from None
    return widen(input) if input.dtype.is_floating else cast(input, float32)


def _sizes(
    input: Tensor, output_shape: Sequence[int] | None, scales: Sequence[float] | None
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return new sizes, and by how much a step in the result moves in the input."""
    if (output_shape is None) == (scales is None):
        raise refuse(ArgumentError("resize needs output_shape= or scales=, one of them."))
    name, given = ("output_shape", output_shape) if scales is None else ("scales", scales)
    described = input.value.type.describe()
    entries = tuple(given or ())
    if len(entries) != input.rank:
        problem = f"resize got {name}={entries} for {described}: give one for each dimension."
        raise refuse(ShapeError(problem), input=input)
    if scales is None:
        sizes = whole_numbers("resize's output_shape", output_shape or ())
    else:
        sizes = tuple(_scaled(*pair) for pair in zip(input.sizes, scales, strict=True))
    if not all(at_most(1, size) for size in (*sizes, *input.sizes)):
        problem = f"resize of {described} to {sizes} is not defined: all sizes must be positive."
        raise refuse(ShapeError(problem), input=input)
    steps = zip(input.sizes, sizes, strict=True)
    if scales is not None:
        return sizes, tuple(1 / scale for scale in scales)
    return sizes, tuple(old / new if is_static((old, new)) else 0.0 for old, new in steps)


def _scaled(size: int, scale: float) -> int:
    """Return a size times a factor, rounded down; symbolic sizes take simple fractions."""
    if is_static((size,)):
        return int(size * scale)
    exact = Fraction(scale).limit_denominator(1 << 16)
    if float(exact) != scale:
        problem = (
            f"resize got scales with {scale}, which is no simple fraction, for the dynamic size "
            f"{size}. Give output_shape in its place."
        )
        raise refuse(ArgumentError(problem))
    return size * exact.numerator // exact.denominator


def _along(input: Tensor, dim: int, taps: Taps) -> Tensor:
    """Return the sum of the taps along a dim, of which each has an index and a weight."""
    parts = [(apply(Gather(dim), input, index), weight) for index, weight in taps]
    weighted = [
        part if weight is None else apply(Multiply(), part, weight) for part, weight in parts
    ]
    return functools.reduce(lambda total, part: apply(Add(), total, part), weighted)


@functools.lru_cache(256)  # height and width are often alike, and so are layers
def _taps(
    size: int, shape: Shape, ratio: float, align_corners: bool, mode: Mode, kind: dtype
) -> Taps:
    """Return which elements add to a result, and their weights in a shape that broadcasts."""
    place = _places(size, shape[0], ratio, align_corners)
    if mode == "nearest":
        return [(_index(np.floor(place + 0.5), size), None)]
    if mode == "linear":
        place = np.maximum(place, 0)
    first = np.floor(place)
    weights = _linear(place - first) if mode == "linear" else _cubic(place - first)
    return [
        (_index(first + offset, size), _constant(weight.reshape(shape), kind))
        for offset, weight in weights.items()
    ]


def _places(old: int, new: int, ratio: float, align_corners: bool) -> Array:
    """Return where in the input the elements of a result lie."""
    index = np.arange(new, dtype=np.float64)
    if align_corners:
        return index * ((old - 1) / (new - 1) if new > 1 else 0.0)
    return (index + 0.5) * ratio - 0.5


def _symbolic_taps(
    size: int, shape: Shape, ratio: float, align_corners: bool, mode: Mode, kind: dtype
) -> Taps:
    """Compute in float64 what `_taps` knows."""
    place = _symbolic_places(size, shape[0], ratio, align_corners)
    last = _number(size - 1)
    if mode == "nearest":
        return [(_clamped(floor(place + 0.5), last), None)]
    if mode == "linear":
        place = maximum(place, 0.0)
    first = floor(place)
    weights = _linear(place - first) if mode == "linear" else _cubic(place - first)
    return [
        (_clamped(first + offset, last), cast(reshape(weight, shape), kind))
        for offset, weight in weights.items()
    ]


def _symbolic_places(old: int, new: int, ratio: float, align_corners: bool) -> Tensor:
    index = iota((new,), dtype=float64)
    if align_corners:
        return index * (_number(old - 1) / maximum(_number(new - 1), 1.0))
    return (index + 0.5) * (ratio or _number(old) / _number(new)) - 0.5


def _number(size: int) -> Tensor:
    return cast(DimensionSize.of_size(size), float64)


def _clamped(positions: Tensor, last: Tensor) -> Tensor:
    return cast(minimum(maximum(positions, 0.0), last), int32)


def _index(positions: Array, size: int) -> Tensor:
    return _constant(np.clip(positions, 0, size - 1), int32)


def _constant(array: Array, kind: dtype) -> Tensor:
    return Tensor.of(constant(array.astype(kind.numpy), kind))


def _linear(t: Number) -> dict[int, Number]:
    """Return the weights of the elements around a place, by their distance from the first."""
    return {0: 1 - t, 1: t}


def _cubic(t: Number, a: float = -0.75) -> dict[int, Number]:
    """Return the weights of Keys' cubic convolution."""

    def near(x: Number) -> Number:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Number) -> Number:
        return ((x - 5) * x + 8) * x * a - 4 * a

    return {-1: far(t + 1), 0: near(t), 1: near(1 - t), 2: far(2 - t)}
