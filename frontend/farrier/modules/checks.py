"""Checks of layers' constructor arguments and input shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from farrier.ops.arguments import is_one_of
from farrier.tensor import Tensor
from farrier_compiler.diagnostics import explain
from farrier_compiler.sizes.requirements import equal_shapes
from farrier_runtime.errors import ArgumentError, ShapeError
from farrier_runtime.wording import shown

Padding: TypeAlias = int | Sequence[Sequence[int]] | Literal["same", "valid"]
"""The zeros around each spatial dimension: for all at once, in pairs, or by the name of a rule."""


def positive(layer: str, **sizes: int) -> None:
    """Refuse sizes that are not integers >= 1.

    Raises:
        ArgumentError: naming the layer and the size.
    """
    for name, size in sizes.items():
        if not _is_integer(size) or size < 1:
            raise explain(
                ArgumentError(f"{layer} takes an integer {name} >= 1, not {shown(size)}.")
            )


def integers(
    layer: str, name: str, values: Sequence[int], count: int | None = None
) -> tuple[int, ...]:
    """Return one integer of at least 1 for each spatial dimension.

    Raises:
        ArgumentError: there are none, there are more or fewer than `count`, or one is not >= 1.
    """
    numbers = tuple(values) if isinstance(values, list | tuple) else ()
    if not numbers or not all(_is_integer(number) and number >= 1 for number in numbers):
        raise explain(
            ArgumentError(
                f"{layer} takes {name} as integers >= 1, one for each dimension, such as "
                f"{name}=(3, 3); not {shown(values)}."
            )
        )
    check_count(layer, name, numbers, count)
    return numbers


def pairs(
    layer: str, name: str, values: Sequence[Sequence[int]], count: int
) -> tuple[tuple[int, int], ...]:
    """Return a pair of integers for each spatial dimension.

    Raises:
        ArgumentError: an entry is not a pair, or there are more or fewer than `count`.
    """
    entries = [_pair(value) for value in values] if isinstance(values, list | tuple) else [None]
    complete = tuple(pair for pair in entries if pair is not None)
    if len(complete) < len(entries):
        raise explain(
            ArgumentError(
                f"{layer} takes {name} as a pair of integers for each spatial dimension, before "
                f"and after it, such as {name}=((1, 1), (1, 1)); not {shown(values)}."
            )
        )
    check_count(layer, name, complete, count)
    return complete


def _pair(value: object) -> tuple[int, int] | None:
    match value:
        case (int() as low, int() as high):
            return low, high
        case _:
            return None


def check_count(layer: str, name: str, values: Sequence[object], count: int | None) -> None:
    """Refuse more or fewer values than there are spatial dimensions."""
    if count is not None and len(values) != count:
        raise explain(
            ArgumentError(
                f"{layer} got {name}={tuple(values)} with {len(values)} entries, but kernel_dims "
                f"has {count}: it takes one for each spatial dimension."
            )
        )


def windows(
    layer: str,
    kernel: Sequence[int],
    padding: Padding | None,
    stride: int | Sequence[int] | None,
    dilation: int | Sequence[int] | None,
) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...], tuple[int, ...]]:
    """Return padding, stride and dilation of a convolution with one entry for each dimension.

    One integer stands for all dimensions, before and after them.

    Raises:
        ArgumentError: one has too many or too few entries, or entries of the wrong form.
    """
    rank = len(kernel)
    steps = integers(layer, "stride", _for_each(1 if stride is None else stride, rank), rank)
    gaps = integers(layer, "dilation", _for_each(1 if dilation is None else dilation, rank), rank)
    if is_one_of(padding, ("same",)):
        return _same(layer, kernel, steps, gaps), steps, gaps
    amounts: Any = 0 if padding is None or is_one_of(padding, ("valid",)) else padding
    if _is_integer(amounts):
        amounts = ((amounts, amounts),) * rank
    return pairs(layer, "padding", amounts, rank), steps, gaps


def _for_each(given: Any, rank: int) -> Any:
    """Return one entry for each dimension where a single number is given for all."""
    return (given,) * rank if _is_integer(given) else given


def _same(
    layer: str, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """Return the padding that keeps the input's size; as in torch, an odd zero goes after it."""
    if any(step != 1 for step in stride):
        problem = f"{layer} takes padding='same' with a stride of 1 only, not {tuple(stride)}."
        raise explain(ArgumentError(problem))
    reach = [gap * (size - 1) for gap, size in zip(dilation, kernel, strict=True)]
    return tuple((count // 2, count - count // 2) for count in reach)


def channels(layer: str, in_channels: int, out_channels: int, groups: int) -> None:
    """Refuse channels that are not multiples of the groups.

    Raises:
        ArgumentError: naming the layer and the numbers.
    """
    positive(layer, in_channels=in_channels, out_channels=out_channels, groups=groups)
    for name, number in (("in_channels", in_channels), ("out_channels", out_channels)):
        if number % groups:
            raise explain(
                ArgumentError(
                    f"{layer} got {name}={number}, which cannot be divided into groups={groups}. "
                    "Both in_channels and out_channels must be multiples of groups."
                )
            )


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def ends_with(layer: str, x: Tensor, sizes: tuple[int, ...]) -> None:
    """Refuse an input whose last dimensions do not have the sizes that a layer takes.

    Raises:
        ShapeError: naming the layer and the shapes.
    """
    if not equal_shapes(x.sizes[-len(sizes) :], sizes):
        wanted = ", ".join(map(str, sizes))
        raise explain(
            ShapeError(
                f"{layer} takes an input of shape (*, {wanted}), but got {x.value.type.describe()}."
            ),
            [("x", x.value)],
        )
