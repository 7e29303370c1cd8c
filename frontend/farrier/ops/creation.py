"""Tensors made from nothing: constants, ranges."""

from __future__ import annotations

__all__: list[str] = []
