"""Devices, by name, on which artifacts run."""

from __future__ import annotations

import functools
import logging
import re
from typing import Any

from farrier_runtime import session
from farrier_runtime.errors import ArgumentError, DeviceError
from farrier_runtime.wording import shown

# The names of IREE's drivers by kind of device.
DRIVERS = {"cpu": "local-sync", "cuda": "cuda", "metal": "metal", "rocm": "hip", "vulkan": "vulkan"}

_logger = logging.getLogger("farrier")


class device:
    """A device of this machine, by kind and index.

    Attributes:
        kind: `"cpu"`, `"cuda"`, `"metal"`, `"rocm"` or `"vulkan"`.
        index: the index among the devices of that kind.
    """

    kind: str
    index: int

    def __init__(self, device: str | device) -> None:
        """Parse a device's name.

        Args:
            device: a kind, and an index after a colon where it is not 0: `"cpu"`, `"cuda:1"`.
                `"gpu"` is `"cuda:0"`, or this machine's default device where it has no CUDA device.

        Raises:
            ArgumentError: there is no such kind of device.

        Example:
            >>> device("cpu")
            device('cpu:0')
        """
        given: Any = device
        text = str(given) if isinstance(given, str | type(self)) else ""
        match = re.fullmatch(r"([a-z]+)(?::([0-9]{1,3}))?", text)
        kind, index = (match[1], int(match[2] or 0)) if match else ("", 0)
        if kind not in {*DRIVERS, "gpu"}:
            raise ArgumentError(
                f"{shown(device)} is not a device. Devices are {', '.join(DRIVERS)} and gpu, with "
                f"an index where there are several: cuda:1"
            )
        if kind == "gpu":
            kind, index = ("cuda", index) if _gpu_is_here() else ("cpu", 0)
        self.kind, self.index = kind, index

    def __str__(self) -> str:
        """The full name, for example `cuda:0`."""
        return f"{self.kind}:{self.index}"

    def __repr__(self) -> str:
        """The call that makes this device."""
        return f"device({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        """Whether both are the same device."""
        return isinstance(other, device) and str(self) == str(other)

    def __hash__(self) -> int:
        """Equal devices have equal hashes."""
        return hash(str(self))


@functools.cache
def _gpu_is_here() -> bool:
    """Return whether there is a CUDA device; warn once if there is none."""
    is_here = count("cuda") > 0
    if not is_here:
        _logger.warning("This machine has no CUDA device: gpu means cpu:0.")
    return is_here


@functools.cache
def count(kind: str) -> int:
    """Return the number of this machine's devices of a kind; 0 where there is no driver for it.

    Args:
        kind: a key of `DRIVERS`, or another kind, which this version does not know.
    """
    if kind not in DRIVERS:
        return 0
    return 1 if kind == "cpu" else len(session.query(DRIVERS[kind])[0])


def available_devices() -> list[device]:
    """List the devices that this machine has, the CPU first.

    Returns:
        The devices; looking for them loads the drivers that are installed.

    Example:
        >>> device("cpu") in available_devices()
        True
    """
    return [device(f"{kind}:{index}") for kind in DRIVERS for index in range(count(kind))]


def why_absent(kind: str) -> str:
    """Return a clause that says why a kind of device is absent, and which devices there are.

    Args:
        kind: a key of `DRIVERS`, or another kind.
    """
    if kind not in DRIVERS:
        return f"this version of Farrier knows no {kind!r} devices"
    reason = session.query(DRIVERS[kind])[1]
    because = f" (IREE: {reason})" if reason else ""
    names = ", ".join(map(str, available_devices()))
    return f"this machine has no {kind} device{because}. It has {names}"


def check_available(wanted: device) -> None:
    """Refuse a device that this machine does not have.

    Args:
        wanted: the device.

    Raises:
        DeviceError: it does not exist; the text lists the devices.
    """
    present = count(wanted.kind)
    if not present:
        raise DeviceError(why_absent(wanted.kind))
    if wanted.index >= present:
        names = ", ".join(map(str, available_devices()))
        raise DeviceError(f"{wanted} is not on this machine. It has {names}")
