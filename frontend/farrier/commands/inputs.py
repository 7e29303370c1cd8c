"""What follows `--input`: types for `farrier compile`, elements for `farrier run`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from farrier.commands.command_line import UsageError
from farrier_compiler.syntax import did_you_mean
from farrier_runtime.dtypes import BY_SHORT_NAME, DTYPES, dtype
from farrier_runtime.errors import ArgumentError

if TYPE_CHECKING:
    import numpy as np

    from farrier_runtime.manifest import Function, TensorSpec

    Array = np.ndarray[Any, np.dtype[Any]]

_NAME = r"(?:(?P<name>[A-Za-z_]\w*(?:[.\[]\S+?)?)=)?"
_TYPE = re.compile(_NAME + r"(?P<sizes>(?:\d+x)*)(?P<dtype>[a-z]\w*)")
_VALUE = re.compile(_NAME + r"(?P<value>.+)", re.DOTALL)


@dataclass(frozen=True)
class InputType:
    """The type of an input, as `--input x=1x1x8x8xf32` gives it.

    Attributes:
        name: the parameter's name; empty where the position says which one it is.
        shape: the size of each dimension.
        dtype: the data type.
    """

    name: str
    shape: tuple[int, ...]
    dtype: dtype

    @classmethod
    def parse(cls, text: str) -> InputType:
        """Parse `[NAME=]SIZExSIZEx...xDTYPE`.

        Raises:
            UsageError: the text has another form, or there is no such data type.
        """
        found = _TYPE.fullmatch(text)
        if found is None:
            raise UsageError(
                f"--input {text}: the form is [NAME=]SHAPExDTYPE, for example x=1x1x8x8xf32, or "
                "f32 for a scalar."
            )
        known = {**DTYPES, **BY_SHORT_NAME}
        if found["dtype"] not in known:
            names = ", ".join(BY_SHORT_NAME)
            hint = did_you_mean(found["dtype"], known)
            raise UsageError(
                f"--input {text}: there is no data type '{found['dtype']}'"
                f"{hint if 'you mean' in hint else '.'} The data types are: {names}."
            )
        sizes = tuple(map(int, found["sizes"].split("x")[:-1]))
        return cls(found["name"] or "", sizes, known[found["dtype"]])

    def __str__(self) -> str:
        sizes = "".join(f"{size}x" for size in self.shape)
        return (
            f"{self.name}={sizes}{self.dtype.short}" if self.name else f"{sizes}{self.dtype.short}"
        )


def bind(
    function: Callable[..., Any], types: Sequence[InputType]
) -> tuple[list[Any], dict[str, Any]]:
    """Return a call's positional and keyword arguments, an InputInfo for each type.

    Raises:
        ArgumentError: there are too few, too many, or a name that is no parameter.
    """
    from farrier.input_info import InputInfo

    signature = inspect.signature(function)
    positional = [InputInfo(type.shape, type.dtype) for type in types if not type.name]
    named = {type.name: InputInfo(type.shape, type.dtype) for type in types if type.name}
    try:
        signature.bind(*positional, **named)
    except TypeError as error:
        expected = ", ".join(signature.parameters) or "no inputs"
        given = " ".join(f"--input {type}" for type in types) or "no --input"
        raise ArgumentError(
            f"The model takes {expected}, but got {given}: {error}. "
            "Give each input its type, for example --input x=1x1x8x8xf32."
        ) from None
    return positional, named


def arrays(function: Function, texts: Sequence[str], seed: int = 0) -> dict[str, Array]:
    """Return the elements of each input of a compiled function.

    Args:
        function: what is to be called.
        texts: `[NAME=]@FILE.npy`, `[NAME=]random`, `zeros`, `ones` or numbers between commas.
        seed: of the random numbers.

    Raises:
        ArgumentError: the inputs are not those of the function, or a value cannot be read.
    """
    specs = {spec.name: spec for spec in function.inputs}
    given = dict(_assign(function, texts))
    missing = [str(specs[name]) for name in specs if name not in given]
    if missing:
        raise ArgumentError(
            f"{function}: no --input for {', '.join(missing)}. Give NAME=@FILE.npy, NAME=random, "
            "NAME=zeros or numbers: NAME=1,2,3."
        )
    return {
        name: _elements(spec, given[name], seed + index)
        for index, (name, spec) in enumerate(specs.items())
    }


def _assign(function: Function, texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return names and values, unnamed ones in the order of the inputs without one."""
    names = [spec.name for spec in function.inputs]
    matches = [_VALUE.fullmatch(text) for text in texts]
    pairs = [(found["name"] or "", found["value"]) if found else ("", "") for found in matches]
    free = iter([name for name in names if name not in {name for name, _ in pairs}])
    assigned: list[tuple[str, str]] = []
    for (name, value), text in zip(pairs, texts, strict=True):
        found = name or next(free, None)
        if found is None:
            raise ArgumentError(f"--input {text}: the inputs of {function} are all given.")
        if found not in names:
            hint = did_you_mean(found, names)
            raise ArgumentError(f"--input {text}: {function} has no input '{found}'{hint}")
        if found in dict(assigned):
            raise UsageError(f"--input {text}: '{found}' is given twice.")
        assigned.append((found, value))
    return assigned


def _elements(spec: TensorSpec, value: str, seed: int) -> Array:
    import numpy as np

    if value.startswith("@"):
        return _read_array(Path(value[1:]))
    if value == "random":
        return _random(spec, seed)
    if value in ("zeros", "ones"):
        return np.full(spec.usual_sizes, int(value == "ones")).astype(spec.dtype.numpy)
    return _numbers(spec, value)


def _read_array(path: Path) -> Array:
    """Return the array in a .npy file.

    Raises:
        ArgumentError: there is no such file, or it holds something else.
    """
    import numpy as np

    from farrier.commands.files import check_file

    check_file(path)
    try:
        found: Any = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError):
        raise ArgumentError(f"{path} is no .npy file of numbers, or is damaged.") from None
    if not isinstance(found, np.ndarray):
        raise ArgumentError(f"{path} holds several arrays: save one with numpy.save.")
    return cast("Array", found)


def _random(spec: TensorSpec, seed: int) -> Array:
    import numpy as np

    generator = np.random.default_rng(seed)
    if spec.dtype.is_floating:
        return generator.standard_normal(spec.usual_sizes).astype(spec.dtype.numpy)
    high = 1 if spec.dtype.short == "bool" else min(2 ** (spec.dtype.bits - 1) - 1, 100)
    return generator.integers(0, high, spec.usual_sizes, endpoint=True).astype(spec.dtype.numpy)


def _numbers(spec: TensorSpec, text: str) -> Array:
    import numpy as np

    words = [word.strip() for word in re.sub(r"[\[\]]", "", text).split(",")]
    numbers = [_number(spec.dtype, word) for word in words]
    if None in numbers:
        raise ArgumentError(
            f"--input {spec.name}={text}: '{words[numbers.index(None)]}' is no {spec.dtype}. "
            "Give numbers between commas, @FILE.npy, random, zeros or ones."
        )
    shape = spec.usual_sizes
    size = int(np.prod(shape, dtype=np.int64))
    if len(numbers) not in (1, size):
        raise ArgumentError(
            f"--input {spec.name}={text}: {spec} has {size} elements, but {len(numbers)} numbers "
            "were given. Give one for each element, or one for all."
        )
    found = np.array(numbers, spec.dtype.numpy)
    return (
        np.full(spec.usual_sizes, found[0])
        if len(numbers) == 1
        else found.reshape(spec.usual_sizes)
    )


def _number(kind: dtype, word: str) -> Array | None:
    from farrier_compiler.elements import parse_element

    if kind.short == "bool":
        word = {"0": "false", "1": "true"}.get(word, word.lower())
    try:
        return parse_element(word, kind)
    except ValueError:
        return None
