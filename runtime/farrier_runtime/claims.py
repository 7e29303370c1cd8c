"""Slots that one call at a time may claim, and that no interrupted call keeps.

Python may run a signal handler between any two bytecodes, so an exception from one can keep every
`finally` and `with` from giving something back. A claim therefore names the frame of its call, in
the same step that makes it, and is void once that frame has ended.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import queue
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from types import FrameType
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")

# How long a waiting call pauses, in seconds, before it looks for claims of interrupted calls.
_PATIENCE = 0.05


class Living(Generic[T]):
    """Objects, as long as something else refers to them.

    Unlike a WeakSet, it runs no code when one dies: an exception from a signal handler would be
    lost there.
    """

    def __init__(self) -> None:
        """Start with no objects."""
        self._references: dict[weakref.ref[T], None] = {}

    def add(self, value: T) -> None:
        """Add an object.

        Args:
            value: the object, which must allow weak references.
        """
        for reference in [*self._references]:
            if reference() is None:
                self._references.pop(reference, None)
        self._references[weakref.ref(value)] = None

    def all(self) -> list[T]:
        """Return the objects that are alive."""
        values = [reference() for reference in [*self._references]]
        return [value for value in values if value is not None]


class Slot(Generic[T]):
    """What one call at a time may use.

    Attributes:
        content: whatever the calls that claim the slot keep there; unset at first.
        claim: the claim of the call that has it, under None; `setdefault` tests and sets it.
    """

    __slots__ = ("claim", "content")
    content: T

    def __init__(self) -> None:
        """Make an empty slot."""
        self.claim: dict[None, _Claim] = {}


class Slots(Generic[T]):
    """A fixed number of slots; a call claims one, and releases it in a `finally`.

    When the process ends, Python ends daemon threads wherever they next touch a Python object,
    which aborts the process if that is inside native code. So it waits for those that have an
    awaited slot, and those that want one then sleep.

    Example:
        >>> slots: Slots[list[int]] = Slots(1)
        >>> slot = slots.claim()
        >>> slots.release(slot)
    """

    def __init__(self, count: int, awaited: bool = False) -> None:
        """Make empty slots.

        Args:
            count: how many calls may have one at the same time.
            awaited: whether the process ends only after the calls that have one.
        """
        self._count = count
        self._awaited = awaited
        self._renew()
        _every.add(self)

    def _renew(self) -> None:
        self._slots = [Slot[T]() for _ in range(self._count)]
        self._waiting: dict[FrameType, None] = {}
        self._released: queue.SimpleQueue[None] = queue.SimpleQueue()

    def abandon(self) -> None:
        """Forget slots and claims, for the child of a fork: it has none of those calls."""
        never_free(self._slots)
        self._renew()

    def claim(self, depth: int = 1) -> Slot[T]:
        """Claim a slot, or wait for one.

        A call that interrupts another one of its thread, as from a signal handler, never waits for
        it, but gets a slot of its own.

        Args:
            depth: whose claim it is: 1 for the caller, 2 for its caller, and so on.
        """
        claim: _Claim = (sys._getframe(depth),)  # pyright: ignore[reportPrivateUsage]
        for slot in self._slots:
            if slot.claim.setdefault(None, claim) is claim:
                break
        else:
            slot = self._wait(claim)
        if _process_ends and self._awaited and threading.current_thread().daemon:
            self.release(slot)
            threading.Event().wait()
        return slot

    def release(self, slot: Slot[T]) -> None:
        """Give back a slot.

        Args:
            slot: from `claim`.
        """
        slot.claim.clear()
        if self._waiting and self._released.qsize() < len(self._waiting):
            self._released.put(None)

    def are_awaited(self) -> bool:
        """Return whether the process has to wait for a call."""
        return self._awaited and self.are_claimed()

    def are_claimed(self) -> bool:
        """Return whether a call has a slot."""
        return any(not _has_ended(holder) for _, holder in self._holders())

    def _wait(self, claim: _Claim) -> Slot[T]:
        (caller,) = claim
        self._waiting[caller] = None
        try:
            while True:
                self._replace_lost()
                for slot in self._slots:
                    if slot.claim.setdefault(None, claim) is claim:
                        return slot
                if self._is_inside(caller):
                    return Slot()
                with contextlib.suppress(queue.Empty):
                    self._released.get(timeout=_PATIENCE)
        finally:
            self._waiting.pop(caller, None)

    def _holders(self) -> list[tuple[Slot[T], FrameType]]:
        return [(slot, frame) for slot in self._slots for (frame,) in [*slot.claim.values()]]

    def _replace_lost(self) -> None:
        """Replace the slots of calls that have ended without releasing them.

        Their claims stay: so if two threads do this at once, neither takes away the other's claim.
        """
        for slot, holder in self._holders():
            if _has_ended(holder):
                with contextlib.suppress(ValueError):  # another thread has replaced it
                    self._slots[self._slots.index(slot)] = Slot()
        for caller in [*self._waiting]:
            if _has_ended(caller):
                self._waiting.pop(caller, None)

    def _is_inside(self, caller: FrameType) -> bool:
        """Return whether a call has a slot that waits for this one to return."""
        holders = {holder for _, holder in self._holders()}
        return any(frame in holders for frame in _stack(caller))


_Claim: TypeAlias = tuple[FrameType]

_every: Living[Slots[Any]] = Living()
_process_ends = False


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame:
        yield frame
        frame = frame.f_back


def _has_ended(frame: FrameType) -> bool:
    try:
        frame.clear()
    except RuntimeError:  # it is executing
        return False
    return True


def end() -> None:
    """Wait for calls of daemon threads that have an awaited slot, when the process ends."""
    global _process_ends
    _process_ends = True
    while any(slots.are_awaited() for slots in _every.all()):
        time.sleep(0.001)


def never_free(value: object) -> None:
    """Keep an object for ever, even when the process ends.

    Args:
        value: the object.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


def _forked() -> None:
    for slots in _every.all():
        slots.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
atexit.register(end)
