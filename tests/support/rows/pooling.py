"""Rows of pooling."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops.pooling import MaxPool, Pool, SumPool
from farrier_runtime import dtypes
from support.records import FLOATS, NUMBERS, Operand, Record, Refusal

SMALL = (dtypes.float32, dtypes.int8)


def _by_definition(op: Pool, x: Any) -> Any:
    """Compute each element of the result on its own, straight from the definition."""
    reduce: Any = np.max if isinstance(op, MaxPool) else np.sum
    lowest = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
    x = np.pad(x, op.padding, constant_values=lowest if isinstance(op, MaxPool) else 0)
    reach = [(w - 1) * d + 1 for w, d in zip(op.window, op.dilation, strict=True)]
    sizes = [(n - r) // s + 1 for n, r, s in zip(x.shape, reach, op.stride, strict=True)]
    result = np.empty(sizes, np.int64 if x.dtype.kind in "iu" else x.dtype)
    for at in np.ndindex(*sizes):
        window = tuple(
            slice(i * s, i * s + r, d)
            for i, s, r, d in zip(at, op.stride, reach, op.dilation, strict=True)
        )
        result[at] = reduce(x[window])
    return result


def _primitive(name: str, op: Pool, shape: tuple[int, ...], **options: Any) -> Record:
    public = "maxpool" if isinstance(op, MaxPool) else "avgpool"
    return Record(
        f"{op.name}/{name}",
        lambda x: apply(op, x),
        (Operand(shape, -100, 100),),
        reference=lambda x: _by_definition(op, x),
        tolerance=2,
        refused=(
            Refusal(
                lambda: apply(replace(op, window=(2,)), fr.ones(shape)),
                fr.ArgumentError,
                f"{public} got window=(2,) for float32 {shape}: it needs one entry for each of the "
                f"{len(shape)} dimensions.",
            ),
        ),
        **options,
    )


def _averages(x: Any, *window: Any, count_include_pad: bool = True) -> Any:
    op = SumPool(*window)
    counted = np.ones_like(x) if not count_include_pad else None
    total = _by_definition(op, x)
    average = total / (np.prod(op.window) if counted is None else _by_definition(op, counted))
    return np.trunc(average) if x.dtype.kind in "iu" else average


def _torch(name: str, *arguments: Any, **options: Any) -> Callable[..., Any]:
    def call(x: Any) -> Any:
        import torch

        return getattr(torch.nn.functional, name)(x, *arguments, **options)

    return call


IMAGE = Operand((2, 3, 7, 6), -100, 100)
NONE = (0, 0)
SQUARE = fr.ones((1, 2, 5, 5))

ROWS = [
    Record(
        "maxpool",
        lambda x: fr.maxpool(x, (2, 3), (2, 1), ((1, 1), (1, 1))),
        (Operand((2, 3, 7, 6), -100, 250),),
        NUMBERS,
        lambda x: _by_definition(
            MaxPool((1, 1, 2, 3), (1, 1, 2, 1), (NONE, NONE, (1, 1), (1, 1)), (1,) * 4), x
        ),
        _torch("max_pool2d", (2, 3), (2, 1), 1),
        FLOATS,
        refused=(
            Refusal(
                lambda: fr.maxpool(SQUARE, (6, 2)),
                fr.ShapeError,
                "maxpool got a window that extends over 6 elements in dimension 2 of float32 "
                "(1, 2, 5, 5), but with its padding it has 5 there.",
            ),
            Refusal(
                lambda: fr.maxpool(fr.cast(SQUARE, fr.bool), (2, 2)),
                fr.DtypeError,
                "maxpool takes a number, but got bool (1, 2, 5, 5). Convert it first, for example "
                "with fr.cast(x, fr.float32).",
            ),
        ),
    ),
    Record(
        "maxpool/1d",
        lambda x: fr.maxpool(x, (3,)),
        (Operand((2, 3, 9)),),
        SMALL,
        torch=_torch("max_pool1d", 3, 1),
        torch_dtypes=FLOATS,
    ),
    # The window fits once, and leaves a rest of the input, which IREE needs cropped.
    _primitive("once", MaxPool((1, 2, 2), (1, 2, 2), (NONE,) * 3, (1, 1, 1)), (2, 3, 3)),
    _primitive("once", SumPool((1, 2, 2), (1, 2, 3), (NONE, (0, 1), NONE), (1, 1, 2)), (2, 2, 4)),
    Record(
        "maxpool/3d",
        lambda x: fr.maxpool(x, (2, 2, 3), (2, 1, 3), ((0, 1), (1, 0), (0, 0))),
        (Operand((1, 2, 5, 4, 6)),),
        SMALL,
        lambda x: _by_definition(
            MaxPool((1, 1, 2, 2, 3), (1, 1, 2, 1, 3), (NONE, NONE, (0, 1), (1, 0), NONE), (1,) * 5),
            x,
        ),
    ),
    Record(
        "avgpool",
        lambda x: fr.avgpool(x, (2, 3), (2, 1), ((1, 1), (1, 1))),
        (IMAGE,),
        NUMBERS,
        lambda x: _averages(x, (1, 1, 2, 3), (1, 1, 2, 1), (NONE, NONE, (1, 1), (1, 1)), (1,) * 4),
        _torch("avg_pool2d", (2, 3), (2, 1), 1),
        torch_dtypes=FLOATS,
        tolerance=2,
        refused=(
            Refusal(
                lambda: fr.avgpool(SQUARE, (2, 2), stride=(1, 0)),
                fr.ArgumentError,
                "avgpool's stride takes 2 numbers of at least 1 for float32 (1, 2, 5, 5), but got "
                "(1, 0).",
            ),
        ),
    ),
    Record(
        "avgpool/inside",
        lambda x: fr.avgpool(x, (2, 3), (2, 1), ((1, 1), (1, 1)), count_include_pad=False),
        (IMAGE,),
        (*FLOATS, dtypes.int8),
        lambda x: _averages(
            x,
            (1, 1, 2, 3),
            (1, 1, 2, 1),
            (NONE, NONE, (1, 1), (1, 1)),
            (1,) * 4,
            count_include_pad=False,
        ),
        _torch("avg_pool2d", (2, 3), (2, 1), 1, count_include_pad=False),
        torch_dtypes=FLOATS,
        tolerance=2,
    ),
    Record(
        "avgpool/1d",
        lambda x: fr.avgpool(x, (4,), (2,)),
        (Operand((2, 3, 9)),),
        (dtypes.float32,),
        torch=_torch("avg_pool1d", 4, 2),
        tolerance=2,
    ),
    Record(
        "avgpool/3d",
        lambda x: fr.avgpool(x, (2, 2, 3)),
        (Operand((1, 2, 4, 4, 5)),),
        (dtypes.float32,),
        torch=_torch("avg_pool3d", (2, 2, 3), 1),
        tolerance=2,
    ),
    _primitive(
        "dilated",
        MaxPool((1, 1, 2, 3), (1, 1, 2, 1), (NONE, NONE, (0, 1), (1, 0)), (1, 1, 3, 2)),
        (2, 3, 7, 8),
        dtypes=NUMBERS,
    ),
    _primitive(
        "dilated",
        SumPool((1, 1, 2, 3), (1, 1, 2, 1), (NONE, NONE, (0, 1), (1, 0)), (1, 1, 3, 2)),
        (2, 3, 7, 8),
        dtypes=NUMBERS,
    ),
    _primitive(
        "batch_and_channels_last",
        SumPool((2, 3, 2, 1), (1, 2, 2, 1), (NONE, (1, 1), (0, 1), NONE), (1,) * 4),
        (3, 7, 6, 3),
        dtypes=FLOATS,
    ),
    _primitive(
        "channels_last",
        MaxPool((1, 3, 2, 1), (1, 2, 2, 1), (NONE, (1, 1), (0, 1), NONE), (1,) * 4),
        (2, 7, 6, 3),
        dtypes=(dtypes.float32,),
    ),
]
