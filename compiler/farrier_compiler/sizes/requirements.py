"""Constraints on dynamic sizes, proved from bounds or asserted at call time.

Ops ask `equal`, `at_most` and `broadcast_size` when they infer types. Tracing assumes that what may
hold does hold; lowering collects what has to be asserted in `requirements`.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Collection, Generator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from farrier_compiler.diagnostics import Location, called, here
from farrier_compiler.sizes.bounds import is_never, lower_bound, upper_bound
from farrier_compiler.sizes.expression import calls_of
from farrier_compiler.sizes.functions import broadcast, flat


@dataclass(frozen=True)
class Requirement:
    """A constraint on sizes that a call must satisfy.

    Attributes:
        relation: "broadcast" means that the sizes are equal or one of them is 1.
        left: a size.
        right: a size.
    """

    relation: Literal["equal", "at_most", "broadcast"]
    left: int
    right: int

    def is_among(self, others: Collection[Requirement]) -> bool:
        """Return whether this or an equivalent requirement is among others."""
        return self in others or (self.relation == "equal" and any(map(self._is_alike, others)))

    def _is_alike(self, other: Requirement) -> bool:
        difference, theirs = self.left - self.right, other.left - other.right
        return other.relation == "equal" and (difference == theirs or difference == -theirs)

    def __str__(self) -> str:
        match self.relation:
            case "equal":
                return f"{self.left} must be equal to {self.right}"
            case "at_most":
                return f"{self.left} must be at most {self.right}"
            case "broadcast":
                return f"{self.left} and {self.right} must be equal, or one of them 1"


@dataclass(frozen=True)
class Origin:
    """What imposes a requirement.

    Attributes:
        name: the name of an op or a function.
        location: the user's line.
    """

    name: str
    location: Location | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.location.short()})" if self.location else self.name


_recorded: ContextVar[dict[Requirement, Origin] | None] = ContextVar("requirements", default=None)
_imposing: ContextVar[str | None] = ContextVar("imposing", default=None)


@contextlib.contextmanager
def requirements() -> Generator[dict[Requirement, Origin]]:
    """Collect the constraints that `equal`, `at_most` and `broadcast_size` cannot prove."""
    recorded: dict[Requirement, Origin] = {}
    token = _recorded.set(recorded)
    try:
        yield recorded
    finally:
        _recorded.reset(token)


@contextlib.contextmanager
def imposed_by(name: str) -> Generator[None]:
    """Name what imposes the constraints recorded meanwhile, unless the user called it."""
    token = _imposing.set(name)
    try:
        yield
    finally:
        _imposing.reset(token)


def _record(requirement: Requirement) -> None:
    recorded = _recorded.get()
    if recorded is not None and not requirement.is_among(recorded):
        recorded[requirement] = Origin(_imposing.get() or called(), here())


def equal(left: int, right: int) -> bool:
    """Return whether sizes can be equal; if that cannot be proved, record a requirement."""
    if left == right:
        return True
    if is_never(left - right, 0):
        return False
    _record(Requirement("equal", left, right))
    return True


def equal_shapes(left: tuple[int, ...], right: tuple[int, ...]) -> bool:
    """Return whether shapes can be equal, as `equal` does for sizes."""
    return left == right or (len(left) == len(right) and all(map(equal, left, right)))


def at_most(small: int, large: int) -> bool:
    """Return whether `small <= large` can hold; if it cannot be proved, record a requirement."""
    if type(small) is int and type(large) is int:
        return small <= large
    difference = large - small
    if upper_bound(difference) < 0:
        return False
    if lower_bound(difference) < 0:
        _record(Requirement("at_most", small, large))
    return True


def broadcast_size(left: int, right: int) -> int | None:
    """Return the size to which two sizes broadcast by numpy's rule; None: they never do."""
    if left == right or right == 1:
        return left
    if left == 1:
        return right
    fixed = [size for size in (left, right) if is_never(size, 1)]
    if len(fixed) == 2:
        result = left if type(left) is int else right
        return result if equal(left, right) else None
    parts = list(flat("broadcast", (left, right)))
    result = fixed[0] if fixed else broadcast(left, right)
    if len(set(parts)) == len(parts):  # otherwise one is part of the other
        _record(Requirement("broadcast", *sorted((left, right), key=str)))
    return result


def defined(size: int) -> None:
    """Record what the functions in a size assume, since no op checks it again."""
    for call in calls_of(size):
        if call.function == "broadcast":
            for pair in itertools.combinations(call.arguments, 2):
                broadcast_size(*pair)
        elif call.function == "floor_divide":
            at_most(1, call.arguments[1])
