"""Text of op attributes."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Mapping
from typing import Any

from farrier_compiler.graph.node import Op
from farrier_compiler.sizes import SymbolicSize
from farrier_runtime.dtypes import dtype


def attributes_text(op: Op) -> str:
    """Return the attributes that differ from their defaults: `stride = (2, 2), groups = 4`."""
    values = {field.name: getattr(op, field.name) for field in fields(type(op))}
    return ", ".join(
        f"{field.name} = {_attribute_text(values[field.name])}"
        for field in fields(type(op))
        if not _is_default(type(op), field, values)
    )


def _is_default(op: type[Op], field: dataclasses.Field[Any], values: Mapping[str, Any]) -> bool:
    """Return whether a field has its default value (some defaults are computed)."""
    if field.default is dataclasses.MISSING:
        return False
    others = {name: value for name, value in values.items() if name != field.name}
    default = getattr(op(**others), field.name)
    return _attribute_text(default) == _attribute_text(values[field.name])


def fields(op: type[Op]) -> tuple[dataclasses.Field[Any], ...]:
    """Return the fields of an op, which are its attributes in order."""
    return dataclasses.fields(typing.cast(Any, op))


def _attribute_text(value: Any) -> str:
    match value:
        case None | True | False:
            return str(value).lower()
        case dtype():
            return value.short
        case int() | SymbolicSize():
            return str(value)
        case float():
            return float.__repr__(value)
        case str():
            return json.dumps(value)
        case tuple():
            parts = [_attribute_text(part) for part in typing.cast(tuple[Any, ...], value)]
            return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
        case _:
            raise TypeError(f"an attribute cannot hold a {type(value).__name__}: {value!r}")
