"""Values of `farrier run --input`, as arrays."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from farrier.commands.command_line import UsageError
from farrier.commands.inputs.sizes import ChosenSizes
from farrier.commands.inputs.types import NAME
from farrier_compiler.graph.syntax import did_you_mean
from farrier_runtime.dtypes import dtype
from farrier_runtime.errors import ArgumentError

if TYPE_CHECKING:
    import numpy as np

    from farrier_runtime.manifest import Function, TensorSpec

    Array = np.ndarray[Any, np.dtype[Any]]

_VALUE = re.compile(NAME + r"(?P<value>.+)", re.DOTALL)


def arrays(
    function: Function, texts: Sequence[str], seed: int = 0, sizes: Sequence[str] = ()
) -> dict[str, Array]:
    """Return the elements of each input of a compiled function.

    Args:
        function: the function to call.
        texts: `[NAME=]FILE.npy`, `[NAME=]@FILE`, `random`, `zeros`, `ones` or numbers between
            commas.
        seed: the seed of the random numbers.
        sizes: `NAME=NUMBER` for dynamic dimensions; others have the size that a file or numbers
            give them, or their usual one.

    Raises:
        ArgumentError: the inputs are not those of the function, or a value cannot be read.
    """
    chosen = ChosenSizes.parse(function, sizes)
    specs = {spec.name: (index, spec) for index, spec in enumerate(function.inputs)}
    given = dict(_assign(function, texts))
    missing = [str(spec) for name, (_, spec) in specs.items() if name not in given]
    if missing:
        raise ArgumentError(
            f"{function}: no --input for {', '.join(missing)}. Give NAME=@FILE.npy, NAME=random, "
            "NAME=zeros or numbers: NAME=1,2,3."
        )
    elements: dict[str, Array] = {}
    for name in sorted(given, key=lambda name: _freedom(given[name])):
        index, spec = specs[name]
        elements[name] = _elements(spec, given[name], seed + index, chosen)
        chosen.learn(spec, elements[name])
    return elements


def _freedom(value: str) -> int:
    """Return how freely a value can adopt sizes: 0 for files, which have theirs, to 2."""
    return 0 if _file(value) else 1 if "," in value else 2


def _file(value: str) -> Path | None:
    """Return the file that a value names: `@FILE`, or a name that ends in .npy."""
    if value.startswith("@"):
        return Path(value[1:])
    return Path(value) if value.endswith(".npy") else None


def _assign(function: Function, texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return names and values, unnamed ones in the order of the inputs without one."""
    names = [spec.name for spec in function.inputs]
    matches = [_VALUE.fullmatch(text) for text in texts]
    pairs = [(match["name"] or "", match["value"]) if match else ("", "") for match in matches]
    free = iter([name for name in names if name not in {name for name, _ in pairs}])
    assigned: list[tuple[str, str]] = []
    for (name, value), text in zip(pairs, texts, strict=True):
        target = name or next(free, None)
        if target is None:
            raise ArgumentError(f"--input {text}: the inputs of {function} are all given.")
        if target not in names:
            hint = did_you_mean(target, names)
            raise ArgumentError(f"--input {text}: {function} has no input '{target}'{hint}")
        if target in dict(assigned):
            raise UsageError(f"--input {text}: '{target}' is given twice.")
        assigned.append((target, value))
    return assigned


def _elements(spec: TensorSpec, value: str, seed: int, chosen: ChosenSizes) -> Array:
    import numpy as np

    if (path := _file(value)) is not None:
        return read_array(path)
    if value == "random":
        return _random(spec, seed, chosen)
    if value in ("zeros", "ones"):
        return np.full(chosen.shape(spec), int(value == "ones")).astype(spec.dtype.numpy)
    return _numbers(spec, value, chosen)


def read_array(path: Path) -> Array:
    """Return the array in a .npy file.

    Raises:
        ArgumentError: the file does not exist, or it is not an array.
    """
    import numpy as np

    from farrier.commands.files import check_file
    from farrier.weights import UNREADABLE

    check_file(path)
    try:
        array: Any = np.load(path, allow_pickle=False)
    except UNREADABLE:
        raise ArgumentError(f"{path} is not a .npy file of numbers, or is damaged.") from None
    if not isinstance(array, np.ndarray):
        raise ArgumentError(f"{path} holds several arrays: save one with numpy.save.")
    return cast("Array", array)


def _random(spec: TensorSpec, seed: int, chosen: ChosenSizes) -> Array:
    import numpy as np

    if spec.value is not None:
        return np.array(chosen.size(spec.value), spec.dtype.numpy)
    generator, shape = np.random.default_rng(seed), chosen.shape(spec)
    if spec.dtype.is_floating:
        return generator.standard_normal(shape).astype(spec.dtype.numpy)
    high = 1 if spec.dtype.short == "bool" else min(2 ** (spec.dtype.bits - 1) - 1, 100)
    return generator.integers(0, high, shape, endpoint=True).astype(spec.dtype.numpy)


def _numbers(spec: TensorSpec, text: str, chosen: ChosenSizes) -> Array:
    import numpy as np

    words = [word.strip() for word in re.sub(r"[\[\]]", "", text).split(",")]
    numbers = [_number(spec.dtype, word) for word in words]
    if None in numbers:
        raise ArgumentError(
            f"--input {spec.name}={text}: '{words[numbers.index(None)]}' is not of type "
            f"{spec.dtype}. Give numbers between commas, @FILE.npy, random, zeros or ones."
        )
    elements = np.array(numbers, spec.dtype.numpy)
    if len(numbers) == 1:
        return np.full(chosen.shape(spec), elements[0])
    try:
        shape = chosen.shape_of_numbers(spec, len(numbers))
        _check_count(dataclasses.replace(spec, shape=shape), len(numbers))
    except ArgumentError as error:
        raise ArgumentError(f"--input {spec.name}={text}: {error}") from None
    return elements.reshape(shape)


def _check_count(spec: TensorSpec, count: int) -> None:
    size = math.prod(spec.sizes)
    if count != size:
        raise ArgumentError(
            f"{spec} has {size} elements, but {count} numbers were given. Give one for each "
            "element, or one for all."
        )


def _number(dtype: dtype, word: str) -> Array | None:
    from farrier_compiler.types.elements import parse_element

    if dtype.short == "bool":
        word = {"0": "false", "1": "true"}.get(word, word.lower())
    try:
        return parse_element(word, dtype)
    except ValueError:
        return None
