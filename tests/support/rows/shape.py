"""Rows of the functions that rearrange elements."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops.shape import Pad
from farrier_compiler.ops.size_requirements import RequireSizes
from farrier_runtime import dtypes
from support.records import ANY, Operand, Record, Refusal, no_such_dim, unfit, unlike_dtypes

X = Operand((2, 3, 4))
# torch has hardly any functions on the wider unsigned types.
ON_TORCH = tuple(
    dtype for dtype in ANY if dtype not in (dtypes.uint16, dtypes.uint32, dtypes.uint64)
)


def _row(
    name: str,
    function: Callable[..., Any],
    reference: Callable[..., Any],
    torch: Callable[..., Any] | None,
    *operands: Operand,
    refused: tuple[Refusal, ...] = (),
) -> Record:
    operands = operands or (X,)
    return Record(name, function, operands, ANY, reference, torch, ON_TORCH, refused=refused)


def _torch(name: str, *arguments: Any, **options: Any) -> Callable[..., Any]:
    def call(*tensors: Any) -> Any:
        import torch

        return getattr(torch, name)(*tensors, *arguments, **options)

    return call


def _joined(name: str, dim: int) -> Callable[..., Any]:
    def call(*tensors: Any) -> Any:
        import torch

        return getattr(torch, name)(tensors, dim)

    return call


def _padded(pairs: tuple[int, ...], **options: Any) -> Callable[..., Any]:
    def call(x: Any) -> Any:
        import torch

        return torch.nn.functional.pad(x, pairs, **options)

    return call


def _interior(x: np.ndarray[Any, Any], value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    result = np.full((6, 10), value)
    result[1::2, 1:8:3] = x[:, :3]
    return result


MATRIX = fr.ones((2, 3))

ROWS = [
    _row(
        "reshape",
        lambda x: fr.reshape(x, (4, -1)),
        lambda x: x.reshape(4, 6),
        _torch("reshape", (4, -1)),
        refused=unfit(
            lambda: fr.reshape(MATRIX, (4, 2)),
            "reshape cannot give float32 (2, 3), which has 6 elements, the shape (4, 2), which has "
            "8. The numbers must be equal.",
        ),
    ),
    _row(
        "reshape/scalar",
        lambda x: fr.reshape(x, ()),
        lambda x: x.reshape(()),
        _torch("reshape", ()),
        Operand((1, 1)),
    ),
    _row(
        "permute",
        lambda x: fr.permute(x, (2, 0, -2)),
        lambda x: x.transpose(2, 0, 1),
        _torch("permute", (2, 0, -2)),
        refused=unfit(
            lambda: fr.permute(MATRIX, (0,)),
            "permute got (0,) for float32 (2, 3): it must name all 2 dimensions.",
        ),
    ),
    _row(
        "transpose",
        lambda x: fr.transpose(x, 0, -1),
        lambda x: x.swapaxes(0, 2),
        _torch("transpose", 0, -1),
        refused=unfit(
            lambda: fr.transpose(MATRIX, 0, 2),
            "transpose got dim=2, but the tensor has 2 dimensions: dim must be in [-2, 1].",
        ),
    ),
    _row(
        "squeeze",
        lambda x: fr.squeeze(x, (0, -2)),
        lambda x: x.squeeze((0, 2)),
        _torch("squeeze", (0, -2)),
        Operand((1, 3, 1, 2)),
        refused=unfit(
            lambda: fr.squeeze(MATRIX, 0),
            "squeeze removes sizes of 1, but dim 0 of float32 (2, 3) is larger.",
        ),
    ),
    _row(
        "unsqueeze",
        lambda x: fr.unsqueeze(x, -2),
        lambda x: x[:, :, None],
        _torch("unsqueeze", -2),
        refused=unfit(
            lambda: fr.unsqueeze(MATRIX, 3),
            "unsqueeze got dim=3, but its result has 3 dimensions: dim must be in [-3, 2].",
        ),
    ),
    _row(
        "flatten",
        lambda x: fr.flatten(x, 1),
        lambda x: x.reshape(2, 12),
        _torch("flatten", 1),
        refused=unfit(
            lambda: fr.flatten(MATRIX, 1, 0),
            "flatten got start_dim=1, which is after end_dim=0.",
        ),
    ),
    _row(
        "expand",
        lambda x: fr.expand(x, (5, -1, 3, 4)),
        lambda x: np.broadcast_to(x, (5, 2, 3, 4)),
        lambda x: x.expand(5, -1, 3, 4),
        Operand((2, 1, 4)),
        refused=unfit(
            lambda: fr.expand(MATRIX, (4, 3)),
            "expand cannot give float32 (2, 3) the sizes (4, 3). Only dimensions of size 1 change; "
            "-1 keeps a size, and new dimensions are in front.",
        ),
    ),
    _row(
        "concatenate",
        lambda x, y: fr.concatenate([x, y, x], 1),
        lambda x, y: np.concatenate([x, y, x], 1),
        lambda x, y: _joined("concatenate", 1)(x, y, x),
        X,
        Operand((2, 5, 4)),
        refused=unfit(
            lambda: fr.concatenate([MATRIX, fr.ones((2, 4))], 0),
            "concatenate cannot join float32 (2, 3) and float32 (2, 4) along dim 0: all other "
            "sizes must be equal.",
        ),
    ),
    _row(
        "stack",
        lambda x, y: fr.stack([x, y], -1),
        lambda x, y: np.stack([x, y], -1),
        _joined("stack", -1),
        X,
        X,
        refused=(
            *unfit(
                lambda: fr.stack([MATRIX, fr.ones((2, 3, 4))]),
                "stack takes tensors of one shape, but got (2, 3) and (2, 3, 4).",
            ),
            unlike_dtypes("stack", lambda x, y: fr.stack([x, y])),
        ),
    ),
    _row(
        "split",
        lambda x: fr.split(x, 3, dim=1),
        lambda x: (x[:, :3], x[:, 3:6], x[:, 6:]),
        _torch("chunk", 3, dim=1),
        Operand((2, 7)),
    ),
    _row(
        "split/sizes",
        lambda x: fr.split(x, (1, 4, 2), dim=-1),
        lambda x: (x[:, :1], x[:, 1:5], x[:, 5:]),
        _torch("split", (1, 4, 2), dim=-1),
        Operand((2, 7)),
        refused=unfit(
            lambda: fr.split(MATRIX, (1, 1), dim=1),
            "split got the sizes (1, 1), which do not add up to 3.",
        ),
    ),
    _row(
        "flip", lambda x: fr.flip(x, (0, -1)), lambda x: x[::-1, :, ::-1], _torch("flip", (0, -1))
    ),
    _row(
        "flip/column",
        lambda x: fr.flip(x[:, :, 1], 0),
        lambda x: x[::-1, :, 1],
        lambda x: x[:, :, 1].flip(0),
    ),
    _row(
        "flip/all",
        fr.flip,
        lambda x: x[::-1, ::-1, ::-1],
        _torch("flip", (0, 1, 2)),
        refused=(no_such_dim("flip", lambda x, dim: fr.flip(x, (0, dim))),),
    ),
    _row(
        "pad",
        lambda x: fr.pad(x, ((1, 2), (0, 0), (3, 1)), value=1),
        lambda x: np.pad(x, ((1, 2), (0, 0), (3, 1)), constant_values=1),
        _padded((3, 1, 0, 0, 1, 2), value=1),
    ),
    _row(
        "pad/crop",
        lambda x: fr.pad(x, ((-1, 2), (0, -2), (1, -1))),
        lambda x: np.pad(x[1:, :1, :3], ((0, 2), (0, 0), (1, 0))),
        _padded((1, -1, 0, -2, -1, 2)),
        refused=unfit(
            lambda: fr.pad(MATRIX, ((0, 0), (-2, -2))),
            "pad crops more elements than there are: float32 (2, 3) with (0, -2) before and "
            "(0, -2) after would have the shape (2, -1).",
        ),
    ),
    _row(
        "pad/reflect",
        lambda x: fr.pad(x, ((0, 1), (2, 0), (1, 3)), mode="reflect"),
        lambda x: np.pad(x, ((0, 1), (2, 0), (1, 3)), mode="reflect"),
        None,
    ),
    _row(
        "pad/interior",
        lambda x, v: apply(Pad((1, 1), (0, -1), (1, 2)), x, v),
        _interior,
        None,
        Operand((3, 4)),
        Operand(()),
    ),
    _row(
        "repeat",
        lambda x: fr.repeat(x, 3, 1),
        lambda x: x.repeat(3, 1),
        _torch("repeat_interleave", 3, dim=1),
        refused=(no_such_dim("repeat", lambda x, dim: fr.repeat(x, 3, dim)),),
    ),
    Record(
        "require_sizes",
        lambda x: apply(RequireSizes("at_most", 1, x.sizes[0], "rows"), x),
        (X,),
        ANY,
        lambda x: x,
        refused=(
            Refusal(
                lambda: apply(RequireSizes("equal", 2, 3, "rows"), fr.ones(2)),
                fr.ShapeError,
                "rows needs other sizes: 2 must be equal to 3.",
            ),
        ),
    ),
]
