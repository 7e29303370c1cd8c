"""The rows of every family, in one list."""

from __future__ import annotations

import importlib
import pkgutil

from support.records import Record

ROWS: list[Record] = [
    row
    for module in pkgutil.iter_modules(__path__)
    for row in importlib.import_module(f"{__name__}.{module.name}").ROWS
]
