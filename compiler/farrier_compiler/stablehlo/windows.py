"""Rewrites of windows with dynamic padding or size as static ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from farrier_compiler.sizes import SymbolicSize, is_static, maximum, upper_bound
from farrier_compiler.stablehlo.core import CoreBuilder
from farrier_compiler.types.geometry import padded_shape
from farrier_runtime.errors import CompileError

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.geometry import ConvolutionForm, PoolForm


def padded(hlo: CoreBuilder, x: HloValue, attributes: ConvolutionForm) -> HloValue:
    """Return the input of a convolution after its padding and dilation."""
    low, high, gaps = attributes.pads()
    if all(amount == 0 for amount in (*low, *high, *gaps)):
        return x
    shape = padded_shape(x.type.shape, low, high, gaps)
    zero = hlo.full(x.type.with_shape(()), 0)
    return hlo.pad(x.type.with_shape(shape), x, zero, low, high, gaps)


def with_numbers(attributes: PoolForm) -> PoolForm:
    """Return the same windows with static sizes and padding.

    Raises:
        CompileError: that is not possible; StableHLO has no windows of dynamic sizes.
    """
    window, padding = list(attributes.window), list(attributes.padding)
    for dim, size in enumerate(window):
        reaches_back = padding[dim] == (maximum(size - 1, 0), 0) and attributes.dilation[dim] == 1
        if isinstance(size, SymbolicSize) and reaches_back:  # a longer window only adds padding
            window[dim] = upper_bound(size)
            padding[dim] = (upper_bound(size) - 1, 0)
    if not is_static(window) or not is_static(n for pair in padding for n in pair):
        raise CompileError(
            f"{attributes.label} has the window {attributes.window} with the padding "
            f"{attributes.padding}: portable StableHLO has no windows of dynamic sizes. Compile it "
            "for a target, or give numbers."
        )
    return replace(attributes, window=tuple(window), padding=tuple(padding))
