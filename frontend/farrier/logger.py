"""Logging with nvtripy's levels, through Python's logger "farrier"."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Generator, Mapping, Set as AbstractSet
from difflib import get_close_matches
from typing import Any, Literal, TypeAlias

from farrier_compiler.diagnostics import explain
from farrier_runtime.errors import ArgumentError

LEVELS = {
    "trace": 5,
    "ir": 6,
    "mlir": 7,
    "timing": 8,
    "verbose": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
Levels: TypeAlias = str | AbstractSet[str]
Verbosity: TypeAlias = Levels | Mapping[str, Levels]
Message: TypeAlias = str | Callable[[], str]


class Logger:
    """Writes messages of the levels that `verbosity` selects.

    A message is a text, or a function that returns one and is called only if it is shown.

    Example:
        >>> with fr.logger.use_verbosity("verbose"):
        ...     fr.logger.verbosity
        'verbose'
    """

    enable_color = False
    """Whether messages are coloured, for compatibility; Farrier's have no colours."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)
        self._logger.addFilter(self._shows)
        self._verbosity: Verbosity = "warning"
        self._indentation = 0
        self._said: set[str] = set()

    @property
    def verbosity(self) -> Verbosity:
        """The levels shown: a level and those above it, a set of levels, or either for each path.

        Paths are prefixes of source file names; the longest match counts, and "" matches all.
        """
        return self._verbosity

    @verbosity.setter
    def verbosity(self, verbosity: Verbosity) -> None:
        chosen = list(verbosity.values()) if isinstance(verbosity, Mapping) else [verbosity]
        self._logger.setLevel(min(map(_lowest, chosen), default=logging.WARNING))
        self._verbosity = verbosity
        if not self._logger.hasHandlers():
            self._logger.addHandler(logging.StreamHandler())

    @contextlib.contextmanager
    def use_verbosity(self, verbosity: Verbosity) -> Generator[None]:
        """Set the verbosity inside a `with` block."""
        before = self.verbosity
        self.verbosity = verbosity
        try:
            yield
        finally:
            self.verbosity = before

    @contextlib.contextmanager
    def indent(self, level: int = 1) -> Generator[None]:
        """Indent the messages inside a `with` block, by four spaces for each level."""
        self._indentation += level
        try:
            yield
        finally:
            self._indentation -= level

    def log(
        self,
        message: Message,
        level: str = "info",
        mode: Literal["every", "once"] = "every",
        stacklevel: int = 2,
    ) -> None:
        """Write a message.

        Args:
            message: the text, or a function that returns it.
            level: a key of `LEVELS`.
            mode: "every" time, or "once" for each text.
            stacklevel: the caller whose line the message shows, as in `logging`.

        Raises:
            ArgumentError: the level does not exist.
        """
        number = _number(level)
        if not self._logger.isEnabledFor(number):
            return
        text = message() if callable(message) else message
        if mode == "once" and text in self._said:
            return
        if mode == "once":
            self._said.add(text)
        space = " " * 4 * self._indentation
        self._logger.log(number, "%s%s", space, text, stacklevel=stacklevel)

    def trace(self, message: Message, mode: Literal["every", "once"] = "every") -> None:
        """Write a message of the level "trace"."""
        self.log(message, "trace", mode, 3)

    def ir(self, message: Message, mode: Literal["every", "once"] = "every") -> None:
        """Write a message of the level "ir"."""
        self.log(message, "ir", mode, 3)

    def mlir(self, message: Message, mode: Literal["every", "once"] = "every") -> None:
        """Write a message of the level "mlir"."""
        self.log(message, "mlir", mode, 3)

    def timing(self, message: Message, mode: Literal["every", "once"] = "every") -> None:
        """Write a message of the level "timing"."""
        self.log(message, "timing", mode, 3)

    def verbose(self, message: Message, mode: Literal["every", "once"] = "every") -> None:
        """Write a message of the level "verbose"."""
        self.log(message, "verbose", mode, 3)

    def info(self, message: Message, mode: Literal["every", "once"] = "every") -> None:
        """Write a message of the level "info"."""
        self.log(message, "info", mode, 3)

    def warning(self, message: Message, mode: Literal["every", "once"] = "every") -> None:
        """Write a message of the level "warning"."""
        self.log(message, "warning", mode, 3)

    def error(self, message: Message, mode: Literal["every", "once"] = "every") -> None:
        """Write a message of the level "error"."""
        self.log(message, "error", mode, 3)

    def _shows(self, record: logging.LogRecord) -> bool:
        levels = self._verbosity
        if isinstance(levels, str):
            return True  # `logging` filters by a single level itself
        if isinstance(levels, Mapping):
            paths = [path for path in levels if record.pathname.startswith(path)]
            levels = levels[max(paths, key=len)] if paths else "warning"
        if isinstance(levels, str):
            return record.levelno >= _number(levels)
        return any(record.levelno == _number(level) for level in levels)


def _number(level: str) -> int:
    if level not in LEVELS:
        near = get_close_matches(str(level), LEVELS, 1)
        hint = f"Did you mean '{near[0]}'?" if near else f"Choose one of {', '.join(LEVELS)}."
        raise explain(ArgumentError(f"There is no message level '{level}'. {hint}"))
    return LEVELS[level]


def _lowest(levels: Levels) -> int:
    several = hasattr(levels, "__iter__") and not isinstance(levels, str)
    chosen: Any = levels if several else [levels]
    return min(map(_number, chosen), default=logging.CRITICAL)


for _name in ("trace", "ir", "mlir", "timing"):  # Python names the others
    logging.addLevelName(LEVELS[_name], _name.upper())
logger = Logger("farrier")
