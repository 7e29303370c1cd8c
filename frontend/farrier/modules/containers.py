"""Containers in the attributes of Modules, and the names of the tensors in them."""

from __future__ import annotations

import functools
import itertools
import sys
from collections import ChainMap, UserDict, UserList, deque
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from types import FunctionType, MappingProxyType, MemberDescriptorType, MethodType, SimpleNamespace
from typing import Any, NamedTuple, cast
from weakref import ProxyTypes

import numpy as np

from farrier.modules.parameter import identity
from farrier.tensor import Tensor
from farrier_compiler.diagnostics import explain
from farrier_runtime.errors import ArgumentError
from farrier_runtime.wording import shown

Path = tuple[Any, ...]

# Types whose instances hold no tensors; walks over long lists and dicts skip them early.
_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes, type, FunctionType})

# Further types of a class's own attributes, which hold nothing of its instances.
_INERT = _PLAIN | {property, classmethod, staticmethod, MemberDescriptorType}

# Packages whose objects' attributes are not searched: Python's own, numpy and Farrier.
_CLOSED = sys.stdlib_module_names | {"numpy", "farrier", "farrier_compiler", "farrier_runtime"}
# The exceptions: Python's own classes that hold what users put in.
_OPEN = (ChainMap, SimpleNamespace, UserDict, UserList)


class Place(NamedTuple):
    """Where a Module is, below the one that names are relative to.

    Attributes:
        name: as `state_dict` writes it: `blocks.0`.
        text: as Python does: `blocks[0]`.
    """

    name: str = ""
    text: str = ""

    def part(self, path: Path) -> Place:
        """Return the place that a path leads to from here."""
        name = f"{self.name}.{dotted(path)}" if self.name else dotted(path)
        first, *rest = path
        text = f"{self.text}.{first}" if self.text else str(first)
        return Place(name, text + "".join(f"[{shown(key, 40)}]" for key in rest))


ROOT = Place()


_MOST_LEVELS = 100


def check_depth(name: str, argument: Any) -> None:
    """Refuse an argument or a result that is nested too deeply, or contains itself.

    Raises:
        ArgumentError: naming it.
    """
    pending: list[tuple[Any, int]] = [(argument, 0)]
    while pending:
        value, level = pending.pop()
        if level > _MOST_LEVELS:
            raise explain(
                ArgumentError(
                    f"{name} nests at most {_MOST_LEVELS} lists, tuples and dicts, "
                    f"unlike {shown(argument)}."
                )
            )
        if isinstance(value, dict):
            value = list(cast("dict[Any, Any]", value).values())
        if isinstance(value, list | tuple):
            pending += [(part, level + 1) for part in cast("Sequence[Any]", value)]


def dotted(path: Path) -> str:
    """Return a path as `state_dict` writes it: `blocks.0.weight`."""
    return ".".join(map(_key_name, path))


def _key_name(key: Any) -> str:
    """Return what a key contributes to a name: of an enum's member, its value."""
    return str.__str__(key) if isinstance(key, str) else int.__repr__(int(key))


def attributes(module: object) -> dict[str, Any]:
    """Return an object's attributes, those in `__slots__` included."""
    try:
        own = cast("dict[str, Any]", object.__getattribute__(module, "__dict__"))
    except AttributeError:
        own = {}
    slots = slot_attributes(type(module))
    return own | dict(_values(module, slots)) if slots else own


def _values(module: object, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    for name in names:
        try:
            yield name, object.__getattribute__(module, name)
        except AttributeError:  # not set yet
            continue


@functools.lru_cache(256)
def slot_attributes(cls: type) -> list[str]:
    """Return the names of the attributes that a class keeps in `__slots__`."""
    members = itertools.chain.from_iterable(vars(base).items() for base in cls.__mro__)
    return [name for name, member in members if isinstance(member, MemberDescriptorType)]


def find(members: Mapping[str, Any], classes: tuple[type, ...]) -> Iterator[tuple[Path, Any]]:
    """Yield the instances of classes in attributes, and in named containers there, in order."""
    pending: list[tuple[Path, Any, tuple[int, ...]]] = [
        ((name,), value, ())
        for name, value in reversed(list(members.items()))
        if type(value) not in _PLAIN
    ]
    while pending:
        path, value, above = pending.pop()
        if isinstance(value, classes):
            if type(value) not in ProxyTypes:
                yield path, value
        elif id(value) not in above:  # a list may contain itself
            above = (*above, id(value))
            parts = list(_named_parts(value))
            pending += [((*path, key), part, above) for key, part in reversed(parts)]


def _named_parts(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        items = cast("dict[Any, Any]", value).items()
        return ((k, part) for k, part in items if type(part) not in _PLAIN and is_name(k))
    if isinstance(value, list | tuple | deque):
        items = enumerate(cast("Sequence[Any]", value))
        return ((index, part) for index, part in items if type(part) not in _PLAIN)
    return ()


def is_name(key: object) -> bool:
    """Return whether a key can be a part of a name."""
    return isinstance(key, str | int | np.integer) and not isinstance(key, bool)


def replaced(container: Any, path: Sequence[Any], tensor: Tensor) -> Any:
    """Return a container with the tensor at a path in it replaced."""
    holders = [container]
    for key in path[:-1]:
        holders.append(holders[-1][key])
    item: Any = tensor
    for key in reversed(path):
        item = _with_item(holders.pop(), key, item)
    return item


def _with_item(container: Any, key: Any, item: Any) -> Any:
    if not isinstance(container, tuple):
        container[key] = item
        return container
    old = cast("tuple[Any, ...]", container)
    # Named tuples, for example, are not made from one sequence of items.
    changed = cast("Any", tuple).__new__(type(old), (*old[:key], item, *old[key + 1 :]))
    for name, value in attributes(old).items():
        object.__setattr__(changed, name, value)
    return changed


# ------------------------------------------------------------------ what no name reaches


def unnamed(
    modules: Mapping[str, Any], names: Iterable[Tensor], module_class: type
) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors that modules hold, but that no name reaches, with their place.

    Closures, globals and what properties compute are not looked at.

    Args:
        modules: the Modules that have names.
        names: the tensors that have names.
        module_class: `Module`, whose instances are looked at wherever they are.
    """
    values = {id(identity(tensor)) for tensor in names}
    seen: dict[int, Any] = {id(module): module for module in modules.values()}  # kept alive
    pending = [
        (f"{name}{text}".lstrip("."), part)
        for name, module in modules.items()
        for text, part in _parts(module, module_class)
    ]
    for text, value in pending:
        if type(value) in _PLAIN or type(value) in ProxyTypes or id(value) in seen:
            continue
        seen[id(value)] = value
        if not isinstance(value, Tensor):
            pending += [(text + step, part) for step, part in _parts(value, module_class)]
        elif id(identity(value)) not in values:
            yield text, value


def _parts(value: Any, module_class: type) -> Iterator[tuple[str, Any]]:
    """Yield what an object holds, each with the step that leads to it."""
    for classes, parts in _CONTAINERS.items():
        if isinstance(value, classes):
            yield from parts(value)
    for name, part in _open_attributes(value, module_class).items():
        if type(part) not in _PLAIN:
            yield f".{name}", part


def _open_attributes(value: Any, module_class: type) -> dict[str, Any]:
    cls = cast("type[Any]", type(value))
    if issubclass(cls, module_class):
        own = attributes(value)
        inherited = _class_attributes(cls, module_class).items()
        return own | {f"__class__.{name}": part for name, part in inherited if name not in own}
    is_open = issubclass(cls, _OPEN) or cls.__module__.partition(".")[0] not in _CLOSED
    return attributes(value) if is_open else {}


def _class_attributes(cls: type, module_class: type) -> dict[str, Any]:
    bases = reversed(cls.__mro__[: cls.__mro__.index(module_class)])
    return {
        name: value
        for base in bases
        for name, value in vars(base).items()
        if type(value) not in _INERT and not name.startswith("__")
    }


def _mapped(value: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, part in value.items():
        if type(part) not in _PLAIN:
            yield f"[{shown(key, 40)}]", part
        if type(key) not in _PLAIN:
            yield "{...}", key


def _indexed(value: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    return ((f"[{i}]", part) for i, part in enumerate(value) if type(part) not in _PLAIN)


def _unordered(value: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    return (("{...}", part) for part in value if type(part) not in _PLAIN)


def _bound(value: functools.partial[Any]) -> Iterator[tuple[str, Any]]:
    yield from ((".func", value.func), (".args", value.args), (".keywords", value.keywords))


# Only Python's and numpy's classes: others may compute their items, or read them from a file.
_CONTAINERS: dict[Any, Callable[[Any], Iterator[tuple[str, Any]]]] = {
    (dict, MappingProxyType): _mapped,
    (list, tuple, deque): _indexed,
    (set, frozenset, KeysView, ValuesView): _unordered,
    functools.partial: _bound,
    MethodType: lambda value: iter([(".__self__", value.__self__)]),
    np.ndarray: lambda value: _indexed(value.flat) if value.dtype.hasobject else iter(()),
}
