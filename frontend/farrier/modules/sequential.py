"""Sequential composition of Modules and functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from farrier.modules.containers import is_name
from farrier.modules.module import Module, name_unset, nested_line
from farrier.ops.arguments import whole_number
from farrier.tensor import Tensor
from farrier_compiler.diagnostics import explain
from farrier_runtime.errors import ArgumentError

Layer = Module | Callable[[Tensor], Tensor]


class Sequential(Module):
    """Call Modules and functions one after the other, each with the result of the one before.

    A layer is reached by position, `net[0]`, by name, `net["head"]`, and as an attribute,
    `net.head`. Without names, the positions are the names, in `state_dict` too.

    Args:
        modules: the layers; or one dict of names and layers.

    Raises:
        ArgumentError: a layer cannot be called.

    Example:
        >>> layers = {"hidden": fr.Linear(2, 3), "act": fr.relu, "head": fr.Linear(3, 1)}
        >>> net = fr.Sequential(layers)
        >>> net(fr.ones((5, 2))).shape
        (5, 1)
        >>> list(net.state_dict())
        ['hidden.weight', 'hidden.bias', 'head.weight', 'head.bias']
    """

    modules: dict[str, Layer]

    def __init__(self, *modules: Layer | Mapping[str, Layer]) -> None:
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            named = dict(cast("Mapping[str, Layer]", modules[0]))
        else:
            layers = cast("tuple[Layer, ...]", modules)
            named = {str(index): layer for index, layer in enumerate(layers)}
        for name, module in named.items():
            _check_layer(name, module)
        self.modules = named

    def forward(self, input: Tensor) -> Tensor:
        """Return the last layer's result."""
        for module in self.modules.values():
            input = module(input)
        return input

    def __len__(self) -> int:
        """Return the number of layers."""
        return len(self.modules)

    def __iter__(self) -> Iterator[Layer]:
        """Yield the layers in order."""
        return iter(self.modules.values())

    def __getitem__(self, idx: int | str) -> Layer:
        """Return a layer by its position or name.

        Raises:
            IndexError: there is no such position.
            KeyError: there is no such name.
            ArgumentError: the index is neither an integer nor a name.
        """
        if isinstance(idx, str):
            return self.modules[idx]
        return list(self.modules.values())[whole_number("The index of a Sequential", idx)]

    def __getattr__(self, name: str) -> Any:
        """Return a layer by its name."""
        modules = vars(self).get("modules", {})
        return modules[name] if name in modules else self._missing(name)

    def __setattr__(self, name: str, value: Any) -> None:
        modules = vars(self).get("modules", {})
        if name == "modules":  # which is not part of the layers' names
            name_unset(value)
            object.__setattr__(self, name, value)
        elif name in modules:
            _check_layer(name, value)
            name_unset({name: value})
            modules[name] = value
        else:
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *vars(self).get("modules", ())]

    def _members(self) -> Mapping[str, Any]:
        own = {name: value for name, value in super()._members().items() if name != "modules"}
        return own | {name: layer for name, layer in self.modules.items() if is_name(name)}

    def _parts(self) -> dict[str, Layer]:
        """Return all children, and the functions among the layers, in order."""
        others = {name: child for name, child in self.named_children() if name not in self.modules}
        return others | self.modules

    def _child_lines(self) -> Iterator[str]:
        for name, module in self._parts().items():
            if isinstance(module, Module):
                yield nested_line(name, module)
            else:
                yield f"{name}: Callable = {getattr(module, '__name__', repr(module))},"


def _check_layer(name: Any, module: Any) -> None:
    if not isinstance(name, str) or not callable(module):
        raise explain(
            ArgumentError(
                "Sequential takes Modules and functions, or one dict of names and layers, but "
                f"layer {name!r} has the type {type(module).__name__}."
            )
        )
