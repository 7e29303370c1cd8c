"""Division that rounds down or truncates, and its remainders."""

from __future__ import annotations

from typing import Any, TypeVar

from farrier_compiler.stablehlo.formulas.parts import has_sign
from farrier_compiler.stablehlo.term import Term
from farrier_runtime import dtypes
from farrier_runtime.dtypes import float64

T = TypeVar("T", bound=Term[Any])


def fmod(x: T, y: T) -> T:
    """Subtract multiples of `y` without rounding, exactly while `x / y` is below 2^100."""
    size, step = abs(x), abs(y)
    rest = _reduced(_reduced(size, step), step)
    rest = (rest + step).where(rest.compare("less", 0), rest)
    rest = (rest - step).where(rest.compare("greater_equal", step), rest)
    rest = size.where(size.compare("less", step), rest)  # also where the step is infinite
    return (-rest).where(has_sign(x), rest)


def _reduced(x: T, y: T) -> T:
    """Subtract the product with the whole quotient from `x`, in four products that are exact."""
    quotient = (x / y).call("floor")
    for part in _halves(quotient):
        for other in _halves(y):
            x = x - part * other
    return x


def _halves(x: T) -> tuple[T, T]:
    """Return a number's upper 26 bits and the rest; masks, so that no compiler fuses it away."""
    mask = -(2.0**27)
    upper = (x.bitcast(dtypes.int64) & int(mask)).bitcast(float64)
    return upper, x - upper


def remainder(x: T, y: T) -> T:
    """Return the remainder that has the divisor's sign; StableHLO's has the dividend's."""
    rest = x.call("fmod", y)
    if x.type.dtype.is_unsigned:
        return rest
    return (rest + y).where(_signs_differ(rest, y), rest)


def floor_divide(x: T, y: T) -> T:
    """Return the quotient rounded down, from an exact remainder."""
    kind = x.type.dtype
    if kind.is_unsigned:
        return x / y
    rest = x.call("fmod", y)
    below = _signs_differ(rest, y)
    if kind.is_integer:
        quotient = x / y
        return (quotient - 1).where(below & y.compare("not_equal", 0), quotient)
    quotient = ((x - rest) / y).call("round")
    quotient = (quotient - 1).where(below, quotient)
    return (x / y).where(y.compare("equal", 0), quotient)


def _signs_differ(rest: T, y: T) -> T:
    """Return where a remainder is not 0 and has another sign than the divisor."""
    differ = rest.compare("less", 0).compare("not_equal", y.compare("less", 0))
    return differ & rest.compare("not_equal", 0)
