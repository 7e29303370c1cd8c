# pyright: basic
"""Wrapper of IREE's runtime; the only file that imports iree.runtime, at the first load.

The child of a fork lacks the threads of its parent's devices, and locks of theirs may be taken. So
it opens devices of its own. Those of its parent are never used again, and never freed, which would
wait for the threads.
"""

from __future__ import annotations

import functools
import os
import traceback
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

from farrier_runtime import imports
from farrier_runtime.claims import Slot, Slots, never_free
from farrier_runtime.errors import ArgumentError, DeviceError


@functools.cache
def iree() -> ModuleType:
    """Import IREE's runtime, at the first load."""
    imports.module("iree.runtime")
    import iree.runtime

    # It would warn of what forks and daemon threads keep until the process ends.
    iree.runtime._binding.disable_leak_checker()
    return iree.runtime


@functools.cache
def instance() -> Any:
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
        return _driver(driver).query_available_devices(), ""
    except (RuntimeError, ValueError) as error:
        return [], reason(error)


_drivers: dict[str, Any] = {}
_devices: dict[tuple[str, int], OpenDevice] = {}


def _driver(name: str) -> Any:
    """Return a driver, made at its first use; not IREE's cached one, which outlives a fork."""
    driver = _drivers.get(name)
    if driver is None:
        driver = _drivers.setdefault(name, iree()._binding.create_hal_driver(name))
    return driver


def reason(error: Exception) -> str:
    """Return the first line of IREE's error text, without source file, status name and long IR.

    Args:
        error: the error that IREE raised.

    Raises:
        Exception: the error itself, if a signal handler raised it meanwhile.
    """
    if not _is_raised_here(error):
        raise error
    lines = str(error).splitlines() or [type(error).__name__]
    text = lines[0].split("; ", 1)[-1].split("; while ", 1)[0].rstrip("; ")
    return text if len(text) <= 300 else f"{text[:150]} ... {text[-150:]}"


def _is_raised_here(error: Exception) -> bool:
    """Return whether IREE or this package raised an error, rather than a signal handler."""
    names = [
        frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    return not names or names[-1].partition(".")[0] in ("farrier_runtime", "iree")


class Workers:
    """The pool of worker threads of `local-task`; IREE makes one per process, at its first use."""

    # Under the key None, once it is decided; the child of a fork keeps it.
    _size: ClassVar[dict[None, int | None]] = {}

    @classmethod
    def decide(cls, size: int | None) -> None:
        """Decide on the size, once.

        Args:
            size: how many threads, or None for IREE's choice, one per core.

        Raises:
            ArgumentError: the pool already has another size.
        """
        decided = cls._size.setdefault(None, size)
        if size not in (None, decided):
            actual = f"{decided} threads" if decided else "one thread per core"
            raise ArgumentError(
                f"threads={size} is not possible: an earlier load made this process's only "
                f"pool of workers, with {actual}. Pass threads={size} to the first load, leave "
                f"threads out, or use threads=1, which needs no pool"
            )
        if decided is not None:
            iree().flags.parse_flags(f"--task_topology_group_count={decided}")


@dataclass(frozen=True, eq=False)
class OpenDevice:
    """A device, opened by this process or, in the child of a fork, by its parent.

    Attributes:
        handle: IREE's device.
        name: IREE's driver and the index.
        process: the process that opened it.
        reads: for one thread at a time that copies from it.
    """

    handle: Any
    name: str
    process: int
    reads: Slots[None]

    def begin_read(self) -> Slot[None]:
        """Claim the device for a copy from it by the caller; return it with `end_read`.

        Raises:
            DeviceError: the parent of this fork has opened the device.
        """
        if self.process != os.getpid():
            raise DeviceError(_forked_away(self.name))
        return self.reads.claim(2)

    def end_read(self, slot: Slot[None]) -> None:
        """Return a slot from `begin_read`."""
        self.reads.release(slot)


def _forked_away(name: str) -> str:
    return (
        f"IREE's device {name} was opened before this process was forked, and its driver works "
        "only in the process that opened it. Load and read in the parent, or start this process "
        'with multiprocessing.get_context("spawn")'
    )


@dataclass(frozen=True)
class Place:
    """Where a program runs.

    Attributes:
        driver: `"local-sync"` for the CPU, or the name of another driver.
        index: the index among the driver's devices.
        threads: for the CPU, how many threads a call may use; None for all cores.
    """

    driver: str
    index: int
    threads: int | None = None

    @property
    def has_pool(self) -> bool:
        """Whether a call uses the pool of workers."""
        return self.driver == "local-sync" and (self.threads or _usable_cores()) > 1

    @property
    def contexts(self) -> int:
        """How many calls of a program are worth running at once."""
        return 1 if self.has_pool or self.driver != "local-sync" else _usable_cores()

    def open(self) -> OpenDevice:
        """Return the device, opened at its first use.

        Raises:
            ArgumentError: the process's worker pool has another size.
            DeviceError: the driver cannot open the device.
        """
        if self.has_pool:
            Workers.decide(self.threads)
        driver = "local-task" if self.has_pool else self.driver
        opened = _devices.get((driver, self.index))
        return opened or _devices.setdefault((driver, self.index), _opened(driver, self.index))


def _usable_cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _opened(driver: str, index: int) -> OpenDevice:
    name = f"{driver}:{index}"
    if name.split(":")[0] in _drivers_of_parent:
        raise DeviceError(_forked_away(name))
    try:
        created = _driver(driver)
        handle = created.create_device(created.query_available_devices()[index])
    except (RuntimeError, ValueError) as error:
        text = f"IREE's driver {driver} cannot open device {index}: {reason(error)}"
        raise DeviceError(text) from None
    return OpenDevice(handle, name, os.getpid(), Slots(1, awaited=True))


# ------------------------------------------------------------------ forks

_drivers_of_parent: set[str] = set()  # those of GPUs, which do not work in this fork


def _forked() -> None:
    never_free((*_drivers.values(), *_devices.values()))
    _drivers_of_parent.update(name for name in _drivers if not name.startswith("local-"))
    _drivers.clear()
    _devices.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
