"""Calibration batches as calls of a Module."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from farrier.modules.module import Module
from farrier.tensor import Tensor
from farrier_compiler.diagnostics import explain
from farrier_runtime.errors import ArgumentError
from farrier_runtime.wording import signature_text

Call = tuple[tuple[Any, ...], dict[str, Any]]

_FORMS = (
    "A batch is a tensor or an array, a tuple of positional arguments, or a dict of keyword "
    "arguments"
)


def calls(module: Module, batches: Any) -> Iterator[Call]:
    """Yield the positional and the keyword arguments of each batch.

    Raises:
        ArgumentError: the batches are not iterable, there are none, or one does not fit.
    """
    count = 0
    for batch in _iterable(batches):
        arguments, keywords = _arguments(batch, count)
        _check(module, arguments, keywords, count)
        yield arguments, keywords
        count += 1
    if count == 0:
        problem = "quantize_module got no calibration batches: the iterable is empty."
        raise explain(ArgumentError(problem))


def _iterable(batches: Any) -> Iterable[Any]:
    if _is_single(batches) or not hasattr(batches, "__iter__"):
        raise explain(
            ArgumentError(
                "quantize_module takes calibration_batches as an iterable of batches, such as a "
                f"list of tensors, not {_described(batches)}. {_FORMS}."
            )
        )
    return batches


def _is_single(batches: Any) -> bool:
    """Return whether this is one batch or a text, although Python can iterate over it."""
    return isinstance(batches, str | bytes | Mapping) or _is_array(batches)


def _arguments(batch: Any, index: int) -> Call:
    if isinstance(batch, tuple):
        return tuple(_tensors(part) for part in cast("tuple[Any, ...]", batch)), {}
    if isinstance(batch, Mapping):
        parts = cast("Mapping[str, Any]", batch).items()
        return (), {str(name): _tensors(part) for name, part in parts}
    if _is_array(batch):
        return (_tensors(batch),), {}
    problem = f"Calibration batch {index} is {_described(batch)}. {_FORMS}."
    raise explain(ArgumentError(problem))


def _is_array(value: Any) -> bool:
    if isinstance(value, Tensor):
        return True
    return hasattr(value, "__array__") or hasattr(value, "__dlpack__")


def _described(value: Any) -> str:
    return f"one {type(value).__name__}" if _is_array(value) else f"a {type(value).__name__}"


def _tensors(argument: Any) -> Any:
    """Return an argument with a tensor in place of each array in it."""
    if isinstance(argument, Tensor):
        return argument
    if isinstance(argument, list | tuple):
        items = [_tensors(item) for item in cast("list[Any]", argument)]
        return items if isinstance(argument, list) else tuple(items)
    if isinstance(argument, dict):
        return {key: _tensors(part) for key, part in cast("dict[Any, Any]", argument).items()}
    return Tensor(argument) if _is_array(argument) else argument


def _check(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], index: int) -> None:
    signature = inspect.signature(module)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise explain(
            ArgumentError(
                f"Calibration batch {index} does not fit {type(module).__name__}"
                f"{signature_text(module)}: {error}. {_FORMS}."
            )
        ) from None
