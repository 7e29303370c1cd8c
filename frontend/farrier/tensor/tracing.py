"""Warnings about tensors that are evaluated while a function is traced."""

from __future__ import annotations

from contextvars import ContextVar

from farrier.logger import logger
from farrier_compiler.diagnostics import here
from farrier_compiler.graph import Value

# Whether a function is being traced for a compilation.
tracing: ContextVar[bool] = ContextVar("tracing", default=False)


def warn_of_evaluation(value: Value) -> None:
    """Warn that Python sees the present elements, whatever the weights of later calls are."""
    _warn(
        f"{value.type.describe()} is evaluated while a function is compiled: what Python computes "
        "from its elements is fixed in the program. Compute it with Farrier's ops instead."
    )


def warn_of_printing(value: Value) -> None:
    """Warn that only tracing prints, not the calls."""
    _warn(
        f"{value.type.describe()} is printed while a function is compiled: calls of the compiled "
        "function will print nothing. Return the tensor to see its elements."
    )


def _warn(text: str) -> None:
    location = here()
    excerpt = f"\n{location.excerpt()}" if location else ""
    logger.warning((text + excerpt).replace("\n", "\n  "), mode="once")
