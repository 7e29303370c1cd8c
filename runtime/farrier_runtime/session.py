# pyright: basic
"""Wrapper of IREE's runtime; the only file that imports iree.runtime, at the first load.

Calls release the GIL. On two cores with local-sync, two threads with a context each are twice as
fast as two that share one; with local-task, where one call uses all workers, a second context
gains 5 %.
"""

from __future__ import annotations

import functools
import mmap
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from farrier_runtime.dtypes import Array
from farrier_runtime.errors import ArgumentError, ArtifactError, DeviceError


@functools.cache
def iree() -> ModuleType:
    """Import IREE's runtime, at the first load."""
    import iree.runtime

    return iree.runtime


@functools.cache
def _instance() -> Any:
    """Return the process's only instance: several would race to register types (iree#24615)."""
    return iree().VmInstance()


@functools.cache
def query(driver: str) -> tuple[list[dict[str, Any]], str]:
    """List a driver's devices.

    Args:
        driver: IREE's name for it.

    Returns:
        The devices, and why there are none if the driver cannot be used.
    """
    try:
        return iree().get_driver(driver).query_available_devices(), ""
    except (RuntimeError, ValueError) as error:
        return [], reason(error)


def reason(error: Exception) -> str:
    """Return the first line of IREE's error text, without source file, status name and long IR.

    Args:
        error: the error that IREE raised.
    """
    text = str(error).splitlines()[0].split("; ", 1)[-1].split("; while ", 1)[0].rstrip("; ")
    return text if len(text) <= 300 else f"{text[:150]} ... {text[-150:]}"


class Workers:
    """The pool of worker threads of `local-task`; IREE makes one per process, at its first use."""

    _lock = threading.Lock()
    _made = False
    _size: int | None = None

    @classmethod
    def make(cls, size: int | None) -> None:
        """Make the pool, once.

        Args:
            size: how many threads, or None for IREE's choice, one per core.

        Raises:
            ArgumentError: the pool already has another size.
        """
        with cls._lock:
            if not cls._made:
                if size is not None:
                    iree().flags.parse_flags(f"--task_topology_group_count={size}")
                cls._made, cls._size = True, size
            elif size not in (None, cls._size):
                actual = f"{cls._size} threads" if cls._size else "one thread per core"
                raise ArgumentError(
                    f"threads={size} is not possible: an earlier load made this process's only "
                    f"pool of workers, with {actual}. Pass threads={size} to the first load, leave "
                    f"threads out, or use threads=1, which needs no pool"
                )


def open_device(driver: str, index: int, threads: int | None) -> tuple[Any, int]:
    """Return a device of IREE's, created at its first use.

    Args:
        driver: `"local-sync"` for the CPU, or the name of another driver.
        index: the index among the driver's devices.
        threads: for the CPU, how many threads a call may use; None for all cores.

    Returns:
        The device, and how many contexts are worth having on it.

    Raises:
        ArgumentError: the process's worker pool has another size.
        DeviceError: the driver cannot create the device.
    """
    if driver != "local-sync":
        return _create_device(driver, index), 1
    cores = _usable_cores()
    if threads == 1 or (threads is None and cores == 1):
        return _create_device(driver, index), cores
    Workers.make(threads)
    return _create_device("local-task", index), 1


def _usable_cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@functools.cache
def _create_device(driver: str, index: int) -> Any:
    try:
        created = iree().get_driver(driver)
        return created.create_device(created.query_available_devices()[index])
    except (RuntimeError, ValueError) as error:
        text = f"IREE's driver {driver} cannot open device {index}: {reason(error)}"
        raise DeviceError(text) from None


class LoadedModule:
    """A module on a device; its contexts hold the state and run the functions."""

    def __init__(
        self,
        source: str | bytes | mmap.mmap,
        device: Any,
        parameters: tuple[str, Mapping[str, Array]] | None,
        contexts: int,
    ) -> None:
        """Load a module.

        Args:
            source: a path to map, bytes to copy, or a mapped file.
            device: from `open_device`.
            parameters: the scope and the arrays of external weights.
            contexts: how many calls may run at once.

        Raises:
            ArtifactError: IREE cannot load the module.
            DeviceError: the module has no code for the device.
        """
        runtime, instance = iree(), _instance()
        self.device = device
        self.weights = parameters[1] if parameters else None
        self._free: queue.SimpleQueue[Context] = queue.SimpleQueue()
        self._growing = threading.Lock()
        self._growth = contexts
        try:
            self._module = _module(runtime.VmModule, instance, source)
            self._modules = [runtime.create_hal_module(instance, device), self._module]
            if parameters:
                self._modules.insert(1, _parameter_module(*parameters))
        except (RuntimeError, ValueError, IndexError, MemoryError) as error:
            raise ArtifactError(f"IREE cannot load the module: {reason(error)}") from None
        self.put(self.take())

    def take(self) -> Context:
        """Take a free context, or wait for one; return it with `put`."""
        try:
            return self._free.get_nowait()
        except queue.Empty:
            pass
        with self._growing:
            if self._growth:
                context = Context(self)
                self._growth -= 1
                return context
        return self._free.get()

    def put(self, context: Context) -> None:
        """Return a context from `take`."""
        self._free.put(context)

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
            return iree().VmContext(_instance(), self._modules)
        except (RuntimeError, ValueError, IndexError, MemoryError) as error:
            raised = DeviceError if "INCOMPATIBLE" in str(error) else ArtifactError
            raise raised(f"IREE cannot start the module: {reason(error)}") from None


def _module(vm_module: Any, instance: Any, source: str | bytes | mmap.mmap) -> Any:
    if isinstance(source, bytes):
        return vm_module.copy_buffer(instance, source)
    if isinstance(source, str):
        return vm_module.mmap(instance, source)
    return vm_module.wrap_buffer(instance, source)


def _parameter_module(scope: str, arrays: Mapping[str, Array]) -> Any:
    """Provide arrays to a module; IREE keeps them alive, and does not copy aligned ones."""
    index = iree().ParameterIndex()
    for name, array in arrays.items():
        index.add_buffer(name, np.ascontiguousarray(array).reshape(-1).view(np.uint8))
    return iree().create_io_parameters_module(_instance(), index.create_provider(scope=scope))


class Context:
    """IREE's context, for one call at a time, with the prepared calls of its functions."""

    def __init__(self, program: LoadedModule) -> None:
        """Start the program.

        Args:
            program: the program.
        """
        self.invoke = program.new_context().invoke
        self.calls: dict[str, Callable[[Sequence[Any]], list[Any]]] = {}
