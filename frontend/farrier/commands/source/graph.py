"""Graphs of Python models and .graph files, as sources of artifacts and dumps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from farrier_compiler.graph import Graph
from farrier_runtime.errors import ArgumentError

if TYPE_CHECKING:
    from farrier.commands.source.base import Dump
    from farrier_compiler.driver import Compiled, Options
    from farrier_compiler.driver.targets import Target
    from farrier_runtime.manifest import ResultTree

# The code that IREE generates for a kind of target.
_CODE = {"cpu": ("llvm", "asm"), "cuda": ("llvm", "ptx"), "rocm": ("llvm",)}


@dataclass(frozen=True)
class GraphSource:
    """A graph and the structure of its result.

    Attributes:
        name: the name of the artifact.
        graph: the ops that it computes.
        result: how the outputs are nested.
    """

    name: str
    graph: Graph
    result: ResultTree

    def compile(self, targets: Sequence[Target], settings: Options) -> Compiled:
        """Return the artifact."""
        from farrier_compiler.driver import compile_graphs

        return compile_graphs([self.graph], targets, settings, [self.result])

    def after_passes(self, targets: Sequence[Target], settings: Options) -> Iterator[Dump]:
        """Yield the graph as it was traced, and after each pass."""
        from farrier_compiler import driver

        for name, text in driver.stages([self.graph], targets, settings):
            if name == "graph":
                return
            yield f"{name}.graph", text

    def stage(
        self, stage: str, targets: Sequence[Target], settings: Options, weights: bool
    ) -> Iterator[Dump]:
        """Yield the text of a stage, or several files of generated code."""
        from farrier_compiler import driver

        texts = driver.dump([self.graph], targets, settings, stage, weights)
        yield from ((file_name(stage, name), text) for name, text in texts.items())

    def all_stages(
        self, targets: Sequence[Target], settings: Options, weights: bool
    ) -> Iterator[Dump]:
        """Yield all stages, beginning with the graph, then the generated code."""
        from farrier_compiler import driver

        seen = False
        for name, text in driver.stages([self.graph], targets, settings, weights):
            seen = seen or name == "graph"
            if seen:
                yield file_name(name, name), text
        for code in dict.fromkeys(code for t in targets for code in _CODE.get(t.kind, ())):
            with contextlib.suppress(ArgumentError):  # nothing to compute, so no code
                yield from self.stage(code, targets, settings, weights)


def file_name(stage: str, name: str) -> str:
    """Return the name of a stage's file; generated files already have one."""
    if name != stage:
        return name
    return f"{name}.graph" if name == "graph" else f"{name}.mlir"
