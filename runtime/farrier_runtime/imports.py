"""Imports at first use, which neither signals nor forks interrupt.

An exception from a signal handler during an import leaves parts of native packages behind, or
ends the process. The child of a fork would wait for ever for an import of a thread that it lacks.
So a thread of its own imports, where Python runs no signal handlers, and forks wait for it.
"""

from __future__ import annotations

import importlib
import os
import threading
from types import ModuleType

_modules: dict[str, ModuleType] = {}


class _Import(threading.Thread):
    """A thread that imports a module."""

    def __init__(self, name: str) -> None:
        super().__init__(name=f"import of {name}")
        self._module = name
        self.error: BaseException | None = None
        _running.add(self)

    def run(self) -> None:
        """Import the module; modules below it are imported here, too."""
        try:
            _modules[self._module] = importlib.import_module(self._module)
        except BaseException as error:
            self.error = error
        finally:
            _running.discard(self)


_running: set[_Import] = set()


def module(name: str) -> ModuleType:
    """Return a module, imported at its first use.

    Args:
        name: its full name.

    Raises:
        ImportError: it cannot be imported.

    Example:
        >>> module("json").dumps([1])
        '[1]'
    """
    if name not in _modules:
        _import(name)
    return _modules[name]


def _import(name: str) -> None:
    if isinstance(threading.current_thread(), _Import):
        _modules[name] = importlib.import_module(name)
        return
    worker = _Import(name)
    try:
        worker.start()
    except RuntimeError:  # a process that ends starts no threads
        if worker.ident is not None:
            raise
        worker.run()
    else:
        worker.join()
    if worker.error is not None:
        raise worker.error


def _wait() -> None:
    for worker in [*_running]:
        if worker is not threading.current_thread() and worker.is_alive():
            worker.join()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_wait, after_in_child=_running.clear)
