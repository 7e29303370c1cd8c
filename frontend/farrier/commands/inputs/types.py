"""Input types of `farrier compile --input`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from farrier.commands.command_line import UsageError
from farrier_compiler.graph.syntax import did_you_mean
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import BY_SHORT_NAME, DTYPES, dtype, int32
from farrier_runtime.errors import ArgumentError

Bounds: TypeAlias = tuple[int, int, int]

NAME = r"(?:(?P<name>[A-Za-z_]\w*(?:[.\[]\S+?)?)=)?"
_INPUT = re.compile(NAME + r"(?P<type>.*)", re.DOTALL)
_BOUNDS = r"\((?P<bounds>[^()]*)\)"
_WORD = r"[A-Za-z_]\w*"
_FORM = (
    "the form is [NAME=]SHAPExDTYPE, for example x=1x1x8x8xf32, or f32 for a scalar. A dynamic "
    "size is (MIN,OPT,MAX), or with a name: x=batch(1,4,64)x128xf32."
)


@dataclass(frozen=True)
class InputType:
    """The type of an input, as `--input x=1x1x8x8xf32` gives it.

    Attributes:
        name: the parameter's name; empty for a positional input.
        shape: for each dimension a number, `(min, opt, max)`, or a named dimension.
        dtype: the data type.
        value: the bounds of an input that is itself a size; None for all others.
    """

    name: str
    shape: tuple[int | Bounds | Dimension, ...]
    dtype: dtype
    value: Bounds | None = None

    @classmethod
    def parse(cls, text: str, dimensions: dict[str, Dimension] | None = None) -> InputType:
        """Parse `[NAME=]SIZExSIZEx...xDTYPE`, or `[NAME=](MIN,OPT,MAX)` for a size.

        Args:
            text: the value of `--input`.
            dimensions: those that earlier inputs named, which need no bounds here; those that
                this one names are added.

        Raises:
            UsageError: the text does not have this form, or the data type does not exist.
        """
        match = _INPUT.fullmatch(text)
        assert match is not None
        name, names = match["name"] or "", {} if dimensions is None else dimensions
        try:
            shape, rest = _sizes(match["type"], names)
            size = None if shape else re.fullmatch(_BOUNDS, rest)
            if size is None:
                return cls(name, shape, _data_type(rest))
            value = _bounds("", size["bounds"])
            names |= {name: Dimension(name, *value)} if name.isidentifier() else {}
            return cls(name, (), int32, value)
        except ArgumentError as error:
            raise UsageError(f"--input {text}: {error}") from None

    def __str__(self) -> str:
        name = f"{self.name}=" if self.name else ""
        if self.value is not None:
            return f"{name}{_size_text(self.value)}"
        return f"{name}{''.join(f'{_size_text(s)}x' for s in self.shape)}{self.dtype.short}"

    @property
    def info(self) -> Any:
        """The equivalent InputInfo or DimensionInputInfo."""
        from farrier.input_info import DimensionInputInfo, InputInfo, NamedDimension

        if self.value is not None:
            return DimensionInputInfo(self.value)
        sizes = [
            NamedDimension(size.name, size.min, size.opt, size.max)
            if isinstance(size, Dimension)
            else size
            for size in self.shape
        ]
        return InputInfo(sizes, self.dtype)


def parse(texts: Sequence[str]) -> list[InputType]:
    """Parse the types of all inputs; a dimension has its bounds at its first occurrence.

    Raises:
        UsageError: one of them cannot be parsed.
    """
    dimensions: dict[str, Dimension] = {}
    return [InputType.parse(text, dimensions) for text in texts]


def _sizes(
    text: str, dimensions: dict[str, Dimension]
) -> tuple[tuple[int | Bounds | Dimension, ...], str]:
    """Return the sizes at the beginning of a text, and the rest of it."""
    sizes: list[int | Bounds | Dimension] = []
    while match := _size_pattern(dimensions).match(text):
        text = text[match.end() :]
        if match["named"]:
            sizes.append(dimensions[match["named"]])
        elif match["bounds"] is None:
            sizes.append(int(match["number"]))
        else:
            bounds = _bounds(match["word"] or "", match["bounds"])
            sizes.append(Dimension(match["word"], *bounds) if match["word"] else bounds)
        dimensions |= {size.name: size for size in sizes if isinstance(size, Dimension)}
    return tuple(sizes), text


def _size_pattern(dimensions: dict[str, Dimension]) -> re.Pattern[str]:
    """Return the pattern of a size; dimensions come first, as their names may hold an `x`."""
    names = "|".join(sorted(dimensions, key=len, reverse=True)) or "(?!)"
    return re.compile(rf"(?:(?P<number>\d+)|(?P<named>{names})|(?P<word>{_WORD})?{_BOUNDS})x")


def _bounds(name: str, text: str) -> Bounds:
    words = [word.strip() for word in text.split(",")]
    if len(words) != 3 or not all(map(str.isdecimal, words)):
        raise ArgumentError(
            f"{name}({text}) is not a range of sizes: give three whole numbers, "
            f"{name}(MIN,OPT,MAX)."
        )
    low, usual, high = map(int, words)
    Dimension(name or f"({text})", low, usual, high)  # which refuses bounds out of order
    return low, usual, high


def _data_type(text: str) -> dtype:
    dtypes = {**DTYPES, **BY_SHORT_NAME}
    if text in dtypes:
        return dtypes[text]
    unbounded = re.match(rf"({_WORD}?)x(?=\d|\(|({'|'.join(dtypes)})$)", text)
    if unbounded:
        name = unbounded[1]
        raise ArgumentError(
            f"the dimension '{name}' has no bounds. Give them where it first occurs: "
            f"{name}(MIN,OPT,MAX)."
        )
    if not re.fullmatch(r"[a-z]\w*", text):
        raise ArgumentError(_FORM)
    hint = did_you_mean(text, dtypes)
    raise ArgumentError(
        f"there is no data type '{text}'{hint if 'you mean' in hint else '.'} "
        f"The data types are: {', '.join(BY_SHORT_NAME)}."
    )


def _size_text(size: int | Bounds | Dimension) -> str:
    if isinstance(size, int):
        return str(size)
    if isinstance(size, Dimension):
        return f"{size.name}({size.min},{size.opt},{size.max})"
    return f"({','.join(map(str, size))})"


def bind(
    function: Callable[..., Any], types: Sequence[InputType]
) -> tuple[list[Any], dict[str, Any]]:
    """Return a call's positional and keyword arguments, an InputInfo for each type.

    Raises:
        ArgumentError: there are too few or too many, or a name is not a parameter's.
    """
    signature = inspect.signature(function)
    positional = [type.info for type in types if not type.name]
    named = {type.name: type.info for type in types if type.name}
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
