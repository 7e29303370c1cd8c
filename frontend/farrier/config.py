"""Settings of eager evaluation, and nvtripy's settings for compatibility.

The latter have no effect: operands are always checked, because that infers the shapes; errors
always show all details; and compiled programs are cached in the folder that the environment
variable FARRIER_CACHE names.
"""

from __future__ import annotations

from typing import Literal

eager: Literal["reference", "compiled"] = "reference"
"""How a tensor is evaluated when its elements are needed: "reference" runs each op with numpy;
"compiled" has IREE compile all pending ops for the CPU, once for all that differ in numbers only.

Compiling takes a fraction of a second, so it pays for large computations and for those evaluated
again and again. Programs that IREE cannot compile, such as those with 4-bit inputs or outputs,
are left to the reference.
"""

enable_input_validation: bool = True
"""Whether operands are checked; they always are."""

timing_cache_file_path: str = ""
"""Where nvtripy caches the timing of kernels; Farrier has no such cache."""

extra_error_information: list[str] = ["all"]
"""What errors show besides their first line; Farrier's always show everything."""
