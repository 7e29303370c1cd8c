"""Dynamic dimensions, whose sizes are known only when a program is called."""

from __future__ import annotations

import json
from dataclasses import dataclass

from farrier_runtime.errors import ArgumentError


@dataclass(frozen=True)
class Dimension:
    """A size that may differ from call to call, within bounds; equal names mean equal sizes.

    Args:
        name: its name in types and errors.
        min: the smallest size.
        opt: the most frequent size.
        max: the largest size.

    Raises:
        ArgumentError: the bounds are not `0 <= min <= opt <= max`.

    Example:
        >>> from farrier_runtime.dimension import Dimension
        >>> Dimension("batch", 1, 8, 64).range
        '1 to 64'
    """

    name: str
    min: int
    opt: int
    max: int

    def __post_init__(self) -> None:
        """Check the bounds."""
        if not 0 <= self.min <= self.opt <= self.max:
            raise ArgumentError(
                f"Dimension '{self.name}' got min={self.min}, opt={self.opt} and max={self.max}: "
                "they must be 0 <= min <= opt <= max."
            )

    @property
    def range(self) -> str:
        """The bounds in words."""
        return f"{self.min} to {self.max}"

    def __str__(self) -> str:
        """The name, in quotes where it is not a plain word or names a function of sizes."""
        plain = self.name.isidentifier() and self.name not in ("min", "max", "broadcast")
        return self.name if plain and self.name.isascii() else json.dumps(self.name)


Size = int | Dimension
"""The size of a dimension: a number, or a dynamic dimension."""
