"""What a mistyped keyword argument may have been meant as: Python says so from 3.13 on."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def hinting(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return a function whose error for an unknown keyword argument names the nearest known one."""

    @functools.wraps(function)
    def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            add_hint(error, function, kwargs)
            raise

    return call


def add_hint(error: TypeError, function: Callable[..., object], given: Iterable[str]) -> None:
    """Add to an error what a keyword argument that a function lacks is near to."""
    text = str(error)
    if "unexpected keyword argument" not in text or "Did you mean" in text:
        return
    known = inspect.signature(function).parameters
    for name in given:
        near = get_close_matches(name, known, 1)
        if name not in known and near and text.endswith(f"'{name}'"):
            error.args = (f"{text}. Did you mean: '{near[0]}'?",)


def hint_everywhere(names: dict[str, Any]) -> None:
    """Let the public functions that record ops, and the methods of tensors, give hints."""
    for name, found in list(names.items()):
        if inspect.isfunction(found) and found.__module__.startswith("farrier.ops."):
            names[name] = function = hinting(found)
            function.__module__ = names["__name__"]  # where pickle finds it
    owners: tuple[type, ...] = names["Tensor"].__mro__[:2]
    for owner in owners:
        for name, found in list(vars(owner).items()):
            if inspect.isfunction(found) and not name.startswith("_"):
                setattr(owner, name, hinting(found))
