"""The rows of every family, in one list."""

from __future__ import annotations

import importlib
import os
import pkgutil

from support.records import Record

# The op whose rows alone are tested, for `make test-op`.
OP = os.environ.get("FARRIER_TEST_OP", "")

ROWS: list[Record] = [
    row
    for module in pkgutil.iter_modules(__path__)
    for row in importlib.import_module(f"{__name__}.{module.name}").ROWS
    if OP in ("", row.name, row.name.partition("/")[0])
]
if not ROWS:
    raise LookupError(f"No row in tests/support/rows is named {OP!r}.")
