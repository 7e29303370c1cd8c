"""Division and remainders that round down, on terms."""

from __future__ import annotations

from typing import Any, TypeVar

from farrier_compiler.stablehlo.term import Term

T = TypeVar("T", bound=Term[Any])


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
