"""The texts of errors."""

from __future__ import annotations


def message(error: BaseException) -> str:
    """Return what an error says, without the user's lines that follow."""
    return str(error).partition("\n  --> ")[0]
