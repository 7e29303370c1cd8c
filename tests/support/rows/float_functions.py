"""Rows of floating-point functions that IREE computes by formulas."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

from typing import Any

import farrier as fr
from support.records import Operand, Record, Values
from support.rows.elementwise import PRECISE, binary, special, torch_function, unary


def _cbrt(x: Any) -> Any:
    return x.sign() * x.abs() ** (1 / 3)


UNARY = [
    unary("asin", -1.0, 1.0),
    unary("acos", -1.0, 1.0),
    unary("atan", -9.0, 9.0),
    unary("sinh"),
    unary("cosh"),
    unary("asinh", -99.0, 99.0),
    unary("acosh", 1.0, 99.0),
    unary("atanh", -0.99, 0.99),
    unary("log2", 0.01, 100.0),
    unary("log10", 0.01, 100.0),
    unary("exp2", -9.0, 9.0),
    unary("cbrt", -99.0, 99.0, torch=_cbrt),
    unary("erfc"),
]

BINARY = [binary("logaddexp"), binary("hypot")]

SPECIALS = [
    *[special(row.name, 1, torch=row.torch if row.name != "cbrt" else None) for row in UNARY],
    *[special(row.name, 2, torch=torch_function(row.name)) for row in BINARY],
]

WHOLE = tuple(map(float, range(-9, 11)))

EXACT = [
    Record("exp2/whole", fr.exp2, (Values((len(WHOLE),), values=WHOLE),), tolerance=0.0),
    Record(
        "log2/powers",
        fr.log2,
        (Values((len(WHOLE),), values=tuple(2.0**number for number in WHOLE)),),
        tolerance=0.0,
    ),
    Record(
        "log10/powers",
        fr.log10,
        (Values((11,), values=tuple(10.0**number for number in range(11))),),
        dtypes=PRECISE,
        tolerance=0.0,
    ),
    Record(
        "cbrt/cubes",
        fr.cbrt,
        (Values((len(WHOLE),), values=tuple(number**3 for number in WHOLE)),),
        dtypes=PRECISE,
        tolerance=0.0,
        xla=False,  # whose cube root of 27 is not 3
    ),
    Record(
        "erfc/small_results",
        fr.erfc,
        (Values((4,), values=(9.0, 9.5, 9.75, 27.0)),),
        dtypes=(fr.float64,),
    ),
    Record(
        "hypot/large",
        fr.hypot,
        (Operand((4, 1), 1e200, 1e300), Operand((5,), 1e200, 1e300)),
        dtypes=(fr.float64,),
        torch=torch_function("hypot"),
    ),
    Record(
        "logaddexp/large",
        fr.logaddexp,
        (Operand((4, 1), 900, 1100), Operand((5,), 900, 1100)),
        dtypes=PRECISE,
        torch=torch_function("logaddexp"),
    ),
    *[
        Record(f"{name}/tiny", getattr(fr, name), (Operand((64,), -1e-6, 1e-6),), dtypes=PRECISE)
        for name in ("asin", "atan", "sinh", "asinh", "atanh", "cbrt")
    ],
]

ROWS = [*UNARY, *BINARY, *SPECIALS, *EXACT]
