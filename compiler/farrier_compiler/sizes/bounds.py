"""Bounds of sizes, from the bounds of their dimensions, and what they decide."""

from __future__ import annotations

from collections.abc import Iterator

from farrier_compiler.diagnostics import explain
from farrier_compiler.sizes.expression import (
    Atom,
    Call,
    Monomial,
    SymbolicSize,
    UndecidedError,
    dimensions_of,
    without,
)
from farrier_runtime.dimension import Dimension


def lower_bound(size: int) -> int:
    """Return a number that a size is never below."""
    if not isinstance(size, SymbolicSize):
        return size
    if size.lower is None:
        size.lower = max(_lower_bounds(size))
    return size.lower


def upper_bound(size: int) -> int:
    """Return a number that a size is never above."""
    return -lower_bound(-size)


def is_never(size: int, number: int) -> bool:
    """Return whether a size certainly is not this number."""
    return lower_bound(size) > number or upper_bound(size) < number


def _lower_bounds(size: SymbolicSize) -> Iterator[int]:
    yield sum(_interval(monomial, factor)[0] for monomial, factor in size.terms)
    shared = next((atom for atom in size.terms[0][0] if _in_all(atom, size)), None)
    if shared is not None and len(size.terms) > 1:
        others = {without(monomial, (shared,)) or (): factor for monomial, factor in size.terms}
        bound, (low, high) = lower_bound(SymbolicSize.of(others)), _range(shared)
        if low >= 0:
            yield bound * (low if bound >= 0 else high)
    for monomial, factor in size.terms:
        if len(monomial) == 1 and isinstance(monomial[0], Call) and len(size.terms) > 1:
            yield _lower_by_cases(size, monomial[0], factor)
            return


def _in_all(atom: Atom, size: SymbolicSize) -> bool:
    return all(atom in monomial for monomial, _ in size.terms)


def _lower_by_cases(size: SymbolicSize, call: Call, factor: int) -> int:
    """Return a lower bound that knows how a function is related to its arguments."""
    rest = size - SymbolicSize.of({(call,): factor})
    if call.function == "floor_divide":
        above, by = call.arguments
        if isinstance(by, SymbolicSize):
            return sum(_interval(monomial, count)[0] for monomial, count in size.terms)
        slack = by - 1 if factor > 0 else 0  # (above - slack) / by <= call <= above / by
        return -(-lower_bound(rest * by + (above - slack) * factor) // by)
    cases = [lower_bound(rest + argument * factor) for argument in call.arguments]
    # It is one of its arguments; and a minimum is never above any of them.
    never_beyond = (call.function == "min" and factor < 0) or (
        call.function == "max" and factor > 0
    )
    return max(cases) if never_beyond else min(cases)


def _interval(monomial: Monomial, factor: int) -> tuple[int, int]:
    low = high = factor
    for atom in monomial:
        first, last = _range(atom)
        ends = (low * first, low * last, high * first, high * last)
        low, high = min(ends), max(ends)
    return low, high


def _range(atom: Atom) -> tuple[int, int]:
    if isinstance(atom, Dimension):
        return atom.min, atom.max
    lows, highs = [lower_bound(a) for a in atom.arguments], [upper_bound(a) for a in atom.arguments]
    match atom.function:
        case "min":
            return min(lows), min(highs)
        case "max":
            return max(lows), max(highs)
        case "broadcast":
            return min(lows), max(highs)
        case "floor_divide":
            first, last = max(lows[1], 1), max(highs[1], 1)
            return min(lows[0] // first, lows[0] // last), max(highs[0] // first, highs[0] // last)


def _decided(small: int, large: int, text: str) -> bool:
    """Return whether `small <= large`, which the bounds must decide; `text` is what was asked."""
    difference = large - small
    if lower_bound(difference) >= 0:
        return True
    if upper_bound(difference) < 0:
        return False
    error = UndecidedError(
        f"Whether {text} depends on {_ranges(small, large)}. Narrow the bounds in "
        "InputInfo so that one answer is right for all sizes, or compare nothing here."
    )
    raise explain(error)


def _ranges(*sizes: int) -> str:
    dimensions = dict.fromkeys(d for size in sizes for d in dimensions_of(size))
    return " and ".join(f"'{d.name}' ({d.range})" for d in dimensions)


SymbolicSize.decide = _decided
