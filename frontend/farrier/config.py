"""Settings that programs written for nvtripy make; Farrier keeps them and does without.

Operands are always checked (that is how shapes are found), errors always say all there is to
say, and compiled programs are cached in the folder that the variable FARRIER_CACHE names.
"""

from __future__ import annotations

from collections.abc import Sequence

enable_input_validation: bool = True
"""Whether operands are checked; they are in any case."""

timing_cache_file_path: str = ""
"""Where nvtripy keeps the timing of kernels; Farrier has none."""

extra_error_information: Sequence[str] = ("all",)
"""What errors show besides their first line; Farrier shows all of it in any case."""
