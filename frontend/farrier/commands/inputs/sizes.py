"""The sizes of dimensions that calls decide: what `--size`, files and numbers say of them."""

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
    found: dict[str, Dimension] = {}
    for spec in function.inputs:
        sizes = [*spec.shape, spec.value]
        found |= {size.name: size for size in sizes if isinstance(size, Dimension)}
    return found


class ChosenSizes:
    """The sizes of one call: from the command line, from inputs that have theirs, or usual ones."""

    def __init__(self, said: dict[str, int]) -> None:
        """Begin with the sizes that `--size` says."""
        self._said = said
        self._known = dict(said)

    @staticmethod
    def parse(function: Function, texts: Sequence[str]) -> ChosenSizes:
        """Parse what follows each `--size`: `NAME=NUMBER`.

        Raises:
            UsageError: a text has another form, or a dimension is given twice.
            ArgumentError: there is no such dimension, or it cannot have this size.
        """
        said: dict[str, int] = {}
        for text in texts:
            name, _, number = text.partition("=")
            if not name or not number.isdecimal():
                raise UsageError(f"--size {text}: the form is NAME=NUMBER, for example batch=3.")
            if name in said:
                raise UsageError(f"--size {text}: '{name}' is given twice.")
            try:
                said[name] = _checked(function, name, int(number))
            except ArgumentError as error:
                raise ArgumentError(f"--size {text}: {error}") from None
        return ChosenSizes(said)

    def size(self, dimension: Dimension) -> int:
        """Return the size of a dimension."""
        return self._known.get(dimension.name, dimension.opt)

    def shape(self, spec: TensorSpec) -> tuple[int, ...]:
        """Return the shape of an input."""
        return tuple(size if isinstance(size, int) else self.size(size) for size in spec.shape)

    def shape_of_numbers(self, spec: TensorSpec, count: int) -> tuple[int, ...]:
        """Return the shape of an input that has a number of elements.

        Raises:
            ArgumentError: several sizes are open, or no size of the open one fits.
        """
        places = [place for place, size in enumerate(spec.shape) if self._is_open(size)]
        if not places:
            return self.shape(spec)
        if len(places) > 1:
            names = list(dict.fromkeys(str(spec.shape[place]) for place in places))
            options = " ".join(f"--size {name}=N" for name in names)
            raise ArgumentError(
                f"{spec} has several sizes that calls decide, so {count} numbers do not say its "
                f"shape. Add {options}, or give @FILE.npy."
            )
        shape, (place,) = list(self.shape(spec)), places
        part = math.prod(shape[:place] + shape[place + 1 :])
        if part == 0 or count % part:
            raise ArgumentError(
                f"{spec} takes a multiple of {part} numbers, but {count} were given."
            )
        shape[place] = count // part
        return tuple(shape)

    def learn(self, spec: TensorSpec, array: Array) -> None:
        """Take the sizes of an input that is made for those that are still to be made.

        Raises:
            ArgumentError: `--size` says another one.
        """
        for dimension, size, place in _found(spec, array):
            if self._said.get(dimension.name, size) != size:
                raise ArgumentError(
                    f"--size {dimension.name}={self._said[dimension.name]}, but {place} is {size}."
                )
            self._known.setdefault(dimension.name, size)

    def _is_open(self, size: int | Dimension) -> bool:
        return isinstance(size, Dimension) and size.name not in self._known


def _checked(function: Function, name: str, size: int) -> int:
    known = dimensions(function)
    if not known:
        raise ArgumentError(f"{function} has fixed sizes only.")
    if name not in known:
        raise ArgumentError(f"{function} has no size '{name}'{did_you_mean(name, known)}")
    if not known[name].min <= size <= known[name].max:
        raise ArgumentError(f"'{name}' must be {known[name].range}.")
    return size


def _found(spec: TensorSpec, array: Array) -> Iterator[tuple[Dimension, int, str]]:
    """Yield an array's sizes where calls decide them; one of a wrong rank is refused later."""
    if spec.value is not None and array.shape == ():
        yield spec.value, int(array), f"input '{spec.name}'"
    if len(spec.shape) != len(array.shape):
        return
    for place, (size, found) in enumerate(zip(spec.shape, array.shape, strict=True)):
        if isinstance(size, Dimension):
            yield size, found, f"dimension {place} of input '{spec.name}'"
