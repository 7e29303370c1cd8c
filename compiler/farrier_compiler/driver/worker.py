"""The compiler in a process of its own: a crash there is an error here, and flags end with it.

`python -m farrier_compiler.driver.worker DIRECTORY [--to PHASE] [--weights] -- FLAGS` reads
`DIRECTORY/input.mlirbc` and writes `output` or `failure.json` beside it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from farrier_runtime.errors import ArgumentError, CompileError

_SECONDS = 3600.0


def compile_in_worker(bytecode: bytes, flags: Sequence[str], timeout: float = _SECONDS) -> bytes:
    """Compile MLIR bytecode to a vmfb in a child process.

    Args:
        bytecode: the module, as MLIR bytecode or text.
        flags: IREE's flags, of sessions or of the whole process.
        timeout: seconds after which the child is killed.

    Returns:
        The vmfb.

    Raises:
        CompilationFailed: IREE refused the program.
        CompileError: the compiler died or took too long; the text says how.
        ArgumentError: IREE has no such flag, or it takes other values.

    Example:
        >>> from farrier_compiler.driver.targets import Target
        >>> text = b"func.func @same(%x: tensor<f32>) -> tensor<f32> {return %x : tensor<f32>}"
        >>> vmfb = compile_in_worker(text, Target.parse("cpu").flags())
    """
    return _run(bytecode, [], flags, timeout)


def phases_in_worker(
    bytecode: bytes,
    flags: Sequence[str],
    to: str,
    weights: bool = False,
    timeout: float = _SECONDS,
) -> list[tuple[str, str]]:
    """Run IREE's pipeline in a child process and return each phase's name and IR.

    Args:
        bytecode: the module, as MLIR bytecode or text.
        flags: IREE's flags, of sessions or of the whole process.
        to: the last phase to run.
        weights: print the elements of large constants too.
        timeout: seconds after which the child is killed.

    Raises:
        CompilationFailed: IREE refused the program.
        CompileError: the compiler died or took too long; the text says how.
        ArgumentError: IREE has no such flag, or it takes other values.
    """
    wanted = ["--to", to, *(["--weights"] if weights else [])]
    found: list[list[str]] = json.loads(_run(bytecode, wanted, flags, timeout))
    return [(name, text) for name, text in found]


def _run(bytecode: bytes, wanted: list[str], flags: Sequence[str], timeout: float) -> bytes:
    with tempfile.TemporaryDirectory(prefix="farrier-") as directory:
        place = Path(directory)
        (place / "input.mlirbc").write_bytes(bytecode)
        # -P: no module of the working directory may stand in for one of ours.
        command = [
            sys.executable,
            "-P",
            "-c",
            "import sys; from farrier_compiler.driver import worker; worker.main(sys.argv[1:])",
            directory,
            *wanted,
            "--",
            *flags,
        ]
        try:
            child = subprocess.run(
                command, capture_output=True, env=_environment(directory), timeout=timeout
            )
        except subprocess.TimeoutExpired:
            raise CompileError(_too_long(timeout)) from None
        if child.returncode == 0:
            return (place / "output").read_bytes()
        raise _failure(place, child, flags)


def _environment(directory: str) -> dict[str, str]:
    """The child finds what this process finds, and leaves its temporary files where we clean up."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**os.environ, "PYTHONPATH": path, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), directory)}


def _failure(
    place: Path, child: subprocess.CompletedProcess[bytes], flags: Sequence[str]
) -> Exception:
    report = place / "failure.json"
    errors = child.stderr.decode(errors="replace").strip()
    if report.exists():
        return _reported(json.loads(report.read_text()))
    if child.returncode == 1 and errors.startswith("farrier: "):
        return ArgumentError(_flag_refused(errors, flags))
    error = CompileError(_died(child.returncode, errors))
    if errors:
        error.add_note(f"It wrote:\n{errors[-4000:]}")
    return error


def _reported(report: dict[str, list[list[str]]]) -> Exception:
    from farrier_compiler.mlir import CompilationFailed

    if "flag" in report:
        return ArgumentError(report["flag"][0][0])
    return CompilationFailed([(severity, text) for severity, text in report["diagnostics"]])


def _flag_refused(errors: str, flags: Sequence[str]) -> str:
    line = errors.splitlines()[0].removeprefix("farrier: ")
    named = next((flag for flag in flags if flag.partition("=")[0].lstrip("-") in line), "")
    return f"IREE's compiler does not take the flag {named!r}: {line.partition('  Try:')[0]}"


def _died(code: int, errors: str) -> str:
    fatal = [line for line in errors.splitlines() if line.startswith("LLVM ERROR: ")]
    said = f" It said: {fatal[-1].removeprefix('LLVM ERROR: ').rstrip('.!')}." if fatal else ""
    return (
        f"IREE's compiler {_end(code)}: a bug in it, which this program or these flags reach."
        f"{said} Leave out parts of the program to find the one that does, or compile "
        "without the flags."
    )


def _end(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed by {name} ({signal.strsignal(-code) or 'unknown'})"


def _too_long(timeout: float) -> str:
    return (
        f"IREE's compiler was stopped after {timeout:g} s. Compile a smaller program, or with a "
        "lower optimization_level."
    )


# ------------------------------------------------------------------ in the child


def main(arguments: Sequence[str]) -> None:
    """Compile what the parent left in the directory, and exit."""
    from farrier_compiler import mlir

    cut = arguments.index("--")
    (directory, *wanted), flags = arguments[:cut], arguments[cut + 1 :]
    place = Path(directory)
    try:
        session = [flag for flag in flags if mlir.is_session_flag(flag)]
        rest = [flag for flag in flags if flag not in session]
        if rest:
            mlir.set_global_flags(rest)
        (place / "output").write_bytes(_compile(place, wanted, session))
    except mlir.CompilationFailed as failure:
        report = {"diagnostics": failure.diagnostics}
    except ArgumentError as error:
        report = {"flag": [[str(error)]]}
    else:
        sys.exit(0)
    (place / "failure.json").write_text(json.dumps(report))
    sys.exit(1)


def _compile(place: Path, wanted: Sequence[str], flags: Sequence[str]) -> bytes:
    from farrier_compiler.program import Program

    program = Program.read(place / "input.mlirbc", flags)
    if "--to" not in wanted:
        return program.compile()
    to = wanted[wanted.index("--to") + 1]
    return json.dumps(list(program.phases(to, "--weights" in wanted))).encode()
