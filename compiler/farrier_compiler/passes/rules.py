"""Rules of canonicalization: typed functions that are registered for classes of ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from farrier_compiler.graph import Node, Op, Value

Emit = Callable[..., Value]
OpType = TypeVar("OpType", bound=Op)
RULES: dict[type[Op], list[Callable[[Any, Node, Emit], Value | None]]] = {}


Rule = Callable[[OpType, Node, Emit], Value | None]


def rule(*op_classes: type[OpType]) -> Callable[[Rule[OpType]], Rule[OpType]]:
    """Register a rule for ops of these classes."""

    def register(function: Rule[OpType]) -> Rule[OpType]:
        for op_class in op_classes:
            RULES.setdefault(op_class, []).append(function)
        return function

    return register
