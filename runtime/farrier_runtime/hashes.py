"""Hashes of weights, by which a manifest knows its own."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from farrier_runtime.dtypes import Array


def hashes(arrays: Mapping[str, Array]) -> dict[str, str]:
    """Return the sha256 of each array's elements in row-major order, computed on all cores.

    Args:
        arrays: arrays by name; the order of their bytes is that of this machine.

    Example:
        >>> hashes({"bias": np.zeros(2, np.int8)})["bias"][:16]
        '96a296d224f285c6'
    """
    names, digests = deque(arrays), dict[str, str]()
    helpers = [
        threading.Thread(target=_help, args=(names, arrays, digests))
        for _ in range(min(len(arrays), os.cpu_count() or 1) - 1)
    ]
    with contextlib.suppress(RuntimeError):  # a process that ends starts no threads
        for helper in helpers:
            helper.start()
    try:
        _take(names, arrays, digests)
        for helper in helpers:
            if helper.ident is not None:
                helper.join()
    finally:
        names.clear()
    return {name: digests.get(name) or _hash(arrays[name]) for name in arrays}


def _help(*work: Any) -> None:
    with contextlib.suppress(Exception):  # the caller hashes that array itself, and raises
        _take(*work)


def _take(names: deque[str], arrays: Mapping[str, Array], digests: dict[str, str]) -> None:
    """Hash arrays until none is left."""
    while names:
        with contextlib.suppress(IndexError):  # another thread has taken the last
            name = names.popleft()
            digests[name] = _hash(arrays[name])


def _hash(array: Array) -> str:
    elements = np.ascontiguousarray(array).reshape(-1)
    return hashlib.sha256(elements.view(np.uint8).data).hexdigest()
