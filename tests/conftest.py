"""Settings of every test."""

from __future__ import annotations

import os

# Before farrier is imported: no test may get what an earlier run compiled.
os.environ["FARRIER_CACHE"] = "0"
