"""Geometry of windows and contractions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

from farrier_compiler.sizes import maximum
from farrier_compiler.types.tensor_type import Shape

Layout = Literal["channels_first", "channels_last"]

Padding = tuple[tuple[int, int], ...]
"""How many elements to add before and after each dimension; negative amounts crop."""


@dataclass(frozen=True)
class ConvolutionForm:
    """The geometry of a convolution: its attributes except for its data type.

    channels_first: input (N, C, *S), kernel (O, C / groups, *K), result (N, O, *S').
    channels_last: input (N, *S, C), kernel (*K, C / groups, O), result (N, *S', O).
    Padding is a pair for each spatial dimension. `input_dilation` is the distance between the
    input's elements.
    """

    stride: tuple[int, ...]
    padding: Padding
    dilation: tuple[int, ...]
    groups: int = 1
    input_dilation: tuple[int, ...] = ()
    layout: Layout = "channels_first"

    def __post_init__(self) -> None:
        if not self.input_dilation:
            object.__setattr__(self, "input_dilation", (1,) * len(self.stride))

    def channels_first(self, shape: Shape) -> Shape:
        """Return an input's or result's shape as (N, C, *S)."""
        if self.layout == "channels_last":
            return (shape[0], shape[-1], *shape[1:-1])
        return shape

    def kernel_first(self, shape: Shape) -> Shape:
        """Return a kernel's shape as (O, C / groups, *K)."""
        if self.layout == "channels_last":
            return (shape[-1], shape[-2], *shape[:-2])
        return shape

    def unpadded(self) -> Self:
        """Return the convolution to apply to an input that is already padded and dilated."""
        rank = len(self.stride)
        return replace(self, padding=((0, 0),) * rank, input_dilation=(1,) * rank)

    def pads(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Return the amounts to pad the whole input by: before, after and between its elements."""
        amounts = [(0, 0, 0), (0, 0, 0)]
        for (before, after), distance in zip(self.padding, self.input_dilation, strict=True):
            amounts.append((before, after, distance - 1))
        if self.layout == "channels_last":
            amounts.append(amounts.pop(1))
        low, high, gaps = zip(*amounts, strict=True)
        return low, high, gaps


@dataclass(frozen=True)
class PoolForm:
    """The geometry of pooling, with an entry for every dimension of its input.

    Dimensions that are not pooled have 1 and (0, 0).
    """

    window: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Padding
    dilation: tuple[int, ...]

    label: ClassVar[str]
    kind: ClassVar[Literal["max", "sum"]]


def dilated(size: int, distance: int) -> int:
    """Return the extent of `size` elements that are `distance` apart."""
    if type(size) is int and type(distance) is int:
        return (size - 1) * distance + 1 if size else 0
    return size if distance == 1 else maximum((size - 1) * distance + 1, 0)


def padded_shape(
    shape: Shape, low: Sequence[int], high: Sequence[int], interior: Sequence[int]
) -> Shape:
    """Return a shape after padding."""
    return tuple(
        before + dilated(size, gap + 1) + after
        for size, before, after, gap in zip(shape, low, high, interior, strict=True)
    )


def free_dims(rank: int, batch: tuple[int, ...], contracting: tuple[int, ...]) -> tuple[int, ...]:
    """Return the dims of an operand that are neither batch nor contracting dims."""
    return tuple(dim for dim in range(rank) if dim not in batch and dim not in contracting)
