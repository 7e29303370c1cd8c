"""Options of a compilation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from farrier_compiler.driver.targets import Layout
from farrier_compiler.passes import parse_pipeline
from farrier_runtime.errors import ArgumentError
from farrier_runtime.wording import shown


@dataclass(frozen=True)
class Options:
    """How to compile.

    Attributes:
        passes: the graph passes to run, as text; None: the default pipeline.
        layout: "tiled" repacks weights at load for speed; "compact" loads faster and smaller.
        weights: "embedded" in the vmfb, or "external" in a .safetensors file beside it.
        flags: further flags for IREE.
        optimization_level: from 0 (compiles fastest) to 3 (runs fastest); higher numbers mean 3.
        cache: whether an earlier result for the same program may be used.

    Raises:
        ArgumentError: an option has an unknown value.
        ParseError: `passes` is not a pipeline.
    """

    passes: str | None = None
    layout: Layout = "tiled"
    weights: Literal["embedded", "external"] = "embedded"
    flags: tuple[str, ...] = ()
    optimization_level: int = 3
    cache: bool = True

    def __post_init__(self) -> None:
        if self.passes is not None:
            parse_pipeline(_text("passes", self.passes))
        _check_choice("layout", self.layout, ("tiled", "compact"))
        _check_choice("weights", self.weights, ("embedded", "external"))
        for flag in self.flags:
            if not _text("a flag", flag).startswith("--"):
                raise ArgumentError(f"{shown(flag)} is not an IREE flag: flags begin with '--'.")
        level: Any = self.optimization_level
        if not isinstance(level, int) or isinstance(level, bool):
            raise ArgumentError(f"optimization_level is a number from 0 to 3, not {shown(level)}.")
        if not isinstance(self.cache, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ArgumentError(f"cache is True or False, not {shown(self.cache)}.")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ArgumentError(f"{name} must be a string, not {shown(value)}.")
    return value


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        listed = " or ".join(map(repr, choices))
        raise ArgumentError(f"{name} must be {listed}, not {shown(value)}.")


DEFAULT = Options()
