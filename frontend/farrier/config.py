"""Settings: how tensors are computed, and those that programs written for nvtripy make.

Farrier keeps the latter and does without: operands are always checked (that is how shapes are
found), errors always say all there is to say, and compiled programs are cached in the folder that
the variable FARRIER_CACHE names.
"""

from __future__ import annotations

from typing import Literal

eager: Literal["reference", "compiled"] = "reference"
"""How a tensor is computed when it is looked at: "reference" runs each op with numpy, at once;
"compiled" has IREE compile all pending ops for the CPU, once for all that differ in numbers only.

Compiling takes part of a second, so it pays where the same computation is looked at again and
again, or is large. What IREE cannot compile, such as 4-bit integers that come in or go out, is
left to the reference.
"""

enable_input_validation: bool = True
"""Whether operands are checked; they are in any case."""

timing_cache_file_path: str = ""
"""Where nvtripy keeps the timing of kernels; Farrier has none."""

extra_error_information: list[str] = ["all"]
"""What errors show besides their first line; Farrier shows all of it in any case."""
