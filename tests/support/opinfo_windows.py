"""Translation of torch's windows and resizes to Farrier, and the features that it lacks."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

from typing import Any

import farrier as fr

LACKING = {
    "alpha": "add and sub have no factor: multiply by it",
    "area": "resize has no mode of torch's `area`",
    "arguments": "the function has fewer parameters than torch's",
    "ceil_mode": "pools have no `ceil_mode`: pad",
    "dilation": "pools have no dilation",
    "divisor_override": "avgpool divides by the window's size",
    "dtype": "a result's data type is cast explicitly",
    "gather": "torch's own gather has no counterpart",
    "indices": "maxpool returns no indices",
    "largest": "topk finds the largest",
    "legacy": "torch's cat ignores vectors of no elements, for old programs",
    "mode": "torch's nearest, replicate and circular have no counterpart",
    "output_padding": "pass less padding at the end",
    "rank": "convolutions and pools need a batch dimension",
    "rounding_mode": "div has trunc and floor under other names",
    "scale": "torch takes the factor itself where Farrier takes the sizes' ratio",
    "statistics": "normalisations take all parameters, and do not train",
    "tensor": "the argument is a tensor in torch, and a number or a tuple in Farrier",
    "unbiased": "var has `correction`",
}
"""Features that samples use and Farrier lacks, with the reason or a remedy."""


class Unsupported(Exception):
    """A sample uses a feature that Farrier lacks."""

    def __init__(self, feature: str) -> None:
        """Name a key of `LACKING`."""
        super().__init__(f"{feature}: {LACKING[feature]}")


def _entries(given: Any, rank: int) -> tuple[int, ...]:
    return (
        (given,) * rank
        if isinstance(given, int)
        else tuple(given) * (rank if len(given) == 1 else 1)
    )


def _pairs(padding: Any, rank: int) -> tuple[tuple[int, int], ...]:
    return tuple((n, n) for n in _entries(padding, rank))


def conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    rank = weight.rank - 2
    if x.rank != weight.rank:
        raise Unsupported("rank")
    gaps = _entries(dilation, rank)
    if padding == "same":
        reach = [gap * (size - 1) for gap, size in zip(gaps, weight.shape[2:], strict=True)]
        pairs = tuple((n // 2, n - n // 2) for n in reach)
    else:
        pairs = _pairs(0 if padding == "valid" else padding, rank)
    result = fr.convolution(x, weight, _entries(stride, rank), pairs, gaps, groups)
    return result if bias is None else result + fr.reshape(bias, (-1, *(1,) * rank))


def conv_transpose(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    rank = weight.rank - 2
    if x.rank != weight.rank:
        raise Unsupported("rank")
    added = _entries(output_padding, rank)
    pairs = tuple((n, n - more) for n, more in zip(_entries(padding, rank), added, strict=True))
    arguments = _entries(stride, rank), pairs, _entries(dilation, rank), groups
    result = fr.conv_transpose(x, weight, *arguments)
    return result if bias is None else result + fr.reshape(bias, (-1, *(1,) * rank))


def max_pool(
    rank: int,
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    return _pool(
        fr.maxpool, rank, x, kernel_size, stride, padding, ceil_mode, dilation, return_indices
    )


def avg_pool(
    rank: int,
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: Any = None,
) -> Any:
    if divisor_override is not None:
        raise Unsupported("divisor_override")
    arguments = {"count_include_pad": count_include_pad}
    return _pool(fr.avgpool, rank, x, kernel_size, stride, padding, ceil_mode, **arguments)


def _pool(
    function: Any,
    rank: int,
    x: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    dilation: Any = 1,
    indices: bool = False,
    **options: Any,
) -> Any:
    for name, used in (("indices", indices), ("ceil_mode", ceil_mode)):
        if used:
            raise Unsupported(name)
    if x.rank != rank + 2:
        raise Unsupported("rank")
    if any(n != 1 for n in _entries(dilation, rank)):
        raise Unsupported("dilation")
    kernel = _entries(kernel, rank)
    steps = kernel if stride in (None, (), []) else _entries(stride, rank)
    return function(x, kernel, steps, _pairs(padding, rank), **options)


def interpolate(
    x: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
) -> Any:
    modes = {"linear": "linear", "bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}
    if mode not in modes:
        raise Unsupported("area" if mode == "area" else "mode")
    if scale_factor is not None:
        raise Unsupported("scale")
    shape = (*x.shape[:2], *_entries(size, x.rank - 2))
    return fr.resize(x, shape, modes[mode], bool(align_corners))  # pyright: ignore[reportArgumentType]
