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
    Integers,
    Operand,
    Record,
    Refusal,
    Values,
    wrong_dtype,
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

SMALL_FLOATS = (fr.bfloat16, fr.float16, *FLOAT8)

# Ties between small floats, numbers that float32 rounds to ties, the largest, and the limits.
TIES = (
    *(0, 1, 9, 11, 13, 17, 19, 23, 25, 257, 258, 259, 261, 1025, 2049, 2051, 4099, 32897, 33023),
    *(448, 463, 464, 465, 480, 57344, 61439, 61440, 61441, 65504, 65519, 65520, 65535, 65536),
    *(2**24 + 1, 2**24 + 2**16, 2**24 + 3 * 2**16, 2**25 + 2**17 - 1, 2**25 + 2**17 + 1),
    *(2**30 + 2**22 + 1, 2**31 - 1, 2**31, 2**32 - 1, 2**53 + 2**45 + 1, 2**54 - 1),
    *(2**62 + 2**54 - 1, 2**62 + 2**54 + 1, 2**62 + 3 * 2**54 - 1, 2**63 - 1, 2**63 + 1, 2**64 - 1),
)
ENDS = (*TIES, *(-number for number in TIES))


# The same for fractions, and the smallest numbers of float16.
FRACTIONS = (
    *(1 + 2**-8, 1 + 2**-8 + 2**-40, 1 + 3 * 2**-8, 1 + 2**-11, 1 + 2**-11 + 2**-40),
    *(1 + 2**-11 - 2**-40, 1 + 3 * 2**-11 - 2**-50, 2**-14 - 2**-26, 1.3 * 2**-15, 2**-24),
    *(2**-25, 2**-25 + 2**-75, 464, 464.0001, 61439.9, 61440, 65519.999999, 65520, 1e30, math.inf),
)
SIGNED_FRACTIONS = (*FRACTIONS, *(-number for number in FRACTIONS), math.nan)
UNIT = 2.0**-24  # all small floats in that range are multiples of it

# The results are integers, so they are compared without a tolerance.
ROUNDED = [
    *[
        Record(
            f"cast/{wanted.name}/integers",
            lambda x, wanted=wanted: fr.cast(fr.cast(x, wanted), fr.int64),
            (Integers((len(ENDS),), values=ENDS),),
            dtypes=INTEGERS,
            reference=lambda x, wanted=wanted: _saturated(x.astype(wanted.numpy), fr.int64),
        )
        for wanted in SMALL_FLOATS
    ],
    *[
        Record(
            f"cast/{wanted.name}/fractions",
            lambda x, wanted=wanted: _units(fr.cast(x, wanted)),
            (Values((len(SIGNED_FRACTIONS),), values=SIGNED_FRACTIONS),),
            reference=lambda x, wanted=wanted: _saturated(
                x.astype(wanted.numpy).astype(np.float64) / UNIT, fr.int64
            ),
            xla=wanted is not fr.float16,  # XLA rounds float64 to float32 first
        )
        for wanted in SMALL_FLOATS
    ],
    Record(
        "cast/bfloat16/nothing_between",  # IREE merges conversions that follow each other
        lambda x: fr.cast(fr.transpose(fr.cast(x, fr.float32), 0, 1) * 1.0, fr.bfloat16),
        (Operand((4, 7), -100, 100),),
        dtypes=INTEGERS,
        reference=lambda x: x.T.astype(np.float64),
    ),
]


def _units(x: fr.Tensor) -> fr.Tensor:
    return fr.cast(fr.cast(x, fr.float64) / UNIT, fr.int64)


OTHERS = [
    Record(
        "cast/contracted",  # IREE would sign-extend unsigned integers
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
    Record(
        "float8/smallest",  # LLVM would multiply them in float16, and Arm flush them to 0
        lambda x: fr.cast(x, fr.float16),
        (Values((7,), values=tuple(number * 2.0**-9 for number in range(1, 8))),),
        dtypes=FLOAT8,
    ),
]


def _flipped(x: fr.Tensor) -> fr.Tensor:
    """Return numbers with their highest bit flipped."""
    bits = dtypes.DTYPES[f"{'' if x.dtype.is_unsigned else 'u'}int{x.dtype.bits}"]
    highest = 2 ** (bits.bits - 1)
    return fr.bitcast(fr.bitcast(x, bits) ^ (highest if bits.is_unsigned else -highest), x.dtype)


def _bits(x: Any) -> Any:
    import torch

    return x.view(torch.int32)


BITCASTS = [
    Record(
        "bitcast",
        lambda x: fr.bitcast(x, fr.int32),
        (Values((len(SPECIAL),), values=SPECIAL),),
        dtypes=(fr.float32,),
        reference=lambda x: x.astype(np.float32).view(np.int32),
        torch=_bits,
        refused=(
            Refusal(
                lambda: fr.bitcast(fr.ones((2,)), "int32"),  # pyright: ignore[reportArgumentType]
                fr.ArgumentError,
                "bitcast needs a data type such as fr.float32, not 'int32'.",
            ),
            Refusal(
                lambda: fr.bitcast(fr.ones((2,)), fr.int8),
                fr.DtypeError,
                "bitcast to int8 needs elements of 8 bits, but got float32 (2,), of 32 bits. "
                "To convert numbers, use fr.cast.",
            ),
            Refusal(
                lambda: fr.bitcast(fr.ones((2,), fr.int8), fr.bool),
                fr.DtypeError,
                "bitcast to bool needs elements of 1 bit, but got int8 (2,), of 8 bits. "
                "To convert numbers, use fr.cast.",
            ),
            wrong_dtype("bitcast", lambda x: fr.bitcast(x, fr.int8), NUMBERS),
        ),
    ),
    Record("bitcast/flipped", _flipped, (Operand((4, 7), -100, 100),), dtypes=NUMBERS),
    Record("bitcast/flipped_float8", _flipped, (Operand((4, 7)),), dtypes=FLOAT8, xla=False),
]

ROWS = [*CASTS, *BITCASTS, *SATURATIONS, *ROUNDED, *OTHERS]
