"""Rows of the elementwise family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import farrier as fr
from farrier_runtime import dtypes
from support.records import ANY, FLOATS, INTEGERS, NUMBERS, SIGNED, Operand, Record

BITS = (*INTEGERS, dtypes.bool)


def _torch(name: str) -> Callable[..., Any]:
    def call(*tensors: Any) -> Any:
        import torch

        return getattr(torch, name)(*tensors)

    return call


def _unary(name: str, low: float = -3.0, high: float = 3.0, **options: Any) -> Record:
    operand = Operand((4, 17), low, high)
    options.setdefault("torch", _torch(name))
    return Record(name, getattr(fr, name), (operand,), **options)


UNARY = [
    _unary("abs", dtypes=FLOATS + SIGNED),
    _unary("negative", dtypes=NUMBERS, torch_dtypes=FLOATS + SIGNED),
    _unary("sign", dtypes=NUMBERS, torch_dtypes=FLOATS + SIGNED),
    _unary("exp"),
    _unary("expm1"),
    _unary("log", 0.01, 100.0),
    _unary("log1p", -0.9, 100.0),
    _unary("sqrt", 0.0, 100.0),
    _unary("rsqrt", 0.01, 100.0),
    _unary("sin", -10.0, 10.0),
    _unary("cos", -10.0, 10.0),
    _unary("tan", -1.4, 1.4),
    _unary("tanh"),
    _unary("sigmoid", -9.0, 9.0),
    _unary("erf"),
    _unary("floor"),
    _unary("ceil"),
    _unary("round"),
    _unary("reciprocal", 0.1, 9.0),
    _unary("square", -9.0, 9.0, dtypes=NUMBERS),
    _unary("isfinite"),
    _unary("isnan"),
    _unary("isinf"),
    _unary("logical_not", dtypes=BITS, torch=_torch("bitwise_not")),
]


def _binary(name: str, *, divisor: bool = False, **options: Any) -> Record:
    operands = (Operand((4, 1, 7), -9, 9), Operand((3, 7), -9, 9, exclude_zero=divisor))
    options.setdefault("torch", _torch(name))
    return Record(name, getattr(fr, name), options.pop("operands", operands), **options)


def _truncate(x: Any, y: Any) -> Any:
    import torch

    return torch.div(x, y, rounding_mode=None if x.is_floating_point() else "trunc")


BINARY = [
    _binary("add", dtypes=ANY),
    _binary("subtract", dtypes=NUMBERS),
    _binary("multiply", dtypes=ANY),
    _binary("divide", divisor=True, dtypes=NUMBERS, torch=_truncate),
    _binary("floor_divide", divisor=True, dtypes=NUMBERS),
    _binary("remainder", divisor=True, dtypes=NUMBERS),
    _binary(
        "power",
        operands=(Operand((4, 1, 7), 0.1, 3), Operand((3, 7), -3, 3)),
        torch=_torch("pow"),
        dtypes=FLOATS,
    ),
    Record(
        "power/integers",
        fr.power,
        (Operand((4, 1, 7), -9, 9), Operand((3, 7), 0, 9)),
        dtypes=INTEGERS,
        torch=_torch("pow"),
    ),
    Record(
        "power/negative_base",
        lambda x, y: fr.power(x, fr.round(y)),
        (Operand((4, 7), -3, 3, exclude_zero=True), Operand((4, 7), -2, 4)),
        torch=lambda x, y: x ** y.round(),
    ),
    Record("power/square", lambda x: x**2, (Operand((4, 7), -9, 9),), dtypes=NUMBERS),
    Record("power/number", lambda x: 2**x, (Operand((4, 7), -3, 3),)),
    _binary("maximum", dtypes=ANY),
    _binary("minimum", dtypes=ANY),
    _binary("atan2"),
    _binary("logical_and", dtypes=BITS, torch=_torch("bitwise_and")),
    _binary("logical_or", dtypes=BITS, torch=_torch("bitwise_or")),
    _binary("logical_xor", dtypes=BITS, torch=_torch("bitwise_xor")),
]


def _comparison(name: str, **options: Any) -> Record:
    return _binary(
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
        torch=_torch("where"),
    ),
    Record(
        "masked_fill",
        lambda x, mask: fr.masked_fill(x, mask, 2),
        (Operand((4, 7)), Operand((7,), dtype=dtypes.bool)),
        dtypes=NUMBERS,
        torch=lambda x, mask: x.masked_fill(mask, 2),
    ),
    Record(
        "clamp",
        lambda x, high: fr.clamp(x, 1, high),
        (Operand((4, 7), -9, 9), Operand((7,), 2, 6)),
        dtypes=NUMBERS,
        torch=lambda x, high: x.clamp(1).minimum(high),
    ),
    Record("number/right", lambda x: x * 3 - 1, (Operand((4, 7)),), dtypes=NUMBERS),
    Record("number/left", lambda x: 1 - 3 * x, (Operand((4, 7)),), dtypes=NUMBERS),
]


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

ROWS = [*UNARY, *BINARY, *COMPARISONS, *CHOICES, *CASTS]
