"""Streams, which order the calls of executables."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, TypeVar

from farrier_compiler.diagnostics import explain
from farrier_runtime.claims import Slots
from farrier_runtime.devices import device, device as runtime_device
from farrier_runtime.errors import ArgumentError

T = TypeVar("T")

_pointers = itertools.count(1)


class Stream:
    """An ordered queue of calls: executables that share a stream never run at once.

    A call returns when its results are computed, so there is nothing left to wait for.

    Example:
        >>> x = fr.InputInfo((2,), fr.float32)
        >>> double = fr.compile(lambda x: x * 2, args=[x], target="cpu")
        >>> double.stream = fr.Stream()
        >>> double(fr.ones((2,))).tolist()
        [2.0, 2.0]
        >>> double.stream.synchronize()
    """

    def __init__(self) -> None:
        self._pointer = next(_pointers)
        self._turns: Slots[None] = Slots(1)

    @property
    def ptr(self) -> int:
        """A number that differs from that of every other stream."""
        return self._pointer

    def synchronize(self) -> None:
        """Wait until every call on the stream is done."""
        self.run(lambda: None)

    def run(self, call: Callable[[], T]) -> T:
        """Return the result of a call that waits for those before it."""
        turn = self._turns.claim()
        try:
            return call()
        finally:
            self._turns.release(turn)

    def __reduce__(self) -> Any:
        return (default_stream if self is _default else Stream), ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and self.ptr == other.ptr

    def __hash__(self) -> int:
        return hash(self.ptr)

    def __repr__(self) -> str:
        return f"Stream({self.ptr})"


_default = Stream()


def default_stream(device: device | None = None) -> Stream:
    """Return the stream that executables use unless they are given another one.

    Args:
        device: the device of its calls, or None for any; all devices share one stream.

    Returns:
        The same stream at every call.

    Raises:
        ArgumentError: the index of the device is not 0.

    Example:
        >>> fr.default_stream() == fr.default_stream()
        True
    """
    if device is not None and runtime_device(device).index:
        problem = f"The default stream is that of device 0, but got {device}. Use fr.Stream()."
        raise explain(ArgumentError(problem))
    return _default
