"""Base class of passes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from farrier_compiler.graph import Graph


class Pass(ABC):
    """A rewrite of graphs: a frozen dataclass whose fields are its options on the command line.

    Attributes:
        name: its name in pipelines.
    """

    name: ClassVar[str]

    @abstractmethod
    def __call__(self, graph: Graph) -> Graph:
        """Return a graph that computes the same; the given one is not changed."""
