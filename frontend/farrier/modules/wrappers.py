"""Wrappers of the methods that subclasses of Module define."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from farrier.modules import state
from farrier.modules.summary import recorder
from farrier_compiler.diagnostics import Scope, memory_for, scope

# The Modules that `reset_parameters` has reached, by identity, or None.
resetting: ContextVar[set[int] | None] = ContextVar("resetting", default=None)


def scoped(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method in which errors and IR locations carry the layer's name."""

    @functools.wraps(call)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        inner = Scope(self, scope.get())
        token = scope.set(inner)
        try:
            result = call(self, *args, **kwargs)
        finally:
            scope.reset(token)
        if (calls := recorder.get()) is not None:
            calls.append((inner, result))
        return result

    return wrapped


def keeping_ties(reset: Callable[..., None]) -> Callable[..., None]:
    """Return a `reset_parameters` after which shared parameters are still shared."""

    @functools.wraps(reset)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
        if resetting.get() is not None:  # the outermost call ties what all of them have set
            return reset(self, *args, **kwargs)
        slots = self._parameters()
        token = resetting.set({id(self)})
        try:
            with memory_for(f"the parameters of {type(self).__name__}"):
                reset(self, *args, **kwargs)
        finally:
            resetting.reset(token)
        return state.tie_again(slots, self._slots())

    return wrapped
