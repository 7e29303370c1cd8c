"""Symbolic sizes: whole-number expressions over dynamic dimensions.

They behave as ints do: `+ - * // %` give sizes again, and `==` says whether two are the same
expression. A comparison is decided by the dimensions' bounds; where these leave it open it is
refused. The checks of ops go through `requirements`, which leaves it to the call then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeGuard

from farrier_runtime.dimension import Dimension
from farrier_runtime.errors import ShapeError

if TYPE_CHECKING:
    # To type checkers a symbolic size is an int: code on sizes is written once, for both.
    _Integer = int
else:
    _Integer = object

Function = Literal["min", "max", "broadcast", "floor_divide"]


@dataclass(frozen=True)
class Call:
    """A function of sizes that is not a polynomial.

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

    __slots__ = ("_hash", "lower", "terms")
    terms: tuple[tuple[Monomial, int], ...]
    lower: int | None
    _hash: int

    # What operators need of `functions` and `bounds`, which stand on this file.
    divide: ClassVar[Callable[[int, int], int]]
    decide: ClassVar[Callable[[int, int, str], bool]]

    @classmethod
    def of(cls, terms: Terms) -> int:
        """Return the sum of terms: an int, where no dimension is left in it."""
        kept = {monomial: factor for monomial, factor in terms.items() if factor}
        if not kept or kept.keys() == {()}:
            return kept.get((), 0)
        size = object.__new__(cls)
        size.terms = tuple(sorted(kept.items(), key=_order))
        size._hash = hash(size.terms)
        size.lower = None
        return size

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
        return SymbolicSize.divide(self, other) if is_size(other) else NotImplemented

    def __rfloordiv__(self, other: int) -> int:
        return SymbolicSize.divide(other, self) if is_size(other) else NotImplemented

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
        return SymbolicSize.decide(self + 1, other, f"{self} < {other}")

    def __le__(self, other: int) -> bool:
        if not is_size(other):
            return NotImplemented
        return SymbolicSize.decide(self, other, f"{self} <= {other}")

    def __gt__(self, other: int) -> bool:
        if not is_size(other):
            return NotImplemented
        return SymbolicSize.decide(other + 1, self, f"{self} > {other}")

    def __ge__(self, other: int) -> bool:
        if not is_size(other):
            return NotImplemented
        return SymbolicSize.decide(other, self, f"{self} >= {other}")

    def __bool__(self) -> bool:
        return SymbolicSize.decide(1, self, f"{self} > 0")

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


def without(monomial: Monomial, factors: Monomial) -> Monomial | None:
    """Return a monomial divided by others; None: it has not all of these factors."""
    left = list(monomial)
    for factor in factors:
        if factor not in left:
            return None
        left.remove(factor)
    return tuple(left)


def is_static(sizes: Iterable[Any]) -> bool:
    """Return whether no size is symbolic."""
    return not any(isinstance(size, SymbolicSize) for size in sizes)


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
