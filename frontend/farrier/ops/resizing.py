"""Resizing by interpolation."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from farrier.ops import arithmetic
from farrier.ops.arguments import flag, is_one_of, items, real_number, refuse, whole_numbers
from farrier.ops.averages import widen
from farrier.ops.conversion import cast
from farrier.ops.ranges import iota
from farrier.ops.rounding import floor, round
from farrier.tensor import Tensor, apply, as_tensor
from farrier.tensor.dimension_size import DimensionSize
from farrier_compiler.diagnostics import memory_for
from farrier_compiler.graph import constant
from farrier_compiler.ops.checks import check_domain
from farrier_compiler.ops.elementwise import Add, Multiply
from farrier_compiler.ops.indexing import Gather
from farrier_compiler.sizes import SymbolicSize, is_static, lower_bound, maximum, upper_bound
from farrier_compiler.sizes.requirements import at_most
from farrier_compiler.types.tensor_type import check_extent
from farrier_runtime.dtypes import dtype, float32, float64, int32
from farrier_runtime.errors import ArgumentError, DtypeError, ShapeError
from farrier_runtime.wording import shown

if TYPE_CHECKING:
    from farrier.types import ShapeLike
    from farrier_compiler.graph import Shape

__all__ = ["resize"]

Mode = Literal["nearest", "linear", "cubic"]
MODES = get_args(Mode)
Taps: TypeAlias = "list[tuple[Tensor, Tensor | None]]"
Numbers: TypeAlias = Any
"""An array, or a tensor if sizes are dynamic."""

_FINEST = 1 << 12
_CHECKED = 1 << 20


def resize(
    input: Tensor,
    output_shape: ShapeLike | Sequence[float] | None = None,
    mode: Mode = "linear",
    align_corners: bool = False,
    *,
    scales: Sequence[float] | None = None,
) -> Tensor:
    """Resize a tensor along its dimensions by interpolation between its elements.

    Element `i` of the result is sampled at `(i + 0.5) / scale - 0.5` of the input, or with
    `align_corners` at `i * (size - 1) / (new_size - 1)`; the elements at the edge are repeated.

    16-bit floats and integers of up to 16 bits are computed in float32, larger integers in float64.
    Integers are then rounded, halves to even, and clamped to the data type's range.

    Args:
        input: a tensor of numbers; with `mode="nearest"` of any data type.
        output_shape: the new size of each dimension; floats are taken as `scales`.
        mode: "nearest" (the later of two equally near), "linear", or "cubic" with the
            coefficient -0.75, in every dimension that changes.
        align_corners: whether the centres of the outermost elements stay in place.
        scales: instead of `output_shape`, a factor for each dimension; sizes are rounded down.

    Returns:
        The resized tensor.

    Raises:
        ArgumentError: not one of `output_shape` and `scales` is given, or the mode is unknown.
        ShapeError: there is not one entry for each dimension, or a size is not positive.
        DtypeError: the mode needs numbers.

    Example:
        >>> fr.resize(fr.Tensor([0.0, 4.0]), (4,)).tolist()
        [0.0, 1.0, 3.0, 4.0]
    """
    if not is_one_of(mode, MODES):
        problem = f"resize has the modes nearest, linear and cubic, not {shown(mode)}."
        raise refuse(ArgumentError(problem))
    input, align_corners = as_tensor(input), flag("resize's align_corners", align_corners)
    sizes, ratios = _sizes(input, output_shape, scales)
    with memory_for(f"the positions of a resize to {sizes}", [("input", input.value)]):
        return _resized(input, sizes, ratios, align_corners, mode)


def _resized(
    input: Tensor,
    sizes: Sequence[int],
    ratios: Sequence[float | Tensor],
    align_corners: bool,
    mode: Mode,
) -> Tensor:
    result = input if mode == "nearest" else _floats(input)
    for dim, (size, ratio) in enumerate(zip(sizes, ratios, strict=True)):
        if size != input.sizes[dim] or isinstance(ratio, Tensor) or ratio != 1:
            shape = (size,) + (1,) * (input.rank - dim - 1)
            find = _cached_taps if is_static((input.sizes[dim], size)) else _taps
            taps = find(input.sizes[dim], shape, ratio, align_corners, mode, result.dtype)
            result = _along(result, dim, taps)
    whole = input.dtype.is_integer and mode != "nearest"
    return cast(round(result) if whole else result, input.dtype)


def _has_fractions(sizes: Any) -> bool:
    """Return whether these are scales, which nvtripy passes in the same argument as sizes."""
    return type(sizes) in (list, tuple) and any(isinstance(size, float) for size in sizes)


def _floats(input: Tensor) -> Tensor:
    """Return numbers in the data type in which they are interpolated."""
    try:
        check_domain("resize", input.value.type, "number")
    except DtypeError as error:
        raise refuse(error, input=input) from None
    if input.dtype.is_floating:
        return widen(input)
    return cast(input, float32 if input.dtype.bits <= 16 else float64)


def _sizes(
    input: Tensor, output_shape: Any, scales: Sequence[float] | None
) -> tuple[tuple[int, ...], tuple[float | Tensor, ...]]:
    """Return new sizes, and for each the step in the input per step in the result."""
    if scales is None and _has_fractions(output_shape):
        output_shape, scales = None, output_shape
    if (output_shape is None) == (scales is None):
        raise refuse(ArgumentError("resize needs output_shape= or scales=, one of them."))
    name = "output_shape" if scales is None else "scales"
    given: Any = output_shape if scales is None else scales
    described = input.value.type.describe()
    entries: tuple[Any, ...] = items(given) or (given,)
    if len(entries) != input.rank:
        problem = f"resize got {name}={entries} for {described}: give one for each dimension."
        raise refuse(ShapeError(problem), input=input)
    if scales is None:
        sizes = whole_numbers("resize's output_shape", entries)
    else:
        scales = [real_number("resize's scales", scale) for scale in entries]
        sizes = tuple(map(_scaled, input.sizes, scales))
    every = (*sizes, *input.sizes)
    if not (min(every, default=1) > 0 if is_static(every) else all(at_most(1, n) for n in every)):
        problem = f"resize of {described} to {sizes} is not defined: all sizes must be positive."
        raise refuse(ShapeError(problem), input=input)
    try:
        check_extent(sizes, float64)
    except ShapeError as error:
        raise refuse(error, input=input) from None
    if scales is not None:
        return sizes, tuple(1 / scale for scale in scales)
    return sizes, tuple(map(_quotient, input.sizes, sizes))


def _scaled(size: int, scale: float) -> int:
    if not isinstance(size, SymbolicSize):
        return int(size * scale) if abs(scale) < math.inf else -1
    fraction = Fraction(scale).limit_denominator(_FINEST)
    if not _agree(scale, fraction, range(lower_bound(size), upper_bound(size) + 1)):
        problem = (
            f"resize got the scale {scale} for the dynamic size '{size}': no fraction of whole "
            "numbers rounds as it does. Give output_shape instead of scales."
        )
        raise refuse(ArgumentError(problem))
    return size * fraction.numerator // fraction.denominator


def _agree(scale: float, fraction: Fraction, sizes: range) -> bool:
    """Return whether a fraction gives the same sizes as a float, whose products are rounded."""
    if fraction == scale:
        return True
    if len(sizes) > _CHECKED:
        return False
    every = np.arange(sizes.start, sizes.stop)
    exact = every * fraction.numerator // fraction.denominator
    return bool((np.floor(every * scale) == exact).all())


def _quotient(old: int, new: int) -> float | Tensor:
    if old == new or is_static((old, new)):
        return 1.0 if old == new else old / new
    above, below = (cast(DimensionSize.of_size(size), float64) for size in (old, new))
    return above / below


def _along(input: Tensor, dim: int, taps: Taps) -> Tensor:
    """Return the weighted sum of the taps along a dim."""
    select, total = Gather(dim), None
    for index, weight in taps:
        part = apply(select, input, index)
        part = part if weight is None else apply(Multiply(), part, weight)
        total = part if total is None else apply(Add(), total, part)
    assert total is not None
    return total


def _taps(
    size: int,
    shape: Shape,
    ratio: float | Tensor,
    align_corners: bool,
    mode: Mode,
    dtype: dtype,
) -> Taps:
    """Return the indices that contribute to each result, and their weights to broadcast."""
    position = _positions(size, shape[0], ratio, align_corners)
    if mode == "nearest":
        return [(_index(_floor(position + 0.5), size), None)]
    if mode == "linear":
        position = _clip(position, 0, None)
    first = _floor(position)
    weights = _linear(position - first) if mode == "linear" else _cubic(position - first)
    return [
        (_index(first + offset, size), _as(weight.reshape(shape), dtype))
        for offset, weight in weights.items()
    ]


_cached_taps = functools.lru_cache(256)(_taps)  # height and width, and layers, are often alike


def _positions(old: int, new: int, ratio: float | Tensor, align_corners: bool) -> Numbers:
    """Return the positions in the input at which a result's elements are sampled."""
    static = is_static((old, new))
    index = np.arange(new, dtype=np.float64) if static else iota((new,), dtype=float64)
    if align_corners:
        return index * _quotient(old - 1, maximum(new - 1, 1))
    return (index + 0.5) * ratio - 0.5


def _index(positions: Numbers, size: int) -> Tensor:
    return _as(_clip(positions, 0, size - 1), int32)


def _floor(numbers: Numbers) -> Numbers:
    return floor(numbers) if isinstance(numbers, Tensor) else np.floor(numbers)


def _clip(numbers: Numbers, low: int, high: int | None) -> Numbers:
    if not isinstance(numbers, Tensor):
        return np.clip(numbers, low, high)
    raised = arithmetic.maximum(numbers, low)
    return raised if high is None else arithmetic.minimum(raised, DimensionSize.of_size(high))


def _as(numbers: Numbers, dtype: dtype) -> Tensor:
    """Return numbers as a tensor of a data type."""
    if isinstance(numbers, Tensor):
        return cast(numbers, dtype)
    return Tensor.of(constant(numbers.astype(dtype.numpy), dtype))


def _linear(t: Numbers) -> dict[int, Numbers]:
    """Return the weights of the elements around a position, by their offset from the first."""
    return {0: 1 - t, 1: t}


def _cubic(t: Numbers, a: float = -0.75) -> dict[int, Numbers]:
    """Return the weights of Keys' cubic convolution."""

    def near(x: Any) -> Any:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Any) -> Any:
        return ((x - 5) * x + 8) * x * a - 4 * a

    return {-1: far(t + 1), 0: near(t), 1: near(1 - t), 2: far(2 - t)}
