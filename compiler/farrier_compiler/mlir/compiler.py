"""Interface to IREE's compiler: sessions, contexts, flags, diagnostics, pipeline and output."""
# pyright: basic, reportAttributeAccessIssue=false, reportMissingModuleSource=false

from __future__ import annotations

import ctypes
import logging
import mmap
import re
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from iree.compiler import ir
from iree.compiler.api import (
    Output,
    Session,
    Source,
    _initializeGlobalCL as _initialize_globals,
    ctypes_dl,
)

from farrier_compiler.mlir.failure import CompilationFailed, Diagnostic
from farrier_runtime.errors import ArgumentError

__all__ = [
    "CompilationFailed",
    "CompilerSession",
    "Invocation",
    "diagnostics_of",
    "invocation_of",
    "ir",
    "keep",
    "kept",
    "linker",
    "session_flags",
    "session_with",
    "set_global_flags",
]

_logger = logging.getLogger("farrier")


def set_global_flags(flags: Sequence[str]) -> None:
    """Set global flags of the process; an invalid one ends it."""
    _initialize_globals("farrier", *flags)


def session_flags(flags: Sequence[str]) -> list[str]:
    """Return the session flags among some flags; the others may be global.

    Raises:
        ArgumentError: a session flag does not take its value.
    """
    session, accepted = Session(), list[str]()
    for flag in flags:
        try:
            session.set_flags(flag)
        except ValueError as error:
            if "option not found" not in str(error):
                raise ArgumentError(_flag_error(flag)) from None
        else:
            accepted.append(flag)
    return accepted


def linker() -> Path:
    """Return the path of the linker in IREE's compiler package."""
    return Path(ctypes_dl.__file__).parents[1] / "_mlir_libs" / "iree-lld"


def _flag_error(flag: str) -> str:
    return (
        f"IREE's compiler does not take the flag {flag!r}: no session flag has that name or value."
    )


class CompilerSession(Session):
    """A session with its context, which lives as long as the process.

    It is never freed, because objects that Python still refers to would crash. A process that
    compiles ends with its job.

    Args:
        flags: session flags, which IREE freezes when the context is created.

    Raises:
        ArgumentError: IREE has no such session flag, or the flag does not take this value.
    """

    def __init__(self, flags: Sequence[str] = ()) -> None:
        super().__init__()
        for flag in flags:
            try:
                self.set_flags(flag)
            except ValueError:
                self.close()
                raise ArgumentError(_flag_error(flag)) from None
        pointer = _borrow_context(self._session_p)
        name = ctypes_dl.MLIR_PYTHON_CAPSULE_CONTEXT
        self.borrowed = ir.Context._CAPICreate(ctypes_dl.PyCapsule_New(pointer, name, None))
        # On 2 cores, threads make small modules 15 % slower and large ones no faster.
        self.borrowed.enable_multithreading(False)
        self.borrowed.load_all_available_dialects()
        self.borrowed.allow_unregistered_dialects = False  # such operations crash the pipeline

    def __del__(self) -> None:
        pass  # IREE's version would free a context that others may refer to


_kept: dict[tuple[str, ...], CompilerSession] = {}


def keep(flags: tuple[str, ...], session: CompilerSession) -> None:
    """Keep a session for later uses with the same flags."""
    _kept[flags] = session


def kept() -> Collection[tuple[str, ...]]:
    """Return the flags of the sessions that are kept."""
    return _kept


def session_with(flags: Sequence[str]) -> CompilerSession:
    """Return a session with some flags, either a kept or a new one.

    Raises:
        ArgumentError: IREE has no such session flag, or the flag does not take this value.
    """
    return _kept.get(tuple(flags)) or CompilerSession(flags)


@contextmanager
def invocation_of(session: CompilerSession) -> Generator[Invocation]:
    """Begin an invocation of the pipeline, and end it."""
    raw = session.invocation()
    try:
        yield Invocation(session, raw)
    finally:
        raw.close()


class Invocation:
    """An invocation of the pipeline; `invocation_of` makes them."""

    def __init__(self, session: CompilerSession, raw: Any) -> None:
        self._session = session
        self._raw = raw
        self._diagnostics: list[Diagnostic] = []
        self._callback = _watch(raw, self._diagnostics)  # must live as long as the invocation

    def parse(self, file: int, name: str) -> tuple[Any, Any]:
        """Parse an open file of MLIR text or bytecode.

        Returns:
            The module, and the memory that holds its weights.

        Raises:
            CompilationFailed: the file is not valid MLIR.
        """
        # Mapped, because bytecode must be aligned to 64 bytes; copy-on-write, for ctypes.
        memory = mmap.mmap(file, 0, access=mmap.ACCESS_COPY)
        buffer = (ctypes.c_char * len(memory)).from_buffer(memory)
        source = ctypes.c_void_p()
        arguments = (name.encode(), buffer, len(buffer), False, ctypes.byref(source))
        _wrap_buffer(self._session._session_p, *arguments)
        if not self._raw.parse_source(Source(self._session, source, buffer)):
            raise CompilationFailed(self._diagnostics, phase="parse")
        return self._raw.export_module(), buffer

    def run(self, operation: Any, after: str | None = None, to: str | None = None) -> None:
        """Run the pipeline, or the part of it between two phases, on a module in place.

        Raises:
            CompilationFailed: the compiler refused the program.
        """
        self._raw.import_module(operation)
        if after is not None:
            _compile_from(self._raw._inv_p, after.encode())
        if to is not None:
            _compile_to(self._raw._inv_p, to.encode())
        if not self._raw.execute():
            raise CompilationFailed(self._diagnostics)
        for severity, message in self._diagnostics:
            _logger.info("IREE says (%s): %s", severity, message)

    def write(self, file: int) -> None:
        """Write the vmfb that a complete run produces to an open file.

        Raises:
            CompilationFailed: the compiler could not write it.
        """
        pointer = ctypes.c_void_p()
        _open_output(file, ctypes.byref(pointer))
        output = Output(pointer)
        try:
            self._raw.output_vm_bytecode(output)
        except ValueError:
            raise CompilationFailed(self._diagnostics) from None
        finally:
            output.close()


_SEVERITIES = {0: "note", 1: "warning", 2: "error", 3: "remark"}
_Callback = ctypes.CFUNCTYPE(
    None, ctypes.c_int, ctypes.POINTER(ctypes.c_char), ctypes.c_size_t, ctypes.c_void_p
)


def _prototype(name: str, *arguments: Any, result: Any = None) -> Any:
    function = ctypes_dl._dylib[name]  # indexing copies, so IREE's own prototypes stay
    function.restype, function.argtypes = result, list(arguments)
    return function


_enable_callback = _prototype(
    "ireeCompilerInvocationEnableCallbackDiagnostics",
    ctypes.c_void_p,
    ctypes.c_int,
    _Callback,
    ctypes.c_void_p,
)
_compile_to = _prototype(
    "ireeCompilerInvocationSetCompileToPhase", ctypes.c_void_p, ctypes.c_char_p
)
_borrow_context = _prototype(
    "ireeCompilerSessionBorrowContext", ctypes.c_void_p, result=ctypes.c_void_p
)
_wrap_buffer = _prototype(
    "ireeCompilerSourceWrapBuffer",
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.POINTER(ctypes.c_char),
    ctypes.c_size_t,
    ctypes.c_bool,
    ctypes.c_void_p,
    result=ctypes.c_void_p,
)
_open_output = _prototype(
    "ireeCompilerOutputOpenFD", ctypes.c_int, ctypes.c_void_p, result=ctypes.c_void_p
)
_compile_from = _prototype(
    "ireeCompilerInvocationSetCompileFromPhase", ctypes.c_void_p, ctypes.c_char_p
)


def _watch(invocation: Any, diagnostics: list[Diagnostic]) -> Any:
    """Collect diagnostics through the C API, because a Python handler would abort the process."""

    def receive(severity: int, message: Any, size: int, _: Any) -> None:
        text = ctypes.string_at(message, size).decode(errors="replace")
        diagnostics.append((_SEVERITIES.get(severity, "note"), text))

    callback = _Callback(receive)
    _enable_callback(invocation._inv_p, 0, callback, None)
    return callback


def diagnostics_of(error: ir.MLIRError) -> list[Diagnostic]:
    """Return the messages of an MLIR exception, each after its source location."""
    return [("error", _place_text(d.location) + d.message) for d in error.error_diagnostics]


def _place_text(location: Any) -> str:
    match = re.search(r'"([^"]*)":(\d+):(\d+)', str(location))
    return f"{match[1]}:{match[2]}:{match[3]}: " if match else ""
