"""Symbolic sizes: whole-number expressions over dimensions that only calls decide.

They behave as ints do: `+ - * // %` give sizes again, and `==` says whether two are the same
expression. A comparison is decided by the dimensions' bounds; where these leave it open it is
refused. The checks of ops go through `requirements`, which leaves it to the call then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

from farrier_runtime.dimension import Dimension
from farrier_runtime.errors import ShapeError

if TYPE_CHECKING:
    # To type checkers a symbolic size is an int: code on sizes is written once, for both.
    _Integer = int
else:
    _Integer = object

Function = Literal["min", "max", "broadcast", "floor_divide"]
_DIVISION_STEPS = 64


@dataclass(frozen=True)
class Call:
    """A function of sizes that is no polynomial.

    Attributes:
        function: "broadcast" is the size to which sizes broadcast: the one that is not 1.
        arguments: the sizes it takes.
    """

    function: Function
    arguments: tuple[int, ...]

    def __str__(self) -> str:
        if self.function == "floor_divide":
            above, below = map(_factor_text, self.arguments)
            return f"{above}//{below}"
        return f"{self.function}({', '.join(map(str, self.arguments))})"


Atom = Dimension | Call
Monomial = tuple[Atom, ...]
Terms = dict[Monomial, int]


class UndecidedError(ShapeError):
    """A comparison of sizes holds for some sizes of a dimension, and not for others."""


class SymbolicSize(_Integer):
    """A polynomial in dimensions, and in functions of them, with whole-number coefficients.

    Example:
        >>> from farrier_runtime.dimension import Dimension
        >>> batch = symbol(Dimension("batch", 1, 8, 64))
        >>> str((batch * 4 + 2) // 2), batch < 100
        ('2*batch + 1', True)
    """

    __slots__ = ("_hash", "_lower", "terms")
    terms: tuple[tuple[Monomial, int], ...]

    @classmethod
    def of(cls, terms: Terms) -> int:
        """Return the sum of terms: an int, where no dimension is left in it."""
        kept = {monomial: factor for monomial, factor in terms.items() if factor}
        if not kept or kept.keys() == {()}:
            return kept.get((), 0)
        made = object.__new__(cls)
        made.terms = tuple(sorted(kept.items(), key=_order))
        made._hash = hash(made.terms)
        made._lower = None
        return made

    _hash: int
    _lower: int | None

    def __add__(self, other: int) -> int:
        if not is_size(other):
            return NotImplemented
        terms = dict(self.terms)
        for monomial, factor in terms_of(other):
            terms[monomial] = terms.get(monomial, 0) + factor
        return SymbolicSize.of(terms)

    __radd__ = __add__

    def __mul__(self, other: int) -> int:
        if not is_size(other):
            return NotImplemented
        terms: Terms = {}
        for left, a in self.terms:
            for right, b in terms_of(other):
                monomial = tuple(sorted((*left, *right), key=str))
                terms[monomial] = terms.get(monomial, 0) + a * b
        return SymbolicSize.of(terms)

    __rmul__ = __mul__

    def __neg__(self) -> int:
        return self * -1

    def __sub__(self, other: int) -> int:
        return self + -other if is_size(other) else NotImplemented

    def __rsub__(self, other: int) -> int:
        return -self + other if is_size(other) else NotImplemented

    def __floordiv__(self, other: int) -> int:
        return floor_divide(self, other) if is_size(other) else NotImplemented

    def __rfloordiv__(self, other: int) -> int:
        return floor_divide(other, self) if is_size(other) else NotImplemented

    def __mod__(self, other: int) -> int:
        return self - self // other * other if is_size(other) else NotImplemented

    def __rmod__(self, other: int) -> int:
        return other - other // self * self if is_size(other) else NotImplemented

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SymbolicSize) and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    def __lt__(self, other: int) -> bool:
        if not is_size(other):
            return NotImplemented
        return _decided(self + 1, other, f"{self} < {other}")

    def __le__(self, other: int) -> bool:
        if not is_size(other):
            return NotImplemented
        return _decided(self, other, f"{self} <= {other}")

    def __gt__(self, other: int) -> bool:
        if not is_size(other):
            return NotImplemented
        return _decided(other + 1, self, f"{self} > {other}")

    def __ge__(self, other: int) -> bool:
        if not is_size(other):
            return NotImplemented
        return _decided(other, self, f"{self} >= {other}")

    def __bool__(self) -> bool:
        return _decided(1, self, f"{self} > 0")

    def __str__(self) -> str:
        first, *rest = (_term_text(monomial, factor) for monomial, factor in self.terms)
        return first + "".join(
            f" - {text[1:]}" if text.startswith("-") else f" + {text}" for text in rest
        )

    __repr__ = __str__

    def __format__(self, specification: str) -> str:
        return format(str(self), specification)


def is_size(value: object) -> TypeGuard[int]:
    """Return whether a value is an int or a symbolic size."""
    return isinstance(value, SymbolicSize | int)


def symbol(dimension: Dimension) -> int:
    """Return the size that a dimension has; an int, if its bounds leave one only."""
    if dimension.min == dimension.max:
        return dimension.min
    return SymbolicSize.of({(dimension,): 1})


def terms_of(size: int) -> Iterable[tuple[Monomial, int]]:
    """Return the monomials of a size with their factors."""
    return size.terms if isinstance(size, SymbolicSize) else (((), size),)


def dimension_of(size: int) -> Dimension | None:
    """Return the dimension that a size stands for; None for numbers and expressions."""
    if not isinstance(size, SymbolicSize) or len(size.terms) != 1:
        return None
    monomial, factor = size.terms[0]
    alone = factor == 1 and len(monomial) == 1 and isinstance(monomial[0], Dimension)
    return monomial[0] if alone else None  # pyright: ignore[reportReturnType]


def dimensions_of(size: int) -> Iterator[Dimension]:
    """Yield every dimension in a size."""
    for monomial, _ in terms_of(size):
        for atom in monomial:
            if isinstance(atom, Dimension):
                yield atom
            else:
                for argument in atom.arguments:
                    yield from dimensions_of(argument)


def calls_of(size: int) -> Iterator[Call]:
    """Yield every function in a size."""
    for monomial, _ in terms_of(size):
        for atom in monomial:
            if isinstance(atom, Call):
                yield atom
                for argument in atom.arguments:
                    yield from calls_of(argument)


# ---------------------------------------------------------------------- functions


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
        other = _without(monomial, lead)
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


def _without(monomial: Monomial, factors: Monomial) -> Monomial | None:
    left = list(monomial)
    for factor in factors:
        if factor not in left:
            return None
        left.remove(factor)
    return tuple(left)


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


# ---------------------------------------------------------------------- values


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


# ---------------------------------------------------------------------- bounds


def lower_bound(size: int) -> int:
    """Return a number that a size is never below."""
    if not isinstance(size, SymbolicSize):
        return size
    if size._lower is None:  # pyright: ignore[reportPrivateUsage]
        size._lower = max(_lower_bounds(size))  # pyright: ignore[reportPrivateUsage]
    return size._lower  # pyright: ignore[reportPrivateUsage, reportReturnType]


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
        others = {_without(monomial, (shared,)) or (): factor for monomial, factor in size.terms}
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
    from farrier_compiler.diagnostics import explain

    error = UndecidedError(
        f"Whether {text} depends on {_ranges(small, large)}. Narrow the bounds in "
        "InputInfo so that one answer is right for all sizes, or compare nothing here."
    )
    raise explain(error)


def _ranges(*sizes: int) -> str:
    found = dict.fromkeys(d for size in sizes for d in dimensions_of(size))
    return " and ".join(f"'{d.name}' ({d.range})" for d in found)


# ---------------------------------------------------------------------- text


def _order(term: tuple[Monomial, int]) -> tuple[int, tuple[str, ...]]:
    monomial, _ = term
    return -len(monomial), tuple(map(str, monomial))


def _term_text(monomial: Monomial, factor: int) -> str:
    if not monomial:
        return str(factor)
    if factor == 1 and len(monomial) == 1:
        return str(monomial[0])
    product = "*".join(map(_atom_text, monomial))
    if factor == 1:
        return product
    return f"-{product}" if factor == -1 else f"{factor}*{product}"


def _atom_text(atom: Atom) -> str:
    division = isinstance(atom, Call) and atom.function == "floor_divide"
    return f"({atom})" if division else str(atom)


def _factor_text(size: int) -> str:
    simple = size >= 0 if is_static((size,)) else dimension_of(size) is not None
    return str(size) if simple else f"({size})"


def is_static(sizes: Iterable[Any]) -> bool:
    """Return whether no size is symbolic."""
    return not any(isinstance(size, SymbolicSize) for size in sizes)
