"""Functions of sizes: division, extremes, broadcasting, and sizes in place of dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

from farrier_compiler.sizes.bounds import lower_bound, upper_bound
from farrier_compiler.sizes.expression import (
    Atom,
    Call,
    Function,
    SymbolicSize,
    dimensions_of,
    is_static,
    symbol,
    terms_of,
    without,
)
from farrier_runtime.dimension import Dimension

_DIVISION_STEPS = 64


def floor_divide(size: int, by: int) -> int:
    """Return `size // by`, simplified where a part can be divided exactly."""
    if not isinstance(size, SymbolicSize) and not isinstance(by, SymbolicSize):
        return size // by
    if upper_bound(by) < 0:
        return floor_divide(-size, -by)  # what follows takes divisors for positive
    quotient, rest = _divided(size, by)
    if rest == 0 or (lower_bound(rest) >= 0 and lower_bound(by - rest) >= 1):
        return quotient
    if not isinstance(by, SymbolicSize):
        if lower_bound(rest) // by == upper_bound(rest) // by:
            return quotient + lower_bound(rest) // by
        shared = math.gcd(by, *(factor for _, factor in terms_of(rest)))
        rest, by = _divided(rest, shared)[0], by // shared
    return quotient + SymbolicSize.of({(Call("floor_divide", (rest, by)),): 1})


def _divided(size: int, by: int) -> tuple[int, int]:
    """Return a quotient and a rest of polynomials: `size = quotient * by + rest`."""
    lead, factor = next(iter(terms_of(by)))
    quotient, rest, left = 0, 0, size
    for _ in range(_DIVISION_STEPS):
        if left == 0:
            break
        monomial, count = next(iter(terms_of(left)))
        other = without(monomial, lead)
        step = 0 if other is None else SymbolicSize.of({other: count // factor})
        if step == 0:
            moved = SymbolicSize.of({monomial: count})
            rest, left = rest + moved, left - moved
        else:
            quotient, left = quotient + step, left - step * by
            if by == factor:  # the rest of this term is smaller than the divisor
                moved = SymbolicSize.of({monomial: count % factor})
                rest, left = rest + moved, left - moved
    return quotient, rest + left


def minimum(*sizes: int) -> int:
    """Return the smallest of some sizes."""
    return _extreme("min", sizes, lambda a, b: lower_bound(b - a) >= 0)


def maximum(*sizes: int) -> int:
    """Return the largest of some sizes."""
    return _extreme("max", sizes, lambda a, b: lower_bound(a - b) >= 0)


def _extreme(
    function: Literal["min", "max"], sizes: Iterable[int], wins: Callable[[int, int], bool]
) -> int:
    sizes = tuple(sizes)
    if is_static(sizes):
        return (min if function == "min" else max)(sizes)
    kept: list[int] = []
    for size in sorted(flat(function, sizes), key=str):
        if not any(wins(other, size) for other in kept):
            kept = [other for other in kept if not wins(size, other)] + [size]
    return _call(function, kept)


def flat(function: Function, sizes: Iterable[int]) -> Iterator[int]:
    """Yield the arguments of a function in place of its calls."""
    for size in sizes:
        call = _call_of(size)
        if call is not None and call.function == function:
            yield from call.arguments
        else:
            yield size


def _call(function: Function, sizes: Iterable[int]) -> int:
    arguments = tuple(sorted(dict.fromkeys(sizes), key=str))
    if len(arguments) == 1:
        return arguments[0]
    return SymbolicSize.of({(Call(function, arguments),): 1})


def _call_of(size: int) -> Call | None:
    if not isinstance(size, SymbolicSize) or len(size.terms) != 1:
        return None
    monomial, factor = size.terms[0]
    alone = factor == 1 and len(monomial) == 1 and isinstance(monomial[0], Call)
    return monomial[0] if alone else None  # pyright: ignore[reportReturnType]


def broadcast(*sizes: int) -> int:
    """Return the size to which sizes broadcast, where they do."""
    return _call("broadcast", flat("broadcast", sizes))


SIZE_FUNCTIONS: Mapping[str, Callable[..., int]] = {
    "min": minimum,
    "max": maximum,
    "broadcast": broadcast,
}
"""The functions of sizes that have a name in graph text."""


def substitute(size: int, sizes: Mapping[str, int]) -> int:
    """Return a size with sizes in place of dimensions, by their names."""
    if not isinstance(size, SymbolicSize):
        return size
    total = 0
    for monomial, factor in size.terms:
        for atom in monomial:
            factor = factor * _value(atom, sizes)
        total = total + factor
    return total


def _value(atom: Atom, sizes: Mapping[str, int]) -> int:
    if isinstance(atom, Dimension):
        return sizes.get(atom.name, symbol(atom))
    arguments = [substitute(argument, sizes) for argument in atom.arguments]
    match atom.function:
        case "min":
            return minimum(*arguments)
        case "max":
            return maximum(*arguments)
        case "floor_divide":
            return floor_divide(*arguments)
        case "broadcast":
            first, *others = arguments
            for other in others:
                first = other if first == 1 else first
            return first


def opt_of(size: int) -> int:
    """Return what a size is when all dimensions are what is expected most often."""
    return substitute(size, {d.name: d.opt for d in dimensions_of(size)})


SymbolicSize.divide = floor_divide
