"""Lookup of nested call arguments by flattened input name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from farrier.input_info import DimensionInputInfo, InputInfo
from farrier_runtime.errors import InputError
from farrier_runtime.wording import shown


def matching(nest: Any, argument: Any, path: str) -> Iterator[Any]:
    """Yield the parts of an argument at the positions of a nest's InputInfos."""
    if isinstance(nest, list | tuple):
        items = cast("Sequence[Any]", nest)
        if not isinstance(argument, list | tuple) or len(cast("Any", argument)) != len(items):
            raise InputError(f"Input '{path}' needs {len(items)} items, but got {shown(argument)}.")
        for index, (inner, part) in enumerate(zip(items, cast("Any", argument), strict=True)):
            yield from matching(inner, part, f"{path}[{index}]")
    elif isinstance(nest, dict):
        for key, inner in cast("dict[Any, Any]", nest).items():
            if not isinstance(argument, Mapping) or key not in argument:
                raise InputError(
                    f"Input '{path}' needs the key {key!r}, but got {shown(argument)}."
                )
            yield from matching(inner, argument[key], f"{path}.{key}")
    elif isinstance(nest, InputInfo | DimensionInputInfo):
        yield argument


def root(name: str) -> str:
    """Return the parameter that contains an input: `options` for `options.shift[0]`."""
    return re.split(r"[.\[]", name, maxsplit=1)[0]


def are_nested(names: Sequence[str], arguments: Mapping[str, Any]) -> bool:
    """Return whether all parameters that contain these inputs got containers."""
    marks = {root(name): name[len(root(name))] for name in names}
    containers: dict[str, Any] = {".": Mapping, "[": (list, tuple)}
    return all(isinstance(arguments[name], containers[mark]) for name, mark in marks.items())


def named(name: str, arguments: Mapping[str, Any]) -> Any:
    """Return the part of the arguments with the name of an input.

    Raises:
        InputError: there is no such part.
    """
    parts = list(_parts_at(name[len(root(name)) :], arguments[root(name)]))
    if not parts:
        raise InputError(f"Input '{name}' is missing in {arguments[root(name)]!r:.60}.")
    return parts[0]


def _parts_at(path: str, argument: Any) -> Iterator[Any]:
    """Yield the parts at a path; several may match, as keys may contain dots and brackets."""
    if not path:
        yield argument
    elif isinstance(argument, Mapping | list | tuple):
        for step, part in _steps(argument):
            if path.startswith(step) and path[len(step) : len(step) + 1] in ("", ".", "["):
                yield from _parts_at(path[len(step) :], part)


def _steps(container: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(container, Mapping):
        items = cast("Mapping[Any, Any]", container).items()
        return ((f".{key}", part) for key, part in items)
    return ((f"[{index}]", part) for index, part in enumerate(container))
