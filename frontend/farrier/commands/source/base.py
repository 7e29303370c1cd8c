"""Protocol of the sources of programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from farrier_compiler.driver import Compiled, Options
    from farrier_compiler.driver.targets import Target

Dump = tuple[str, str]
"""The name of a file, and its text."""


class Source(Protocol):
    """A program that can be compiled, and whose IRs can be dumped."""

    @property
    def name(self) -> str:
        """The name of the artifact."""
        ...

    def compile(self, targets: Sequence[Target], settings: Options) -> Compiled:
        """Return the artifact."""
        ...

    def after_passes(self, targets: Sequence[Target], settings: Options) -> Iterator[Dump]:
        """Yield the graph as it was traced, and after each pass."""
        ...

    def stage(
        self, stage: str, targets: Sequence[Target], settings: Options, weights: bool
    ) -> Iterator[Dump]:
        """Yield the text of a stage, or several files of generated code."""
        ...

    def all_stages(
        self, targets: Sequence[Target], settings: Options, weights: bool
    ) -> Iterator[Dump]:
        """Yield all stages, then the generated code."""
        ...
