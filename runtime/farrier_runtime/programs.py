# pyright: basic
"""Programs on devices, and the contexts that their calls run in.

Calls release the GIL. On two cores with local-sync, two threads with a context each are twice as
fast as two that share one; with local-task, where one call uses all workers, a second context
gains 5 %.
"""

from __future__ import annotations

import atexit
import mmap
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from farrier_runtime import claims
from farrier_runtime.claims import Living, Slot, Slots, never_free
from farrier_runtime.dtypes import Array
from farrier_runtime.errors import ArtifactError, DeviceError
from farrier_runtime.session import OpenDevice, Place, instance, iree, reason


class Modules:
    """A module and those that it needs, loaded on a device by this process."""

    def __init__(
        self,
        source: bytes | mmap.mmap,
        device: OpenDevice,
        parameters: tuple[str, Mapping[str, Array]] | None,
    ) -> None:
        """Load a module.

        Args:
            source: bytes to copy, or a mapped file.
            device: where to load it.
            parameters: the scope and the arrays of external weights.

        Raises:
            ArtifactError: IREE cannot load the module.
        """
        runtime = iree()
        self.device = device
        try:
            self._module = _module(runtime.VmModule, source)
            self._all = [runtime.create_hal_module(instance(), device.handle), self._module]
            if parameters:
                self._all.insert(1, _parameter_module(*parameters))
        except (RuntimeError, ValueError, IndexError, MemoryError) as error:
            raise ArtifactError(f"IREE cannot load the module: {reason(error)}") from None

    def function(self, name: str) -> Any:
        """Look up an exported function.

        Args:
            name: its name.

        Returns:
            IREE's function.

        Raises:
            ArtifactError: the module has no such function.
        """
        function = self._module.lookup_function(name)
        if function is None:
            raise ArtifactError(f"the module has no function {name!r}, which its manifest names")
        return function

    def declaration(self, name: str) -> str:
        """Return what the module declares of a function's types; empty where it does not.

        Args:
            name: the function's name.

        Raises:
            ArtifactError: the module has no such function.
        """
        return self.function(name).reflection.get("iree.abi.declaration", "")

    def new_context(self) -> Any:
        """Run the module's initializers.

        Returns:
            IREE's context.

        Raises:
            ArtifactError: something that the module needs is missing.
            DeviceError: the module has no code for the device.
        """
        try:
            return iree().VmContext(instance(), self._all)
        except (RuntimeError, ValueError, IndexError, MemoryError) as error:
            raised = DeviceError if "INCOMPATIBLE" in str(error) else ArtifactError
            raise raised(f"IREE cannot start the module: {reason(error)}") from None


class LoadedModule:
    """A program on a device; its contexts hold the state and run the functions.

    Attributes:
        place: where it runs.
        weights: the arrays of external weights, if it has any.
    """

    def __init__(
        self,
        source: bytes | mmap.mmap,
        place: Place,
        parameters: tuple[str, Mapping[str, Array]] | None,
    ) -> None:
        """Load a module.

        Args:
            source: bytes to copy, or a mapped file.
            place: where it runs.
            parameters: the scope and the arrays of external weights.

        Raises:
            ArgumentError: the process's worker pool has another size.
            ArtifactError: IREE cannot load the module.
            DeviceError: the device cannot be opened, or the module has no code for it.
        """
        self.place = place
        self.weights = parameters[1] if parameters else None
        self._source, self._parameters = source, parameters
        self._modules: Modules | None = None
        self._slots: Slots[Context] = Slots(place.contexts, awaited=True)
        _programs.add(self)
        self.put(self.take())

    @property
    def modules(self) -> Modules:
        """The modules, which the child of a fork loads again."""
        if self._modules is None:
            self._modules = Modules(self._source, self.place.open(), self._parameters)
        return self._modules

    def take(self) -> Slot[Context]:
        """Take a free context for the caller, or wait for one; return it with `put`."""
        slot = self._slots.claim(2)
        try:
            if not hasattr(slot, "content"):
                slot.content = Context(self.modules)
            return slot
        except BaseException:
            self._slots.release(slot)
            raise

    def put(self, slot: Slot[Context]) -> None:
        """Return a context from `take`."""
        self._slots.release(slot)

    def keep(self) -> None:
        """Never free what is loaded."""
        never_free((self._modules, self._slots))

    def abandon(self) -> None:
        """Forget everything that the parent of this fork has loaded, without freeing it."""
        never_free(self._modules)
        self._modules = None


def _module(vm_module: Any, source: bytes | mmap.mmap) -> Any:
    if isinstance(source, bytes):
        return vm_module.copy_buffer(instance(), source)
    return vm_module.wrap_buffer(instance(), source)


def _parameter_module(scope: str, arrays: Mapping[str, Array]) -> Any:
    """Provide arrays to a module; IREE keeps them alive, and does not copy aligned ones."""
    index = iree().ParameterIndex()
    for name, array in arrays.items():
        index.add_buffer(name, np.ascontiguousarray(array).reshape(-1).view(np.uint8))
    return iree().create_io_parameters_module(instance(), index.create_provider(scope=scope))


class Context:
    """IREE's context, for one call at a time, with the prepared calls of its functions."""

    def __init__(self, modules: Modules) -> None:
        """Start a program.

        Args:
            modules: the program.
        """
        self.modules = modules
        self.invoke = modules.new_context().invoke
        self.calls: dict[str, Callable[[Sequence[Any]], list[Any]]] = {}


_programs: Living[LoadedModule] = Living()


def _forked() -> None:
    for program in _programs.all():
        program.abandon()


@atexit.register
def _end() -> None:
    """Keep daemon threads from freeing programs, for which IREE takes Python's lock."""
    claims.end()
    if any(thread.daemon for thread in threading.enumerate()):
        for program in _programs.all():
            program.keep()
        time.sleep(0.01)  # for one that is being freed


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
