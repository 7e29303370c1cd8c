"""Explanations of IREE's failures in the user's terms: layer, line, op, shapes and dtypes."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import Graph, Node
from farrier_compiler.mlir.failure import CompilationFailed
from farrier_compiler.passes.legalize_for_iree import is_replaced
from farrier_runtime.errors import CompileError

_logger = logging.getLogger("farrier")

# The most of IREE's report that an error carries as a note; the log has all of it.
_NOTE_CHARACTERS = 4000


def explain_failure(
    failure: CompilationFailed,
    graphs: Sequence[Graph],
    targets: Sequence[Target],
    portable: Sequence[Graph],
) -> CompileError:
    """Return the error that a user sees when IREE refuses a program.

    Args:
        failure: IREE's diagnostics.
        graphs: the graphs that were lowered, in order.
        targets: the targets that they were compiled for.
        portable: the graphs before functions were replaced by formulas.
    """
    report = "\n".join(filter(None, (failure.output, str(failure))))
    _logger.debug("IREE refused %s:\n%s", ", ".join(g.name for g in graphs), report)
    nodes = [node for graph in graphs for node in graph.nodes]
    node = None if failure.node is None else _as_written(nodes[failure.node], portable)
    reason = _plain(failure.errors[0] if failure.errors else report)
    culprit = _describe(node) if node else f"the function {' or '.join(g.name for g in graphs)}"
    parts = [
        f"IREE cannot compile {culprit} for {', '.join(map(str, targets))}: {reason}. "
        "Compute it with other ops or in another data type, or compile for another target."
    ]
    if node is not None and node.location is not None:
        parts += ["  " + line for line in node.location.excerpt().splitlines()]
    error = CompileError("\n".join(parts))
    error.add_note(f"IREE's report:\n{_shortened(report)}")
    error.explained = True  # pyright: ignore[reportAttributeAccessIssue] - it names a line already
    return error


def retry_text(failure: CompilationFailed, graphs: Sequence[Graph]) -> str:
    """Return what the log says where IREE refuses a program that may work without fusion."""
    places = [f"{_describe(node)} in {graph.name}" for graph in graphs for node in graph.nodes]
    names = " and ".join(graph.name for graph in graphs)
    subject = names if failure.node is None else places[failure.node]
    reason = _plain(failure.errors[0] if failure.errors else str(failure))
    return f"IREE refuses {subject}: {reason}. Farrier tries again without fusing it with others."


def place_of(message: str) -> tuple[str, int, int] | None:
    """Return the file, line and column at the beginning of a diagnostic."""
    match = re.match(r'"?(?P<file>[^"\n]+?)"?:(?P<line>\d+):(?P<column>\d+): ', message)
    if match is None:
        return None
    return match["file"], int(match["line"]), int(match["column"])


def _as_written(node: Node, portable: Sequence[Graph]) -> Node:
    """Return the function that stood in the place of a formula's node."""
    nodes = [other for graph in portable for other in graph.nodes]
    if node in nodes or node.location is None:
        return node
    alike = (other for other in nodes if other.location is node.location and is_replaced(other))
    return next(alike, node)


def _describe(node: Node) -> str:
    operands = " and ".join(value.type.describe() for value in node.operands)
    return f"{node.op.name} of {operands}" if operands else node.op.name


# Patterns of IREE's diagnostics, and what they mean.
_MEANINGS = (
    (r"failed to link executable.*", "its linker failed"),
    (r"failed to legalize operation '([\w.]+)'.*", r"it has no code for the operation \1"),
    (
        r"(?:LLVM Translation failed for operation: |cannot be converted to LLVM IR: .* for op: )"
        r"([\w.]+).*",
        r"the target has no code for the operation \1",
    ),
    (r"failed to convert SPIR-V type: '(.*)'.*", r"the target has no data type \1"),
)


def _plain(message: str) -> str:
    """Return the first line of a diagnostic without its location and IR."""
    line = re.sub(r'^("?[^"\n]+?"?:\d+:\d+|loc\([^)]*\)|<unknown>[:\d]*): ', "", message)
    line = line.partition("\n")[0]
    for pattern, meaning in _MEANINGS:
        line = re.sub(pattern, meaning, line)
    line = re.split(r' for backend #|: %|: "|\(%', line)[0]
    return line.strip().rstrip(".:") or "it did not say why"


def _shortened(report: str) -> str:
    if len(report) <= _NOTE_CHARACTERS:
        return report
    return f"{report[:_NOTE_CHARACTERS]}\n... ({len(report)} characters, all in the debug log)"
