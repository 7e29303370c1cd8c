"""Lookup of a Module's parameters, and their replacement with a mapping of values."""

from __future__ import annotations

import difflib
import functools
import hashlib
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from farrier.modules.containers import Path, Place, attributes, replaced, unnamed
from farrier.modules.parameter import (
    HiddenParameter,
    OptionalParameter,
    fitting,
    identity,
    is_unset,
)
from farrier.ops.arguments import whole_number
from farrier.tensor import Tensor
from farrier_compiler.graph import Array, Value
from farrier_runtime.errors import ArgumentError, DtypeError, FarrierError, ShapeError

# Error messages list no more than this many names.
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a parameter is stored: its place, its module and the path from there."""

    place: Place
    module: Any
    path: Path
    tensor: Tensor

    @property
    def name(self) -> str:
        """The parameter's full name."""
        return self.place.name

    @property
    def optional(self) -> bool:
        """Whether the parameter is unset, and may stay so."""
        return isinstance(self.tensor, OptionalParameter)

    @property
    def hidden(self) -> bool:
        """Whether the parameter is listed only once it is set."""
        return isinstance(self.tensor, HiddenParameter)

    def get(self) -> Any:
        """Return the slot's present content."""
        first, *rest = self.path
        return functools.reduce(operator.getitem, rest, attributes(self.module)[first])

    def set(self, tensor: Tensor) -> None:
        """Replace the tensor in this slot."""
        first, *rest = self.path
        value = replaced(attributes(self.module)[first], rest, tensor)
        if first in vars(self.module):
            vars(self.module)[first] = value
        else:
            object.__setattr__(self.module, first, value)


def check(
    owner: str, slots: Iterable[Slot], modules: Mapping[str, Any], module_class: type
) -> list[Slot]:
    """Return the slots of a module's parameters, each of which has a name of its own.

    Args:
        owner: the module's name in messages.
        slots: the slots.
        modules: the module and those below it, by name.
        module_class: `Module`.

    Raises:
        ArgumentError: two parameters share a name, or no name reaches one.
    """
    checked = list(slots)
    by_name: dict[str, Slot] = {}
    for slot in checked:
        other = by_name.setdefault(slot.name, slot)
        if identity(other.tensor) is not identity(slot.tensor):
            raise ArgumentError(
                f"Two parameters of {owner} have the name '{slot.name}': {other.place.text} and "
                f"{slot.place.text}. Rename a key or an attribute on the way to one of them."
            )
    _check_reached(owner, checked, modules, module_class)
    return checked


def _check_reached(
    owner: str, slots: list[Slot], modules: Mapping[str, Any], module_class: type
) -> None:
    lost = unnamed(modules, [slot.tensor for slot in slots], module_class)
    texts = [text for text, tensor in lost if not isinstance(tensor, OptionalParameter)]
    if texts:
        raise ArgumentError(
            f"No name reaches these tensors of {owner}, so they can be neither saved nor "
            f"loaded: {_listed(texts)}. Names lead through the attributes of Modules, not of their "
            "classes, and through lists, tuples, deques and dicts whose keys are strings or "
            "integers: hold them there, or derive the class of the object that holds them from "
            "fr.Module."
        )


def tied(slots: Iterable[Slot]) -> list[list[Slot]]:
    """Return slots in groups that hold the same parameter."""
    groups: dict[int, list[Slot]] = {}
    for slot in slots:
        groups.setdefault(id(identity(slot.tensor)), []).append(slot)
    return list(groups.values())


def tie_again(before: Iterable[Slot], after: Iterable[Slot]) -> None:
    """Make slots that shared a parameter share it again, after some of them were set."""
    now = {slot.name: slot for slot in after}
    for group in tied(before):
        slots = [now[slot.name] for slot in group[len(group) == 1 :] if slot.name in now]
        old = identity(group[0].tensor)
        changed = [slot.tensor for slot in slots if identity(slot.tensor) is not old]
        assign([(slot, shared(slot, tensor)) for tensor in changed[:1] for slot in slots])


def shared(slot: Slot, tensor: Tensor) -> Tensor:
    """Return the tensor that a slot holds when it shares another's."""
    if identity(slot.tensor) is identity(tensor):
        return slot.tensor
    return fitting(slot.name, slot.tensor, tensor)


def assign(pairs: Sequence[tuple[Slot, Tensor]]) -> None:
    """Set all slots or, if one cannot be set, none."""
    try:
        for slot, tensor in pairs:
            slot.set(tensor)
    except BaseException:
        for slot, _ in pairs:
            if slot.get() is not slot.tensor:
                slot.set(slot.tensor)
        raise


def derived_seed(seed: int, name: str) -> int:
    """Return the seed of a child, or of a parameter, from the seed above it and its name.

    Raises:
        ArgumentError: the seed is not an integer.
    """
    whole = whole_number("reset_parameters's seed", seed)
    return int.from_bytes(hashlib.sha256(f"{whole}/{name}".encode()).digest()[:8], "little")


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
    groups = tied(slots)
    named = {slot.name: slot for group in groups for slot in group}
    lacking = [group for group in groups if not any(slot.name in given for slot in group)]
    missing = [slot.name for group in lacking for slot in group if not slot.optional]
    others = [str(name) for name in given if name not in named]
    unknown = [name for name in others if not _is_counter(name)]
    if strict and (missing or unknown):
        raise ArgumentError(_mismatch(owner, missing, unknown))
    tensors = _fitting([named[name] for name in given if name in named], given)
    assign(list(_assignments(owner, groups, tensors)))
    return set(missing), set(unknown)


def _assignments(
    owner: str, groups: list[list[Slot]], tensors: Mapping[str, Tensor]
) -> Iterator[tuple[Slot, Tensor]]:
    """Yield the slots to set and their tensors: one for all names of a parameter."""
    used: set[int] = set()
    for group in groups:
        given = [(slot.name, tensors[slot.name]) for slot in group if slot.name in tensors]
        _check_equal(owner, given)
        for _, tensor in given[:1]:
            if id(identity(tensor)) in used:  # else one tensor for two parameters would tie them
                tensor = _handle(tensor)
            used.add(id(identity(tensor)))
            yield from ((slot, shared(slot, tensor)) for slot in group)


def _handle(tensor: Tensor) -> Tensor:
    """Return another tensor of the same elements, whose memory is shared."""
    value = tensor.value
    return Tensor.of(Value(value.type, None, tensor.numpy(), value.name, value.location))


def _check_equal(owner: str, given: list[tuple[str, Tensor]]) -> None:
    for name, tensor in given[1:]:
        first, other = given[0]
        if not _is_equal(other, tensor):
            raise ArgumentError(
                f"{first} and {name} are names of one parameter of {owner}, but the values given "
                "for them differ. Give one of them, or first assign a separate tensor to one of "
                "the two attributes."
            )


def _is_equal(tensor: Tensor, other: Tensor) -> bool:
    if tensor.value is other.value:
        return True
    if is_unset(tensor) or is_unset(other):
        return False
    arrays = [np.ascontiguousarray(each.numpy()) for each in (tensor, other)]
    first, second = (array.reshape(-1).view(np.uint8) for array in arrays)  # NaN equals NaN
    return tensor.shape == other.shape and np.array_equal(first, second)


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


def _fitting(slots: list[Slot], given: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the new tensors by name, or raise one error for all that do not fit."""
    tensors: dict[str, Tensor] = {}
    errors: list[FarrierError] = []
    for slot in slots:
        try:
            tensors[slot.name] = fitting(slot.name, slot.tensor, given[slot.name])
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
