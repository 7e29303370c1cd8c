"""What calls must keep to where sizes are theirs to choose: bounds, and equality of names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from farrier_runtime.dimension import Dimension
from farrier_runtime.errors import InputError
from farrier_runtime.manifest import Function

Place = tuple[int, int | None]


class SizeChecks:
    """The checks of one function: places of dimensions, input and dimension of it."""

    def __init__(self, function: Function) -> None:
        """Find the dimensions that calls decide.

        Args:
            function: the function.
        """
        self._function = function
        self._places: list[tuple[Place, Dimension]] = []
        for index, spec in enumerate(function.inputs):
            if spec.value is not None:
                self._places.append(((index, None), spec.value))
            for dim, size in enumerate(spec.shape):
                if isinstance(size, Dimension):
                    self._places.append(((index, dim), size))

    def __bool__(self) -> bool:
        """Whether there is anything to check."""
        return bool(self._places)

    def __call__(self, arrays: Sequence[Any]) -> None:
        """Check the sizes of a call's inputs.

        Args:
            arrays: the inputs, of the right ranks and data types.

        Raises:
            InputError: a size is out of bounds, or is not what another input has by that name.
        """
        first: dict[str, tuple[Place, int]] = {}
        for place, dimension in self._places:
            size = self._size(arrays, place)
            if not dimension.min <= size <= dimension.max:
                raise InputError(
                    f"{self._described(place, dimension, size)}, but must be {dimension.range}"
                )
            other, expected = first.setdefault(dimension.name, (place, size))
            if size != expected:
                found = self._described(place, dimension, size)
                where = self._described(other, dimension, expected).replace("Input", "input", 1)
                raise InputError(
                    f"{found}, but {where}: all sizes '{dimension.name}' must be equal"
                )

    def described(self, arrays: Sequence[Any]) -> str:
        """Describe what a call's inputs decide.

        Args:
            arrays: the inputs.

        Returns:
            Their shapes, and the values of sizes, in parentheses; nothing where they decide none.
        """
        shown = [
            f"{spec.name} has shape {array.shape}"
            if spec.value is None
            else f"{spec.name} is {self._size(arrays, (index, None))}"
            for index, (spec, array) in enumerate(zip(self._function.inputs, arrays, strict=True))
        ]
        return f" ({', '.join(shown)})" if self else ""

    def _size(self, arrays: Sequence[Any], place: Place) -> int:
        index, dim = place
        if dim is not None:
            return arrays[index].shape[dim]
        return int(arrays[index].numpy() if hasattr(arrays[index], "numpy") else arrays[index])

    def _described(self, place: Place, dimension: Dimension, size: int) -> str:
        index, dim = place
        spec = self._function.inputs[index]
        if dim is None:
            return f"Input {spec.name!r} of {self._function.name} is {size}"
        return (
            f"Input {spec.name!r} of {self._function.name}: dimension {dim}, "
            f"'{dimension.name}', is {size}"
        )
