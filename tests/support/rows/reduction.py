"""Rows of the reductions."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import farrier as fr
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
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

INPUT = Operand((3, 5, 7), -4, 4)
SPECIAL = (
    *(1, math.nan, 3, math.nan, 2),
    *(-math.inf,) * 5,
    *(1, math.inf, math.inf, 0, -math.inf),
    *(0, -0.0, 0, 0, -0.0),
)


def _torch(name: str, **options: Any) -> Callable[..., Any]:
    def call(x: Any) -> Any:
        import torch

        result = getattr(torch, name)(x, **options)
        return result.to(x.dtype) if name in ("sum", "prod") else result

    return call


def _variants(
    name: str,
    tested: tuple[dtype, ...],
    torch: str | None = None,
    operand: Operand = INPUT,
    several: bool = True,
    **options: Any,
) -> list[Record]:
    function: Any = getattr(fr, name)
    torch = torch or name
    records = [
        Record(
            f"{name}/{label}",
            lambda x, given=given: function(x, **given),
            (operand,),
            dtypes=tested,
            torch=_torch(torch, **given) if several or label != "dims" else None,
            **options,
        )
        for label, given in (
            ("one", {"dim": 1}),
            ("keep", {"dim": -1, "keepdim": True}),
            ("dims", {"dim": (0, 2)}),
        )
    ]
    whole = Record(
        name,
        function,
        (operand,),
        dtypes=tested,
        torch=_torch(torch),
        refused=_refused(name, tested),
        **options,
    )
    return [whole, *records]


def _refused(name: str, tested: tuple[dtype, ...]) -> tuple[Refusal, ...]:
    function: Any = getattr(fr, name)
    dim = no_such_dim(name, function, tested[0])
    if tested == ANY:
        return (dim,)
    if name == "mean":
        tested = NUMBERS  # the mean of integers has a row of its own
    # Over all dimensions, argmax's error names the flattened tensor instead of its operand.
    return (dim, wrong_dtype(name, lambda x: function(x, dim=1), tested))


def _arg(name: str) -> list[Record]:
    function: Any = getattr(fr, name)
    return [
        Record(
            name,
            function,
            (INPUT,),
            dtypes=NUMBERS,
            torch=_torch(name),
            refused=_refused(name, NUMBERS),
        ),
        Record(
            f"{name}/one",
            lambda x: function(x, dim=1),
            (INPUT,),
            dtypes=NUMBERS,
            torch=_torch(name, dim=1),
            torch_dtypes=FLOATS,  # torch may choose any of equal elements, and integers have many
        ),
        Record(
            f"{name}/keep",
            lambda x: function(x, dim=-1, keepdim=True),
            (INPUT,),
            dtypes=FLOATS,
            torch=_torch(name, dim=-1, keepdim=True),
        ),
        Record(f"{name}/scalar", function, (Operand(()),), dtypes=FLOATS, torch=_torch(name)),
    ]


ROWS = [
    *_variants("sum", NUMBERS),
    *_variants("prod", NUMBERS, operand=Operand((3, 5, 7), 0.7, 1.4), several=False, tolerance=4),
    *_variants("max", ANY, torch="amax"),
    *_variants("min", ANY, torch="amin"),
    *_variants("all", (dtypes.bool,)),
    *_variants("any", (dtypes.bool,)),
    *_variants("mean", FLOATS),
    Record("mean/integers", lambda x: fr.mean(x, dim=1), (INPUT,), dtypes=INTEGERS),
    *_variants("var", FLOATS),
    Record(
        "var/correction",
        lambda x: fr.var(x, dim=1, correction=0),
        (INPUT,),
        torch=_torch("var", dim=1, correction=0),
    ),
    Record("sum/empty", fr.sum, (Operand((0, 3)),), dtypes=NUMBERS),
    Record("sum/empty_row", lambda x: fr.sum(x, dim=1), (Operand((3, 0)),), dtypes=NUMBERS),
    Record("prod/empty_row", lambda x: fr.prod(x, dim=1), (Operand((3, 0)),), dtypes=NUMBERS),
    Record(
        "all/empty_row",
        lambda x: fr.all(x, dim=1),
        (Operand((3, 0)),),
        dtypes=(dtypes.bool,),
    ),
    Record(
        "any/empty_row",
        lambda x: fr.any(x, dim=1),
        (Operand((3, 0)),),
        dtypes=(dtypes.bool,),
    ),
    Record("sum/nothing", lambda x: fr.sum(x, dim=()), (INPUT,), dtypes=NUMBERS),
    *_arg("argmax"),
    *_arg("argmin"),
    *[
        Record(
            f"{name}/special",
            lambda x, function=function: function(x, dim=1),
            (Values((4, 5), values=SPECIAL),),
            torch=_torch(torch, dim=1),
        )
        for name, function, torch in (
            ("argmax", fr.argmax, "argmax"),
            ("argmin", fr.argmin, "argmin"),
            ("max", fr.max, "amax"),
            ("min", fr.min, "amin"),
            ("sum", fr.sum, "sum"),
        )
    ],
]
