"""IREE's diagnostics of a program that it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from farrier_runtime.errors import CompileError

Diagnostic = tuple[str, str]
"""The severity of a message ("error", "warning", "remark" or "note") and its text."""


class CompilationFailed(CompileError):
    """IREE refused a program; the diagnostics are in its own words.

    Attributes:
        diagnostics: severity and text of each message, in order.
        node: the index of the node that the first error with a location points at, if there is one.
        phase: "verify" for the rules of the dialects, "parse" for text, else "compile".
        output: what the compiler and its linker wrote in addition to diagnostics.
    """

    output = ""

    def __init__(
        self,
        diagnostics: Sequence[Diagnostic],
        node: int | None = None,
        phase: str = "compile",
    ) -> None:
        self.diagnostics = list(diagnostics)
        self.node = node
        self.phase = phase
        super().__init__("\n".join(self.errors) or "The compiler failed and did not say why.")

    def __reduce__(self) -> Any:
        return type(self), (self.diagnostics, self.node, self.phase), vars(self)

    @property
    def errors(self) -> list[str]:
        """The texts of the errors."""
        return [message for severity, message in self.diagnostics if severity == "error"]
