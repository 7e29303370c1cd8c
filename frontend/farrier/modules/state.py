"""Lookup of a Module's parameters, and their replacement with a mapping of values."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from farrier.modules.parameter import HiddenParameter, OptionalParameter, fitting, is_unset
from farrier.tensor import Tensor
from farrier_compiler.graph import Array
from farrier_runtime.errors import ArgumentError, DtypeError, FarrierError, ShapeError

Path = tuple[str | int, ...]

# Error messages list no more than this many names.
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a parameter is stored: its full name, its module's attributes and the path in them."""

    name: str
    attributes: dict[str, Any]
    path: Path
    tensor: Tensor

    @property
    def optional(self) -> bool:
        """Whether the parameter is unset, and may stay so."""
        return isinstance(self.tensor, OptionalParameter)

    @property
    def hidden(self) -> bool:
        """Whether the parameter is listed only once it is set."""
        return isinstance(self.tensor, HiddenParameter)

    def set(self, tensor: Tensor) -> None:
        """Replace the tensor in this slot."""
        first, *rest = self.path
        assert isinstance(first, str)
        self.attributes[first] = _replaced(self.attributes[first], rest, tensor)


def _replaced(container: Any, path: Sequence[str | int], tensor: Tensor) -> Any:
    """Return a container with the tensor at a path in it replaced."""
    if not path:
        return tensor
    first, *rest = path
    item = _replaced(container[first], rest, tensor)
    if not isinstance(container, tuple):
        container[first] = item
        return container
    old, index = cast("tuple[Any, ...]", container), int(first)
    items = (*old[:index], item, *old[index + 1 :])
    cls: Any = type(old)
    return cls(*items) if hasattr(cls, "_fields") else items  # a named tuple takes its items


def find(
    members: Mapping[str, Any], classes: type | tuple[type, ...]
) -> Iterator[tuple[Path, Any]]:
    """Yield the instances of classes in attributes, and in lists, tuples and dicts there."""
    for name, value in members.items():
        yield from _inside((name,), value, classes)


def _inside(path: Path, value: Any, classes: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, classes):
        yield path, value
    elif isinstance(value, dict):
        for key, item in cast("dict[Any, Any]", value).items():
            if isinstance(key, str):
                yield from _inside((*path, key), item, classes)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _inside((*path, index), item, classes)


def dotted(path: Path) -> str:
    """Return a path as `state_dict` writes it: `blocks.0.weight`."""
    return ".".join(map(str, path))


def derived_seed(seed: int, name: str) -> int:
    """Return the seed of a child, or of a parameter, from the seed above it and its name."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "little")


def load(
    owner: str, slots: Iterable[Slot], given: Mapping[str, Any], strict: bool
) -> tuple[set[str], set[str]]:
    """Replace the parameters of a module with given values; on an error, none is replaced.

    Args:
        owner: the module's name in messages.
        slots: the module's parameters.
        given: names and values.
        strict: whether the names must be the same.

    Returns:
        The names that are missing, and those that are unknown.
    """
    if not isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentError(
            f"Parameters are loaded from a mapping of names to values, not {type(given).__name__}."
        )
    named = {slot.name: slot for slot in slots}
    matching = [name for name in given if name in named]
    missing = [name for name, slot in named.items() if name not in given and not slot.optional]
    others = [str(name) for name in given if name not in named]
    unknown = [name for name in others if not _is_counter(name)]
    if strict and (missing or unknown):
        raise ArgumentError(_mismatch(owner, missing, unknown))
    tensors = _fitting([named[name] for name in matching], given)
    for name, tensor in zip(matching, tensors, strict=True):
        named[name].set(tensor)
    return set(missing), set(unknown)


def _is_counter(name: str) -> bool:
    """Return whether a name is torch's count of training batches, which inference never reads."""
    return name.rpartition(".")[2] == "num_batches_tracked"


def _mismatch(owner: str, missing: list[str], unknown: list[str]) -> str:
    lines = [f"The names do not fit the parameters of {owner}."]
    if missing:
        lines.append(f"Missing: {_listed(missing)}.")
    if unknown:
        lines.append(f"Unknown: {_listed([_with_guess(name, missing) for name in unknown])}.")
    lines.append("With strict=False, the names that fit are loaded.")
    return "\n".join(lines)


def _with_guess(name: str, missing: list[str]) -> str:
    near = difflib.get_close_matches(name, missing, 1)
    return f"{name} (did you mean {near[0]}?)" if near else name


def _listed(names: list[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _fitting(slots: list[Slot], given: Mapping[str, Any]) -> list[Tensor]:
    """Return the new tensors, or raise one error for all that do not fit."""
    tensors: list[Tensor] = []
    errors: list[FarrierError] = []
    for slot in slots:
        try:
            tensors.append(fitting(slot.name, slot.tensor, given[slot.name]))
        except (ArgumentError, DtypeError, ShapeError) as error:
            errors.append(error)
    if errors:
        more = len(errors) - _LISTED
        lines = [str(error) for error in errors[:_LISTED]]
        raise type(errors[0])("\n".join([*lines, *([f"And {more} more."] if more > 0 else [])]))
    return tensors


def arrays(slots: Iterable[Slot]) -> dict[str, Array]:
    """Return the values of parameters.

    Raises:
        ArgumentError: some are unset.
    """
    required = [slot for slot in slots if not slot.optional]
    unset = [slot.name for slot in required if is_unset(slot.tensor)]
    if unset:
        raise ArgumentError(
            f"These parameters are not set: {_listed(unset)}. Set them (load_state_dict, "
            "load_weights or reset_parameters) before they are saved."
        )
    return {slot.name: slot.tensor.numpy() for slot in required}
