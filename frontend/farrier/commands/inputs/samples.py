"""Calibration batches from the file of `farrier compile --calibration`."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farrier.commands.files import check_file
from farrier.commands.inputs.types import InputType
from farrier.modules.module import Module
from farrier.weights import UNREADABLE
from farrier_compiler.graph.syntax import did_you_mean
from farrier_runtime.dimension import Dimension
from farrier_runtime.errors import ArgumentError, DtypeError

if TYPE_CHECKING:
    from farrier_compiler.graph import Array


def read(path: Path, function: Module, types: Sequence[InputType]) -> list[Any]:
    """Return calibration batches, as tuples of arguments, or as dicts if inputs have names.

    Args:
        path: an .npz file with an array for each input; other arrays are ignored.
        function: the Module that takes the inputs.
        types: the types that `--input` gives.

    Raises:
        ArgumentError: the file cannot be read, or an array does not fit.
    """
    names = _names(function, types)
    arrays = _arrays(path, names)
    columns = {
        name: _Samples(str(path), name, type, arrays[name]).batches()
        for name, type in zip(names, types, strict=True)
    }
    if len({len(column) for column in columns.values()}) > 1:
        listed = ", ".join(f"{len(column)} of '{name}'" for name, column in columns.items())
        raise ArgumentError(f"{path} has different numbers of batches: {listed}.")
    rows = list(zip(*columns.values(), strict=True))
    return [dict(zip(names, r, strict=True)) for r in rows] if any(t.name for t in types) else rows


def _names(function: Module, types: Sequence[InputType]) -> list[str]:
    """Return the names of inputs, those of the parameters in order where they are not given."""
    unnamed = _parameters(function)
    return [type.name or next(unnamed) for type in types]


def _parameters(function: Module) -> Iterator[str]:
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            yield from (f"{name}{index}" for index in itertools.count())  # as `compile` names them
        yield name


# ------------------------------------------------------------------ the file


def _arrays(path: Path, names: Sequence[str]) -> Mapping[str, Array]:
    """Return the arrays of the inputs."""
    import numpy as np

    check_file(path)
    try:
        with path.open("rb") as file:  # which numpy leaves open on errors
            archive: Any = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise ArgumentError(
                    f"{path} is not an .npz file: save samples with numpy.savez, an array for "
                    "each input."
                )
            return {name: archive[_key(path, name, names, archive.files)] for name in names}
    except ArgumentError:  # which is a ValueError
        raise
    except UNREADABLE:
        raise ArgumentError(f"{path} is not an .npz file of numbers, or is damaged.") from None


def _key(path: Path, name: str, names: Sequence[str], keys: Sequence[str]) -> str:
    """Return the key of an input's array; a single array for a single input needs no name."""
    if name in keys:
        return name
    if len(names) == len(keys) == 1:
        return keys[0]
    hint = did_you_mean(name, keys)
    end = hint if hint.endswith("?") else f"; it has {', '.join(keys) or 'none'}."
    raise ArgumentError(f"{path} has no array '{name}', for that input{end}")


# ------------------------------------------------------------------ its arrays


class _Samples:
    """The samples of an input.

    Args:
        path: the file, for messages.
        name: the input's name.
        type: the input's type.
        array: the array of samples.
    """

    def __init__(self, path: str, name: str, type: InputType, array: Array) -> None:
        self.path = path
        self.name = name
        self.type = type
        self.array = self._cast(array)

    def batches(self) -> list[Any]:
        """Return the inputs of calls."""
        shape, sizes = self.array.shape, [_bounds(size) for size in self.type.shape]
        if len(shape) == len(sizes) + 1 and _fits(shape[1:], sizes):
            parts = list(self.array)
        elif sizes and len(shape) == len(sizes) and _fits(shape[1:], sizes[1:]):
            parts = self._portions(sizes[0])
        else:
            raise self._misfit()
        if not parts:
            raise self._too_few()
        return [self._argument(part) for part in parts]

    def _portions(self, bounds: tuple[int, int, int]) -> list[Array]:
        """Return batches of the usual size; the last one may be as small as the minimum."""
        low, usual, _ = bounds
        size = max(usual, 1)
        starts = range(0, len(self.array), size)
        parts = [self.array[start : start + size] for start in starts]
        return [part for part in parts if len(part) >= low]

    def _argument(self, part: Array) -> Any:
        from farrier.tensor.dimension_size import DimensionSize

        if self.type.value is None:
            return part
        low, _, high = self.type.value
        if not low <= part <= high:
            raise ArgumentError(f"{self} has the size {part}, but must be {low} to {high}.")
        return DimensionSize(int(part))

    def _cast(self, array: Array) -> Array:
        """Return the samples in the input's data type, if the cast preserves bools and integers."""
        from farrier_runtime.dtypes import BY_NUMPY
        from farrier_runtime.numbers import converted

        actual, wanted = BY_NUMPY.get(array.dtype), self.type.dtype
        same = actual is not None and (actual.is_floating, actual.short == "bool") == (
            wanted.is_floating,
            wanted.short == "bool",
        )
        if not same:
            raise ArgumentError(
                f"{self} holds {actual or array.dtype}, but --input {self.type} takes {wanted}."
            )
        try:
            return converted(array, wanted, from_array=True)
        except DtypeError as error:
            raise ArgumentError(f"{self} cannot become --input {self.type}: {error}") from None

    def _misfit(self) -> ArgumentError:
        return ArgumentError(
            f"{self} has the shape {self.array.shape}, which does not fit samples for --input "
            f"{self.type}. Its first dimension counts samples: that is the input's own first "
            "dimension, or one before it; the others must fit."
        )

    def _too_few(self) -> ArgumentError:
        return ArgumentError(
            f"{self} has {len(self.array)} samples: too few for a batch of --input {self.type}."
        )

    def __str__(self) -> str:
        return f"{self.path}: '{self.name}'"


def _bounds(size: int | tuple[int, int, int] | Dimension) -> tuple[int, int, int]:
    if isinstance(size, Dimension):
        return size.min, size.opt, size.max
    return (size, size, size) if isinstance(size, int) else size


def _fits(shape: Sequence[int], sizes: Sequence[tuple[int, int, int]]) -> bool:
    return all(low <= n <= high for n, (low, _, high) in zip(shape, sizes, strict=True))
