"""Load and run the vmfb files that Farrier compiles: `load("net.vmfb")(array)`.

Importing this imports no compiler, and IREE's runtime only at the first load.
"""

from farrier_runtime import dtypes, errors
from farrier_runtime.device import available_devices, device
from farrier_runtime.executable import Executable, load
from farrier_runtime.version import __version__

__all__ = [
    "Executable",
    "__version__",
    "available_devices",
    "device",
    "dtypes",
    "errors",
    "load",
]
