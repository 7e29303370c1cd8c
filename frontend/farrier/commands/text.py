"""Formatting of sizes, times and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def size_text(size: float) -> str:
    """Return a number of bytes in the largest unit that fits: `24.1 kB`."""
    if size < 1000:
        return f"{size:.0f} B"
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 1000 or unit == "GB":
            break
    return f"{size:.1f} {unit}"


def time_text(seconds: float) -> str:
    """Return a time in the largest unit that fits: `12.3 us`."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1 or unit == "us":
            break
    return f"{seconds * scale:.3g} {unit}"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
