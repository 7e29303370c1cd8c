"""Rows of the elementwise family."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import farrier as fr
from farrier_runtime import dtypes
from support.records import (
    ANY,
    BITS,
    FLOAT8,
    FLOATS,
    INTEGERS,
    NUMBERS,
    SIGNED,
    Operand,
    Record,
    Refusal,
    Values,
    unlike_dtypes,
    unlike_shapes,
    wrong_dtype,
)

FRACTIONS_CUT_OFF = (
    "Python floats are not cast to int32: that would cut off fractions. Write integers, or cast "
    "the other operand, for example with fr.cast(x, fr.float32)."
)


def torch_function(name: str) -> Callable[..., Any]:
    def call(*tensors: Any) -> Any:
        import torch

        return getattr(torch, name)(*tensors)

    return call


def unary(name: str, low: float = -3.0, high: float = 3.0, **options: Any) -> Record:
    operand = Operand((4, 17), low, high)
    options.setdefault("torch", torch_function(name))
    function = getattr(fr, name)
    tested = options.get("dtypes", FLOATS)
    options.setdefault("refused", () if tested == ANY else (wrong_dtype(name, function, tested),))
    return Record(name, function, (operand,), **options)


UNARY = [
    unary("abs", dtypes=FLOATS + SIGNED),
    unary("negative", dtypes=NUMBERS, torch_dtypes=FLOATS + SIGNED),
    unary("sign", dtypes=NUMBERS, torch_dtypes=FLOATS + SIGNED),
    unary("exp"),
    unary("expm1"),
    unary("log", 0.01, 100.0),
    unary("log1p", -0.9, 100.0),
    unary("sqrt", 0.0, 100.0),
    unary("rsqrt", 0.01, 100.0),
    unary("sin", -10.0, 10.0),
    unary("cos", -10.0, 10.0),
    unary("tan", -1.4, 1.4),
    unary("tanh"),
    unary("sigmoid", -9.0, 9.0),
    unary("erf"),
    unary("floor", dtypes=NUMBERS, torch_dtypes=FLOATS + SIGNED),
    unary("ceil", dtypes=NUMBERS, torch_dtypes=FLOATS + SIGNED),
    unary("round", dtypes=NUMBERS, torch_dtypes=FLOATS + SIGNED),
    unary("trunc", -9.0, 9.0, dtypes=NUMBERS, torch_dtypes=FLOATS + SIGNED),
    unary("reciprocal", 0.1, 9.0),
    unary("square", -9.0, 9.0, dtypes=NUMBERS, refused=()),
    unary("isfinite", dtypes=ANY),
    unary("isnan", dtypes=ANY),
    unary("isinf", dtypes=ANY),
    unary("bitwise_not", dtypes=BITS),
    unary("logical_not", dtypes=ANY),
]


def binary(name: str, *, divisor: bool = False, **options: Any) -> Record:
    operands = (Operand((4, 1, 7), -9, 9), Operand((3, 7), -9, 9, exclude_zero=divisor))
    options.setdefault("torch", torch_function(name))
    tested = options.pop("dtypes", FLOATS)
    operands = options.pop("operands", operands)
    function = getattr(fr, name)
    options.setdefault("refused", _unlike(name, function, tested))
    return Record(name, function, operands, tested, **options)


# As integers, half of them are 0; floats that are 0 have rows of special numbers.
ZEROS = (Operand((4, 1, 7), 0, 1), Operand((3, 7), 0, 1))


def _unlike(
    name: str, function: Callable[..., Any], tested: tuple[fr.dtype, ...]
) -> tuple[Refusal, ...]:
    """Return the refusals of unlike shapes, of unlike data types, and of a wrong data type."""
    shapes = unlike_shapes(name, function, tested[0])
    pairs = (shapes, unlike_dtypes(name, function))
    return pairs if tested == ANY else (*pairs, wrong_dtype(name, function, tested, operands=2))


def _shift(name: str, low: int, high: int) -> Record:
    function = getattr(fr, name)
    return Record(
        name,
        function,
        (Operand((4, 7), low, high), Operand((7,), 0, 7)),
        INTEGERS,
        refused=_unlike(name, function, INTEGERS),
    )


def _logical(name: str, reference: Callable[..., Any]) -> Record:
    function = getattr(fr, name)
    refused = (unlike_shapes(name, function),)
    return binary(name, operands=ZEROS, dtypes=ANY, reference=reference, refused=refused)


def _truncate(x: Any, y: Any) -> Any:
    import torch

    return torch.div(x, y, rounding_mode=None if x.is_floating_point() else "trunc")


BINARY = [
    binary("add", dtypes=ANY),
    binary("subtract", dtypes=NUMBERS),
    binary("multiply", dtypes=ANY),
    binary("divide", divisor=True, dtypes=NUMBERS, torch=_truncate),
    binary("floor_divide", divisor=True, dtypes=NUMBERS),
    binary("remainder", divisor=True, dtypes=NUMBERS),
    binary("fmod", divisor=True, dtypes=NUMBERS),
    binary(
        "power",
        operands=(Operand((4, 1, 7), 0.1, 3), Operand((3, 7), -3, 3)),
        torch=torch_function("pow"),
        refused=_unlike("power", fr.power, NUMBERS),
    ),
    Record(
        "power/integers",
        fr.power,
        (Operand((4, 1, 7), -9, 9), Operand((3, 7), 0, 9)),
        dtypes=INTEGERS,
        torch=torch_function("pow"),
    ),
    Record(
        "power/negative_base",
        lambda x, y: fr.power(x, fr.round(y)),
        (Operand((4, 7), -3, 3, exclude_zero=True), Operand((4, 7), -2, 4)),
        torch=lambda x, y: x ** y.round(),
    ),
    Record("power/square", lambda x: x**2, (Operand((4, 7), -9, 9),), dtypes=NUMBERS),
    Record("power/number", lambda x: 2**x, (Operand((4, 7), -3, 3),)),
    binary("maximum", dtypes=ANY),
    binary("minimum", dtypes=ANY),
    binary("atan2"),
    binary("bitwise_and", dtypes=BITS),
    _logical("logical_and", np.logical_and),
    binary("bitwise_or", dtypes=BITS),
    _logical("logical_or", np.logical_or),
    binary("bitwise_xor", dtypes=BITS),
    _logical("logical_xor", np.logical_xor),
    _shift("shift_left", -9, 9),
    _shift("shift_right", -99, 99),
    Record(
        "shift_right/operator", lambda x: (3 << x) >> (x >> 1), (Operand((9,), 0, 7),), INTEGERS
    ),
]


def _comparison(name: str, **options: Any) -> Record:
    return binary(
        name, dtypes=ANY, operands=(Operand((4, 1, 7), -2, 2), Operand((3, 7), -2, 2)), **options
    )


COMPARISONS = [
    _comparison("eq"),
    _comparison("not_equal"),
    _comparison("less"),
    _comparison("less_equal"),
    _comparison("greater"),
    _comparison("greater_equal"),
]

CHOICES = [
    Record(
        "where",
        fr.where,
        (Operand((4, 1, 7), dtype=dtypes.bool), Operand((3, 7)), Operand(())),
        dtypes=ANY,
        torch=torch_function("where"),
        refused=(
            Refusal(
                lambda: fr.where(fr.ones((2,)), 1.0, 0.0),
                fr.DtypeError,
                "where's condition takes bool, but got float32 (2,). "
                "Convert it first, for example with fr.cast(x, fr.bool).",
            ),
            unlike_dtypes("where", lambda x, y: fr.where(fr.ones((2, 3), fr.bool), x, y)),
        ),
    ),
    Record(
        "masked_fill",
        lambda x, mask: fr.masked_fill(x, mask, 2),
        (Operand((4, 7)), Operand((7,), dtype=dtypes.bool)),
        dtypes=NUMBERS,
        torch=lambda x, mask: x.masked_fill(mask, 2),
        refused=(
            Refusal(
                lambda: fr.masked_fill(fr.ones((2,), fr.int32), fr.ones((2,), fr.bool), -0.5),
                fr.DtypeError,
                FRACTIONS_CUT_OFF,
            ),
            wrong_dtype("masked_fill's mask", lambda x: fr.masked_fill(x, x, 2), (dtypes.bool,)),
        ),
    ),
    Record(
        "clamp",
        lambda x, high: fr.clamp(x, 1, high),
        (Operand((4, 7), -9, 9), Operand((7,), 2, 6)),
        dtypes=NUMBERS,
        torch=lambda x, high: x.clamp(1).minimum(high),
        refused=(
            Refusal(
                lambda: fr.clamp(fr.ones((2,))),
                fr.ArgumentError,
                "clamp needs min=, max= or both.",
            ),
            unlike_shapes("clamp", fr.clamp),
            unlike_dtypes("clamp", lambda x, high: fr.clamp(x, max=high)),
        ),
    ),
    Record(
        "number/right",
        lambda x: x * 3 - 1,
        (Operand((4, 7)),),
        dtypes=NUMBERS,
        refused=(
            Refusal(lambda: fr.ones((2,), fr.int32) + 1.5, fr.DtypeError, FRACTIONS_CUT_OFF),
            Refusal(
                lambda: fr.ones((2,), fr.int32) + 2**40,
                fr.DtypeError,
                "1099511627776 does not fit into int32.",
            ),
            Refusal(
                lambda: fr.ones((2,), fr.uint8) - -1, fr.DtypeError, "-1 does not fit into uint8."
            ),
            Refusal(
                lambda: fr.ones((2,), fr.bool) + 1,
                fr.DtypeError,
                "Python numbers are not cast to bool. Write True or False.",
            ),
        ),
    ),
    Record("number/left", lambda x: 1 - 3 * x, (Operand((4, 7)),), dtypes=NUMBERS),
]


SPECIAL = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -2.5, 3.0, math.inf, -math.inf, math.nan)
COLUMN = Values((11, 1), values=SPECIAL)
ROW = Values((11,), values=SPECIAL)


def special(name: str, count: int, **options: Any) -> Record:
    operands = (ROW,) if count == 1 else (COLUMN, ROW)
    return Record(f"{name}/special", getattr(fr, name), operands, **options)


SPECIALS = [
    *[
        special(row.name, 1, torch=row.torch if row.name != "sign" else None)  # NaN: 0 in torch
        for row in UNARY
        if row.name != "bitwise_not"
    ],
    *[
        special(name, 2, torch=torch_function(name))
        for name in [
            "maximum",
            "minimum",
            "atan2",
            "fmod",
            "remainder",
            "floor_divide",
            "eq",
            "less",
        ]
    ],
    special("power", 2, torch=torch_function("pow")),
    special("logical_and", 2, reference=np.logical_and),
    special("logical_or", 2, reference=np.logical_or),
    special("logical_xor", 2, reference=np.logical_xor),
]

PRECISE = (dtypes.float32, dtypes.float64)

ACCURACY = [
    # Tolerances are relative to the largest element: these are so small that all digits count.
    *[
        Record(f"{name}/tiny", getattr(fr, name), (Operand((64,), -1e-6, 1e-6),), dtypes=PRECISE)
        for name in ["expm1", "log1p", "sin", "tan", "tanh", "erf"]
    ],
    *[
        Record(f"{name}/large", getattr(fr, name), (Operand((64,), -2e5, 2e5),), dtypes=PRECISE)
        for name in ("sin", "cos")
    ],
    Record(
        "remainder/large",
        fr.remainder,
        (Operand((64,), -1e9, 1e9), Operand((64,), 1e-3, 2e-3)),
        dtypes=PRECISE,
    ),
]

POWERS = [
    Record(
        "power/negative_exponent",
        fr.power,
        (Operand((4, 1, 7), -3, 3, exclude_zero=True), Operand((3, 7), -4, 9)),
        dtypes=SIGNED,
        reference=lambda x, y: np.trunc(x.astype(np.float64) ** y),
    ),
    Record(
        "power/large_exponent",
        fr.power,
        (Operand((4, 1, 7), -9, 9), Operand((3, 7), 60, 127)),
        dtypes=INTEGERS,
        reference=lambda x, y: _wrapped_power(x, y),
        xla=False,  # XLA, too, reads an exponent's last six bits
    ),
]


def _wrapped_power(x: Any, y: Any) -> Any:
    bits = 8 * x.dtype.itemsize
    modular = [pow(int(base), int(exponent), 2**bits) for base, exponent in np.broadcast(x, y)]
    signed = [n - 2**bits if n >= 2 ** (bits - 1) and x.dtype.kind == "i" else n for n in modular]
    return np.array(signed, x.dtype).reshape(np.broadcast(x, y).shape)


# Halves, the largest number below one, and those from which on all are whole.
HALVES = (
    0.5,
    1.5,
    2.5,
    -0.5,
    -1.5,
    0.49999997,
    4194303.5,
    8388607.5,
    -8388609.0,
    1e30,
    4503599627370497.5,
)

OTHERS = [
    Record(
        "round/halves",  # IREE's own rounding is replaced: it takes 30 instructions
        fr.round,
        (Values((len(HALVES),), values=HALVES),),
    ),
    Record(
        "float8",
        lambda x, y: fr.maximum(x + y, x * y),
        (Operand((4, 7)), Operand((7,))),
        dtypes=FLOAT8,
        refused=(
            Refusal(
                lambda: fr.ones((2,), fr.float8) + fr.ones((2,)),
                fr.DtypeError,
                "add takes operands of one data type, but got float8 (2,) and float32 (2,). "
                "Cast one of them, for example with fr.cast(x, fr.float8).",
            ),
        ),
    ),
]

ROWS = [
    *UNARY,
    *BINARY,
    *COMPARISONS,
    *CHOICES,
    *SPECIALS,
    *ACCURACY,
    *POWERS,
    *OTHERS,
]
