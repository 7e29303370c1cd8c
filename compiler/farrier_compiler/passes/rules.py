"""Rules of canonicalization: typed functions that are registered for kinds of ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from farrier_compiler.graph import Node, Op, Value

Emit = Callable[..., Value]
Kind = TypeVar("Kind", bound=Op)
RULES: dict[type[Op], list[Callable[[Any, Node, Emit], Value | None]]] = {}


Rule = Callable[[Kind, Node, Emit], Value | None]


def rule(*kinds: type[Kind]) -> Callable[[Rule[Kind]], Rule[Kind]]:
    """Register a rule for ops of these kinds."""

    def register(function: Rule[Kind]) -> Rule[Kind]:
        for kind in kinds:
            RULES.setdefault(kind, []).append(function)
        return function

    return register
