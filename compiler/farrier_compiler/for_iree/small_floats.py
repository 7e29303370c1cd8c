"""Small floats to and from wider ones by their bits, where IREE 3.13 has no code, or wrong code.

It converts float8 one by one, for sm_80 not at all. OCP 8-bit Floating Point Specification (OFP8),
revision 1.0.
"""

from __future__ import annotations

import math

from farrier_compiler.for_iree.term import IreeTerm
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype


def is_float8(dtype: dtype) -> bool:
    """Return whether a data type is one of the two 8-bit floats."""
    return dtype.is_floating and dtype.bits == 8


def is_narrowed(dtype: dtype) -> bool:
    """Return whether `narrowed` makes a data type, of float32 only."""
    return is_float8(dtype) or dtype is dtypes.bfloat16


def widened(x: IreeTerm) -> HloValue:
    """Emit float8 as float32, by the bits of float16; CPUs convert that."""
    bits = x.bitcast(dtypes.int8).convert(dtypes.int16)
    if x.type.dtype is dtypes.float8_e5m2:
        return (bits * 256).bitcast(dtypes.float16).convert(dtypes.float32).value
    half = ((bits * 128 & 0x3F80) | (bits & -0x8000)).bitcast(dtypes.float16)
    # In two steps: LLVM multiplies 256 as float16, whose smallest numbers Arm takes for 0.
    wide = half.convert(dtypes.float32) * 2.0**20 * 2.0**-12
    return wide.where((bits & 127).compare("less", 127), math.nan).value


def narrowed(x: IreeTerm, dtype: dtype) -> HloValue:
    """Emit the nearest bfloat16 or float8 of float32, of two the even one."""
    return _as_bfloat16(x) if dtype is dtypes.bfloat16 else _as_float8(x, dtype)


def _as_bfloat16(x: IreeTerm) -> HloValue:
    """IREE joins its own conversion with its neighbours, through what does nothing between them.

    From integers, CPUs without AVX512_BF16 call `__truncsfbf2` then, which is not linked. To wider
    floats, nothing is rounded. Where it does neither, it makes the same instructions as these.
    """
    bits = x.bitcast(dtypes.int32)
    odd = bits.call("shift_right", 16) & 1
    upper = (bits + odd + 0x7FFF).call("shift_right", 16).convert(dtypes.int16)
    return upper.where(x.compare("equal", x), 0x7FC0).bitcast(dtypes.bfloat16).value


def _as_float8(x: IreeTerm, dtype: dtype) -> HloValue:
    """Beyond the largest, e5m2 has an infinity, and e4m3fn NaN."""
    mantissa, least, beyond, nan = (
        (2, -14, 0x7C, 0x7E) if dtype is dtypes.float8_e5m2 else (3, -6, 0x7F, 0x7F)
    )
    bits, size, shift = x.bitcast(dtypes.int32), abs(x), 23 - mantissa
    magnitude = bits & 0x7FFFFFFF
    odd = magnitude.call("shift_right", shift) & 1
    rounded = (magnitude + odd + ((1 << shift - 1) - 1)).call("shift_right", shift)
    normal = rounded - (126 + least << mantissa)
    subnormal = (size * 2.0 ** (mantissa - least)).call("round").convert(dtypes.int32)
    byte = subnormal.where(size.compare("less", 2.0**least), normal).call("minimum", beyond)
    byte = byte.where(x.compare("equal", x), nan) | (bits.call("shift_right", 24) & 0x80)
    return byte.convert(dtypes.int8).bitcast(dtype).value


_CUT_OFF = 2**29 - 1  # the bits of float64 that float32 has not


def rounded_to_odd(x: IreeTerm) -> HloValue:
    """Emit float64 as float32 whose last bit tells whether bits were cut off.

    float16 of it is rounded once. CPUs without AVX512_FP16 would call IREE's `__truncdfhf2`, which
    rounds twice, and makes 0 of what is below 2^-14.
    """
    bits = x.bitcast(dtypes.int64)
    marked = bits | ((bits & _CUT_OFF) + _CUT_OFF)
    return (marked & ~_CUT_OFF).bitcast(dtypes.float64).convert(dtypes.float32).value
