"""Suggestions for misspelt names, as error messages end with them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def near(name: str, names: Iterable[str], count: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return the names that are most like a misspelt one, best first.

    Args:
        name: the misspelt name.
        names: the names that exist.
        count: how many to return at most.
        cutoff: how like they must be, from 0 to 1.

    Example:
        >>> near("cuad", ["cpu", "cuda", "rocm"])
        ['cuda']
    """
    return difflib.get_close_matches(name, sorted(names), count, cutoff)


def did_you_mean(name: str, names: Iterable[str], listed: int = 20) -> str:
    """Return the end of an error message: `; did you mean 'x'?`, or the names that exist.

    Args:
        name: the misspelt name.
        names: the names that exist.
        listed: the most names to list where none is near.
    """
    names = sorted(names)
    if match := near(name, names):
        return f"; did you mean {match[0]!r}?"
    return f"; known are {', '.join(names)}" if 0 < len(names) <= listed else ""
