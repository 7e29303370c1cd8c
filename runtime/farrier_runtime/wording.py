"""Values and functions of users in error texts."""

from __future__ import annotations

import inspect
from collections.abc import Callable
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


def signature_text(function: Callable[..., Any]) -> str:
    """Return a function's parameters as error texts show them, without quotes around types.

    Args:
        function: a function, a class, or an object that can be called.

    Example:
        >>> signature_text(lambda x, *others: x)
        '(x, *others)'
    """
    signature = inspect.signature(function)
    parameters = [
        each.replace(annotation=_plain(each.annotation)) for each in signature.parameters.values()
    ]
    returned = _plain(signature.return_annotation)
    return str(signature.replace(parameters=parameters, return_annotation=returned))


class _Plain(str):
    """A text whose repr has no quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _plain(annotation: Any) -> Any:
    return _Plain(annotation) if isinstance(annotation, str) else annotation
