"""float8 to and from float32 by their bits: IREE 3.13 converts one by one, for sm_80 not at all.

OCP 8-bit Floating Point Specification (OFP8), revision 1.0.
"""

from __future__ import annotations

import math

from farrier_compiler.iree_functions import Term
from farrier_compiler.stablehlo import HloValue
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype


def is_float8(kind: dtype) -> bool:
    """Return whether a data type is one of the two 8-bit floats."""
    return kind.is_floating and kind.bits == 8


def widened(x: Term) -> HloValue:
    """Emit float8 as float32, by the bits of float16; CPUs convert that."""
    bits = x.bitcast(dtypes.int8).convert(dtypes.int16)
    if x.type.dtype is dtypes.float8_e5m2:
        return (bits * 256).bitcast(dtypes.float16).convert(dtypes.float32).value
    half = ((bits * 128 & 0x3F80) | (bits & -0x8000)).bitcast(dtypes.float16)
    wide = half.convert(dtypes.float32) * 256
    return wide.where((bits & 127).compare("less", 127), math.nan).value


def narrowed(x: Term, kind: dtype) -> HloValue:
    """Emit the nearest float8 of float32, of two the even one.

    Beyond the largest, e5m2 has an infinity, and e4m3fn NaN.
    """
    mantissa, least, beyond, nan = (
        (2, -14, 0x7C, 0x7E) if kind is dtypes.float8_e5m2 else (3, -6, 0x7F, 0x7F)
    )
    bits, size, shift = x.bitcast(dtypes.int32), abs(x), 23 - mantissa
    magnitude = bits & 0x7FFFFFFF
    odd = magnitude.call("shift_right", shift) & 1
    rounded = (magnitude + odd + ((1 << shift - 1) - 1)).call("shift_right", shift)
    normal = rounded - (126 + least << mantissa)
    subnormal = (size * 2.0 ** (mantissa - least)).call("round").convert(dtypes.int32)
    byte = subnormal.where(size.compare("less", 2.0**least), normal).call("minimum", beyond)
    byte = byte.where(x.compare("equal", x), nan) | (bits.call("shift_right", 24) & 0x80)
    return byte.convert(dtypes.int8).bitcast(kind).value
