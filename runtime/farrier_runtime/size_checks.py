"""Checks of dynamic sizes at call time: bounds, and equality of equal names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from farrier_runtime.dimension import Dimension
from farrier_runtime.errors import InputError
from farrier_runtime.manifest import Function

Source = tuple[int, int | None]


class SizeChecks:
    """The checks of a function's dynamic sizes, by input and the dimension of it."""

    def __init__(self, function: Function) -> None:
        """Find the dynamic dimensions.

        Args:
            function: the function.
        """
        self._function = function
        self._sources: list[tuple[Source, Dimension]] = []
        for index, spec in enumerate(function.inputs):
            if spec.value is not None:
                self._sources.append(((index, None), spec.value))
            for dim, size in enumerate(spec.shape):
                if isinstance(size, Dimension):
                    self._sources.append(((index, dim), size))

    def __bool__(self) -> bool:
        """Whether there is anything to check."""
        return bool(self._sources)

    def __call__(self, arrays: Sequence[Any]) -> None:
        """Check the sizes of a call's inputs.

        Args:
            arrays: the inputs, of the right ranks and data types.

        Raises:
            InputError: a size is out of bounds, or differs from another of the same name.
        """
        first: dict[str, tuple[Source, int]] = {}
        for source, dimension in self._sources:
            size = self._size(arrays, source)
            if not dimension.min <= size <= dimension.max:
                raise InputError(
                    f"{self._described(source, dimension, size)}, but must be {dimension.range}"
                )
            other, expected = first.setdefault(dimension.name, (source, size))
            if size != expected:
                this = self._described(source, dimension, size)
                that = self._described(other, dimension, expected).replace("Input", "input", 1)
                raise InputError(f"{this}, but {that}: all sizes '{dimension.name}' must be equal")

    def described(self, arrays: Sequence[Any]) -> str:
        """Return the shapes and sizes of a call's inputs in parentheses; empty if all are static.

        Args:
            arrays: the inputs.
        """
        shown = [
            f"{spec.name} has shape {array.shape}"
            if spec.value is None
            else f"{spec.name} is {self._size(arrays, (index, None))}"
            for index, (spec, array) in enumerate(zip(self._function.inputs, arrays, strict=True))
        ]
        return f" ({', '.join(shown)})" if self else ""

    def _size(self, arrays: Sequence[Any], source: Source) -> int:
        index, dim = source
        if dim is not None:
            return arrays[index].shape[dim]
        return int(arrays[index].numpy() if hasattr(arrays[index], "numpy") else arrays[index])

    def _described(self, source: Source, dimension: Dimension, size: int) -> str:
        index, dim = source
        spec = self._function.inputs[index]
        if dim is None:
            return f"Input {spec.name!r} of {self._function.name} is {size}"
        return (
            f"Input {spec.name!r} of {self._function.name}: dimension {dim}, "
            f"'{dimension.name}', is {size}"
        )
