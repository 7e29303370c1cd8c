"""Rows of indexing."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import farrier as fr
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.records import ANY, Operand, Record, Refusal
from support.rows.shape import ON_TORCH


def _row(name: str, index: Any, on_torch: bool = True) -> Record:
    """Return the row of an index, which means the same in numpy and torch."""

    def indexed(x: Any) -> Any:
        return x[index]

    torch: Callable[..., Any] | None = indexed if on_torch else None
    return Record(f"slice/{name}", indexed, (Operand((4, 5, 6)),), ANY, indexed, torch, ON_TORCH)


def _gather(
    name: str,
    input: tuple[int, ...],
    dim: int,
    index: Operand,
    tested: tuple[dtype, ...] = (dtypes.float32,),
    refused: tuple[Refusal, ...] = (),
) -> Record:
    """Return the row of a gather; torch has it for vectors of positions that are not negative."""
    one = len(index.shape) == 1 and index.low >= 0 and index.high < input[dim]

    def reference(x: Any, i: Any) -> Any:
        size = x.shape[dim]
        return np.take(x, np.clip(np.where(i < 0, i + size, i), 0, size - 1), dim)

    torch: Callable[..., Any] | None = (lambda x, i: x.index_select(dim, i)) if one else None
    operands = (Operand(input), index)
    return Record(
        f"gather{name}",
        lambda x, i: fr.gather(x, dim, i),
        operands,
        tested,
        reference,
        torch,
        ON_TORCH,
        refused=refused,
    )


def _index(*shape: int, low: int = 0, high: int, dtype: dtype = dtypes.int32) -> Operand:
    return Operand(shape, low, high, dtype)


ROWS = [
    Record(
        "slice",
        lambda x: fr.slice(x, 1),
        (Operand((3, 4)),),
        ANY,
        lambda x: x[1],
        lambda x: x[1],
        ON_TORCH,
        refused=(
            Refusal(
                lambda: fr.slice(fr.ones((2, 3)), 2),
                fr.ArgumentError,
                "Index 2 is out of range: dim 0 of float32 (2, 3) has 2 elements.",
            ),
        ),
    ),
    _row("integers", (1, slice(None), -2)),
    _row("steps", (slice(None, None, 2), slice(1, -1, 3))),
    _row("reversed", (slice(None, None, -1), slice(-1, 0, -2), slice(4, 2, -1)), on_torch=False),
    _row("list", (slice(1, 3), [0, -1, 3])),
    _row("ellipsis", (..., slice(2, 4))),
    _row("new_dims", (None, 2, ..., None, slice(1, None))),
    _gather(
        "",
        (4, 5, 6),
        1,
        _index(7, high=4),
        ANY,
        refused=(
            Refusal(
                lambda: fr.gather(fr.ones((4, 5, 6)), 0, fr.ones((2,))),
                fr.DtypeError,
                "gather takes int32 or int64 indices, but got float32 (2,). Convert them first, "
                "for example with fr.cast(index, fr.int32).",
            ),
        ),
    ),
    _gather("/int64", (4, 5, 6), 0, _index(7, high=3, dtype=dtypes.int64), ANY),
    _gather("/last_dim", (4, 5, 6), -1, _index(2, 3, high=5)),
    _gather("/scalar_index", (4, 5, 6), 1, _index(high=4)),
    _gather("/from_the_end", (4, 5), 0, _index(2, 9, low=-4, high=3)),
    _gather("/clamped", (4, 5), 1, _index(32, low=-20, high=20)),
    _gather("/clamped_int64", (4, 5), 1, _index(32, low=-20, high=20, dtype=dtypes.int64)),
    _gather("/no_index", (4, 5), 1, _index(0, high=4)),
    Record(
        "gather/by_brackets",
        lambda x, i: x[..., ::-1, i, None],
        (Operand((4, 5, 6)), _index(2, 3, low=-6, high=5)),
        (dtypes.float32,),
        lambda x, i: x[..., ::-1, i, None],
    ),
    _row("clamped", (slice(-9, 9), slice(3, 99))),
]
