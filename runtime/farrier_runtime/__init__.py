"""Load and run the vmfb files that Farrier compiles: `load("net.vmfb")(array)`.

This package never imports the compiler, and imports IREE's runtime only at the first load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farrier_runtime import dtypes, errors, imports
from farrier_runtime.version import __version__

if TYPE_CHECKING:
    from farrier_runtime.devices import available_devices, device
    from farrier_runtime.executable import Executable, load

__all__ = [
    "Executable",
    "__version__",
    "available_devices",
    "device",
    "dtypes",
    "errors",
    "load",
]

_FILES = {
    "Executable": "executable",
    "available_devices": "devices",
    "device": "devices",
    "load": "executable",
}


def __getattr__(name: str) -> Any:
    """Import lazily what loads and runs artifacts: the compiler process does not need it."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(imports.module(f"{__name__}.{_FILES[name]}"), name)
    globals()[name] = value
    return value
