"""Reshaping, reordering and joining."""

from __future__ import annotations

__all__: list[str] = []
