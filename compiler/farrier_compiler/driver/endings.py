"""Errors for jobs of the compiler process that ended without a result."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from farrier_runtime.errors import ArgumentError, CompileError


def failure(code: int, output: str, flags: Sequence[str]) -> Exception:
    """Return the error for a job whose fork ended with an exit code, and what it wrote."""
    if code == 1 and output.startswith("farrier: "):
        return ArgumentError(_flag_refused(output, flags))
    error = CompileError(_died(code, output))
    if output:
        error.add_note(f"It wrote:\n{output[-4000:]}")
    return error


def bug(reason: str, trace: str) -> CompileError:
    """Return the error for a job that raised an unexpected exception."""
    error = CompileError(
        f"Farrier could not compile this program: {reason}. This is a bug in Farrier: report it "
        "with the program, or leave out parts of the program to find the one that causes it."
    )
    error.add_note(f"In the compiler process:\n{trace}")
    return error


def _flag_refused(output: str, flags: Sequence[str]) -> str:
    line = output.splitlines()[0].removeprefix("farrier: ")
    named = next((flag for flag in flags if flag.partition("=")[0].lstrip("-") in line), "")
    return f"IREE's compiler does not take the flag {named!r}: {line.partition('  Try:')[0]}"


def _died(code: int, output: str) -> str:
    fatal = [line for line in output.splitlines() if line.startswith("LLVM ERROR: ")]
    reason = fatal[-1].removeprefix("LLVM ERROR: ").rstrip(".!") if fatal else ""
    if "No space left on device" in output:
        return f"IREE's compiler {ending(code)}: no space is left on a disk it writes to. {_SPACE}"
    quoted = f" It said: {reason}." if reason else ""
    return (
        f"IREE's compiler {ending(code)}, a bug that this program or these flags trigger."
        f"{quoted} Leave out parts of the program to find the one that does, or compile "
        "without the flags."
    )


_SPACE = "Make room, or set TMPDIR and FARRIER_CACHE to folders elsewhere."


def ending(code: int) -> str:
    """Return how a process ended, from its exit code."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed by {name} ({signal.strsignal(-code) or 'unknown'})"


def too_long(seconds: float) -> str:
    """Return the error text for a job that has not replied in time."""
    return (
        f"IREE's compiler was stopped after {seconds:g} s. Compile a smaller program, or with a "
        "lower optimization_level."
    )
