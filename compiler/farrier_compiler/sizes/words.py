"""Sizes in the words of error messages."""

from __future__ import annotations

from farrier_compiler.sizes.expression import dimensions_of


def ranges(size: int) -> str:
    """Return the bounds of the dimensions in a size: `'batch' is 1 to 64`."""
    return ", ".join(f"'{d.name}' is {d.range}" for d in dict.fromkeys(dimensions_of(size)))


def count_text(size: int) -> str:
    """Return a number of elements with its bounds: `batch elements ('batch' is 1 to 64)`."""
    bounds = ranges(size)
    return f"{size} elements ({bounds})" if bounds else f"{size} elements"
