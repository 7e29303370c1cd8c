"""Rows of sorting and cumulative sums."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import farrier as fr
from support.records import (
    ANY,
    FLOATS,
    INTEGERS,
    NUMBERS,
    Operand,
    Record,
    Refusal,
    Values,
    no_such_dim,
    wrong_dtype,
)

INPUT = Operand((3, 37, 4), -9, 9)
NUMBERS_AND_NAN = (1, math.nan, 3, math.nan, -0.0, 0.0, -math.inf, 2, 2, 1, math.inf, 2)
SPECIAL = Values((2, 6), values=NUMBERS_AND_NAN)
MANY_SPECIAL = Values((2, 96), values=NUMBERS_AND_NAN * 16)
EMPTY = Operand((3, 0, 2))


def _torch_sort(**options: Any) -> Callable[..., Any]:
    def call(x: Any) -> Any:
        import torch

        return tuple(torch.sort(x, stable=True, **options))

    return call


def _torch_topk(k: int, dim: int) -> Callable[..., Any]:
    def call(x: Any) -> Any:
        import torch

        # torch.topk may choose any of equal elements.
        values, indices = torch.sort(x, dim=dim, descending=True, stable=True)
        return values.narrow(dim, 0, k), indices.narrow(dim, 0, k)

    return call


def _torch_cumsum(dim: int) -> Callable[..., Any]:
    return lambda x: x.cumsum(dim, dtype=x.dtype)


def _sort(
    label: str,
    operand: Operand,
    tested: Any = ANY,
    refused: tuple[Refusal, ...] = (),
    **options: Any,
) -> Record:
    return Record(
        f"sort{label}",
        lambda x: fr.sort(x, **options),
        (operand,),
        tested,
        torch=_torch_sort(**options),
        refused=refused,
    )


def _topk(label: str, operand: Operand, k: int, dim: int, tested: Any = ANY) -> Record:
    size = operand.shape[dim]
    too_many = Refusal(
        lambda: fr.topk(fr.ones(operand.shape), size + 1, dim),
        fr.ArgumentError,
        f"topk got k={size + 1}, but dim {dim % len(operand.shape)} of float32 {operand.shape} has "
        f"{size} elements: k must be in [0, {size}].",
    )
    return Record(
        f"topk{label}",
        lambda x: fr.topk(x, k, dim),
        (operand,),
        tested,
        torch=_torch_topk(k, dim),
        refused=(too_many,),
    )


def _cumsum(label: str, operand: Operand, dim: int, tested: Any = NUMBERS) -> Record:
    return Record(
        f"cumsum{label}",
        lambda x: fr.cumsum(x, dim),
        (operand,),
        tested,
        lambda x: np.cumsum(x, dim, dtype=x.dtype),
        _torch_cumsum(dim),
    )


ROWS = [
    _sort("", INPUT, refused=(no_such_dim("sort", fr.sort),), dim=-1),
    _sort("/dim", INPUT, dim=1),
    _sort("/descending", INPUT, dim=1, descending=True),
    _sort("/special", SPECIAL, FLOATS, dim=1),
    _sort("/special_descending", SPECIAL, FLOATS, dim=1, descending=True),
    _sort("/many_special", MANY_SPECIAL, FLOATS, dim=1),
    _sort("/many_special_descending", MANY_SPECIAL, FLOATS, dim=1, descending=True),
    *(_sort(f"/{size}", Operand((3, size), -5, 5), dim=1) for size in (1, 2, 3, 16, 17)),
    _sort("/one_row", Operand((64,), -99, 99), dim=0),
    _sort("/long", Operand((2, 1000), -99, 99), dim=1),
    _sort("/few_values", Operand((2, 1000), -1, 1), INTEGERS, dim=1, descending=True),
    _sort("/first", Operand((33, 2, 3), -9, 9), dim=0, descending=True),
    _sort("/empty", EMPTY, dim=1),
    _sort("/of_one", Operand((1, 3)), dim=0),
    _sort("/scalar", Operand(()), dim=0),
    Record(
        "argsort",
        lambda x: fr.argsort(x, dim=0),
        (INPUT,),
        ANY,
        torch=lambda x: _torch_sort(dim=0)(x)[1],
        refused=(no_such_dim("argsort", fr.argsort),),
    ),
    _topk("", INPUT, 5, 1),
    _topk("/all", INPUT, 4, -1),
    _topk("/none", INPUT, 0, 1),
    _topk("/special", SPECIAL, 4, 1, FLOATS),
    _topk("/many_special", MANY_SPECIAL, 5, 1, FLOATS),
    _topk("/one", Operand((2, 3000), -99, 99), 1, 1),
    _topk("/folded", Operand((2, 1000), -99, 99), 5, -1),
    _topk("/folded_first", Operand((300, 2, 2), -9, 9), 20, 0),
    _topk("/half", Operand((2, 400), -99, 99), 200, 1),
    _topk("/empty", Operand((0, 40)), 2, 1),
    Record("topk/scalar", lambda x: fr.topk(x, 1, 0), (Operand(()),), ANY),
    _cumsum("", INPUT, 1),
    _cumsum("/first", INPUT, 0),
    _cumsum("/last", INPUT, -1),
    _cumsum("/long", Operand((2, 500), -9, 9), 1, INTEGERS),
    _cumsum("/empty", EMPTY, 1),
    Record("cumsum/scalar", lambda x: fr.cumsum(x, 0), (Operand(()),), NUMBERS, lambda x: x),
    Record(
        "cumsum/long_floats",
        lambda x: fr.cumsum(x, 1),
        (Operand((2, 500), -9, 9),),
        torch=_torch_cumsum(1),
        tolerance=4,
        refused=(
            no_such_dim("cumsum", fr.cumsum),
            wrong_dtype("cumsum", lambda x: fr.cumsum(x, 0), NUMBERS),
        ),
    ),
]
