"""Rows of casts: from every data type to every other one."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

import math
from typing import Any

import numpy as np

import farrier as fr
from farrier_runtime import dtypes
from support.records import (
    ANY,
    FLOAT8,
    INTEGERS,
    NUMBERS,
    UNSIGNED,
    Operand,
    Record,
    Refusal,
    Values,
)
from support.rows.elementwise import SPECIAL


def _cast(wanted: fr.dtype) -> Record:
    torch_name = {"float8": "float8_e4m3fn", "int4": ""}.get(wanted.name, wanted.name)

    def to(x: Any) -> Any:
        import torch

        return x.to(getattr(torch, torch_name))

    return Record(
        f"cast/{wanted.name}",
        lambda x: fr.cast(x, wanted),
        (Operand((4, 7), -100, 100),),
        dtypes=ANY,
        torch=to if torch_name else None,
        # Elsewhere torch leaves negative and out-of-range floats to the hardware.
        torch_dtypes=None if not wanted.is_unsigned else (*INTEGERS, dtypes.bool),
        reference=lambda x: _converted(x, wanted),
        refused=(
            Refusal(
                lambda: fr.cast(fr.ones((2,)), wanted.name),  # pyright: ignore[reportArgumentType]
                fr.ArgumentError,
                f"cast needs a data type such as fr.float32, not '{wanted.name}'.",
            ),
        ),
        xla=wanted not in FLOAT8,  # jaxlib's float8 arrays do not reach numpy
    )


def _converted(x: Any, wanted: fr.dtype) -> Any:
    if wanted is dtypes.bool:
        return x != 0
    if not wanted.is_integer:
        return x.astype(np.float64)
    if x.dtype.kind == "f":
        whole = np.clip(np.trunc(x), -(2.0**62), 2.0**62).astype(np.int64)
        low = 0 if wanted.is_unsigned else -(2 ** (wanted.bits - 1))
        x = np.clip(whole, low, min(low + 2**wanted.bits - 1, 2**62))
    return x.astype(wanted.numpy)


CASTS = [_cast(wanted) for wanted in (*NUMBERS, dtypes.bool, dtypes.float8, dtypes.float8_e5m2)]

EDGES = (
    *(0, 0.5, -0.5, 1.5, -1.5, 127.5, -128.5, 255.9, 300, -300, 32767.5, -40000, 70000, -70000),
    *(2147483520, 2147483648, -3e9, 4294967296, 1e10, 9.3e18, -9.3e18, 1.85e19, 1e25, -1e25),
    *(math.inf, -math.inf, math.nan),
)


def _saturated(x: Any, wanted: fr.dtype) -> Any:
    low, high = (0, 2**wanted.bits - 1)
    if not wanted.is_unsigned:
        low, high = -(2 ** (wanted.bits - 1)), 2 ** (wanted.bits - 1) - 1
    limited = [
        0 if math.isnan(n) else low if n < low else high if n > high else int(n) for n in x.tolist()
    ]
    return np.array(limited, object).astype(wanted.numpy)


SATURATIONS = [
    Record(
        f"cast/{wanted.name}/saturating",
        lambda x, wanted=wanted: fr.cast(x, wanted),
        (Values((len(EDGES),), values=EDGES),),
        reference=lambda x, wanted=wanted: _saturated(x, wanted),
    )
    for wanted in INTEGERS
]

OTHERS = [
    Record(
        "cast/contracted",  # IREE would extend unsigned integers by their sign
        lambda x, y: fr.matmul(fr.cast(x, fr.float32), y),
        (Operand((4, 8), 0, 255), Operand((8, 5), dtype=dtypes.float32)),
        dtypes=UNSIGNED,
        reference=lambda x, y: x.astype(np.float64) @ y,
    ),
    Record(
        "float8/to_float64",
        lambda x: fr.cast(x, fr.float64),
        (Values((len(SPECIAL),), values=SPECIAL),),
        dtypes=FLOAT8,
    ),
]

ROWS = [*CASTS, *SATURATIONS, *OTHERS]
