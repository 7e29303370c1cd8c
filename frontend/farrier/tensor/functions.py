"""The functions that methods and operators of tensors call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

functions: dict[str, Callable[..., Any]] = {}
"""The package's public functions, which it hands down when all of them are defined."""
