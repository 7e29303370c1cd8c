"""Rows of indexing."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import farrier as fr
from support.records import ANY, Operand, Record
from support.rows.shape import ON_TORCH


def _row(name: str, index: Any, on_torch: bool = True) -> Record:
    """Return the row of an index, which means the same in numpy and torch."""

    def indexed(x: Any) -> Any:
        return x[index]

    torch: Callable[..., Any] | None = indexed if on_torch else None
    return Record(f"slice/{name}", indexed, (Operand((4, 5, 6)),), ANY, indexed, torch, ON_TORCH)


ROWS = [
    Record(
        "slice",
        lambda x: fr.slice(x, 1),
        (Operand((3, 4)),),
        ANY,
        lambda x: x[1],
        lambda x: x[1],
        ON_TORCH,
    ),
    _row("integers", (1, slice(None), -2)),
    _row("steps", (slice(None, None, 2), slice(1, -1, 3))),
    _row("reversed", (slice(None, None, -1), slice(-1, 0, -2), slice(4, 2, -1)), on_torch=False),
    _row("ellipsis", (..., slice(2, 4))),
    _row("new_dims", (None, 2, ..., None, slice(1, None))),
    _row("clamped", (slice(-9, 9), slice(3, 99))),
]
