"""Sizes of dynamic dimensions, from `--size`, files, numbers or the usual sizes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from farrier.commands.command_line import UsageError
from farrier_compiler.graph.syntax import did_you_mean
from farrier_runtime.dimension import Dimension
from farrier_runtime.errors import ArgumentError

if TYPE_CHECKING:
    from farrier_compiler.types.elements import Array
    from farrier_runtime.manifest import Function, TensorSpec


def dimensions(function: Function) -> dict[str, Dimension]:
    """Return the dimensions of a function's inputs by their names, each once."""
    named: dict[str, Dimension] = {}
    for spec in function.inputs:
        sizes = [*spec.shape, spec.value]
        named |= {size.name: size for size in sizes if isinstance(size, Dimension)}
    return named


class ChosenSizes:
    """The sizes of one call: from the command line, from other inputs, or the usual ones."""

    def __init__(self, requested: dict[str, int]) -> None:
        """Begin with the sizes that `--size` gives."""
        self._requested = requested
        self._sizes = dict(requested)

    @staticmethod
    def parse(function: Function, texts: Sequence[str]) -> ChosenSizes:
        """Parse the `NAME=NUMBER` of each `--size`.

        Raises:
            UsageError: a text does not have this form, or a dimension is given twice.
            ArgumentError: the dimension does not exist, or cannot have this size.
        """
        requested: dict[str, int] = {}
        for text in texts:
            name, _, number = text.partition("=")
            if not name or not number.isdecimal():
                raise UsageError(f"--size {text}: the form is NAME=NUMBER, for example batch=3.")
            if name in requested:
                raise UsageError(f"--size {text}: '{name}' is given twice.")
            try:
                requested[name] = _checked(function, name, int(number))
            except ArgumentError as error:
                raise ArgumentError(f"--size {text}: {error}") from None
        return ChosenSizes(requested)

    def size(self, dimension: Dimension) -> int:
        """Return the size of a dimension."""
        return self._sizes.get(dimension.name, dimension.opt)

    def shape(self, spec: TensorSpec) -> tuple[int, ...]:
        """Return the shape of an input."""
        return tuple(size if isinstance(size, int) else self.size(size) for size in spec.shape)

    def shape_of_numbers(self, spec: TensorSpec, count: int) -> tuple[int, ...]:
        """Return the shape of an input from its number of elements.

        Raises:
            ArgumentError: several dimensions are open, or no size of the open one fits.
        """
        dims = [dim for dim, size in enumerate(spec.shape) if self._is_open(size)]
        if not dims:
            return self.shape(spec)
        if len(dims) > 1:
            names = list(dict.fromkeys(str(spec.shape[dim]) for dim in dims))
            options = " ".join(f"--size {name}=N" for name in names)
            raise ArgumentError(
                f"{spec} has several dynamic sizes, so {count} numbers do not determine its "
                f"shape. Add {options}, or give @FILE.npy."
            )
        shape, (dim,) = list(self.shape(spec)), dims
        part = math.prod(shape[:dim] + shape[dim + 1 :])
        if part == 0 or count % part:
            raise ArgumentError(
                f"{spec} takes a multiple of {part} numbers, but {count} were given."
            )
        shape[dim] = count // part
        return tuple(shape)

    def learn(self, spec: TensorSpec, array: Array) -> None:
        """Adopt the sizes of an input's array for the inputs that follow.

        Raises:
            ArgumentError: `--size` gives another size.
        """
        for dimension, size, origin in _dynamic_sizes(spec, array):
            requested = self._requested.get(dimension.name, size)
            if requested != size:
                raise ArgumentError(f"--size {dimension.name}={requested}, but {origin} is {size}.")
            self._sizes.setdefault(dimension.name, size)

    def _is_open(self, size: int | Dimension) -> bool:
        return isinstance(size, Dimension) and size.name not in self._sizes


def _checked(function: Function, name: str, size: int) -> int:
    named = dimensions(function)
    if not named:
        raise ArgumentError(f"{function} has fixed sizes only.")
    if name not in named:
        raise ArgumentError(f"{function} has no size '{name}'{did_you_mean(name, named)}")
    if not named[name].min <= size <= named[name].max:
        raise ArgumentError(f"'{name}' must be {named[name].range}.")
    return size


def _dynamic_sizes(spec: TensorSpec, array: Array) -> Iterator[tuple[Dimension, int, str]]:
    """Yield an array's sizes in dynamic dimensions; a wrong rank is refused later."""
    if spec.value is not None and array.shape == ():
        yield spec.value, int(array), f"input '{spec.name}'"
    if len(spec.shape) != len(array.shape):
        return
    for dim, (dimension, size) in enumerate(zip(spec.shape, array.shape, strict=True)):
        if isinstance(dimension, Dimension):
            yield dimension, size, f"dimension {dim} of input '{spec.name}'"
