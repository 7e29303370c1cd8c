"""Wrappers of the methods that subclasses of Module define."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from farrier.modules import state
from farrier.modules.summary import recorder
from farrier_compiler.diagnostics import Scope, explain, scope
from farrier_runtime.errors import DeviceError

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


def no_memory(module: object) -> DeviceError:
    """Return the error for parameters that do not fit into memory."""
    name = type(module).__name__
    return DeviceError(f"There is not enough memory for the parameters of {name}.")


def keeping_ties(reset: Callable[..., None]) -> Callable[..., None]:
    """Return a `reset_parameters` after which shared parameters are still shared."""

    @functools.wraps(reset)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
        if resetting.get() is not None:  # the outermost call ties what all of them have set
            return reset(self, *args, **kwargs)
        slots = self._parameters()
        token = resetting.set({id(self)})
        try:
            reset(self, *args, **kwargs)
        except MemoryError:
            raise explain(no_memory(self)) from None
        finally:
            resetting.reset(token)
        return state.tie_again(slots, self._slots())

    return wrapped
