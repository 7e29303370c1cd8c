"""Values of users in error texts."""

from __future__ import annotations

from typing import Any


def shown(value: Any, width: int = 80) -> str:
    """Return a value as error texts show it: its repr in one line, cut to a width.

    A value whose repr fails is shown by its type: it may be nested too deeply, or lack parts.

    Args:
        value: what a user passed.
        width: the most characters of the text.

    Example:
        >>> shown([1, 2])
        '[1, 2]'
    """
    try:
        text = " ".join(repr(value).split())
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= width else f"{text[: width - 3]}..."
