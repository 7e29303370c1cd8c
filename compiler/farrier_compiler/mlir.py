"""The door to IREE's compiler: sessions and contexts, flags, diagnostics, pipeline, vmfb bytes."""
# pyright: basic, reportAttributeAccessIssue=false, reportMissingModuleSource=false

from __future__ import annotations

import ctypes
import logging
import mmap
import re
import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from iree.compiler import ir
from iree.compiler.api import (
    Output,
    Session,
    Source,
    _initializeGlobalCL as _initialize_globals,
    ctypes_dl,
)

from farrier_runtime.errors import ArgumentError, CompileError

__all__ = [
    "CompilationFailed",
    "CompilerSession",
    "Invocation",
    "diagnostics_of",
    "invocation_of",
    "ir",
    "is_session_flag",
    "set_global_flags",
]

_logger = logging.getLogger("farrier")

Diagnostics = list[tuple[str, str]]


class CompilationFailed(CompileError):
    """IREE refused a program; what it said is still in its own words.

    Attributes:
        diagnostics: severity and text of each message, in order.
    """

    def __init__(self, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics
        super().__init__("\n".join(self.errors) or "The compiler failed and did not say why.")

    @property
    def errors(self) -> list[str]:
        """The texts of the errors."""
        return [message for severity, message in self.diagnostics if severity == "error"]


def set_global_flags(flags: Sequence[str]) -> None:
    """Set flags of the whole process; a wrong one ends it, so this is for the worker."""
    _initialize_globals("farrier", *flags)


def is_session_flag(flag: str) -> bool:
    """Return whether a flag is known to sessions; if not, it may be one of the whole process.

    Raises:
        ArgumentError: it is, but its value does not fit.
    """
    try:
        Session().set_flags(flag)
    except ValueError as error:
        if "option not found" in str(error):
            return False
        raise ArgumentError(_flag_error(flag)) from None
    return True


def _flag_error(flag: str) -> str:
    return (
        f"IREE's compiler does not take the flag {flag!r}: no session flag has that name or value."
    )


class CompilerSession(Session):
    """A session that is freed together with its context, once nothing refers to that any more.

    Session.context of IREE 3.13 hands the context over to Python, which never frees it: 3.4 MB and
    all weights at each compile. A borrowed one stays the session's.

    Args:
        flags: session flags, which IREE freezes when the context is made.

    Raises:
        ArgumentError: IREE has no such session flag, or it takes other values.
    """

    _released: ClassVar[deque[CompilerSession]] = deque()

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
        self.borrowed.load_all_available_dialects()
        self.borrowed.allow_unregistered_dialects = False  # such operations crash the pipeline

    def __del__(self) -> None:
        pass  # IREE's would free a context that others may refer to

    def release(self, count: Callable[[Any], int] = sys.getrefcount) -> None:
        """Free this session and those released before, as far as nothing refers to their contexts.

        Every type, value and operation in Python refers to its context, so references can tell.
        """
        released = self._released
        released.append(self)
        for _ in range(len(released)):
            session = released.popleft()
            if count(session.borrowed) == 2:  # the attribute's and the argument's
                session.close()
            else:
                released.append(session)


@contextmanager
def invocation_of(session: CompilerSession) -> Generator[Invocation]:
    """Begin one use of the pipeline, and end it."""
    raw = session.invocation()
    try:
        yield Invocation(session, raw)
    finally:
        raw.close()


class Invocation:
    """One use of the pipeline; `invocation_of` makes them."""

    def __init__(self, session: CompilerSession, raw: Any) -> None:
        self._session = session
        self._raw = raw
        self._diagnostics: Diagnostics = []
        self._callback = _watch(raw, self._diagnostics)  # must live as long as the invocation

    def parse(self, path: Path) -> tuple[Any, Any]:
        """Parse a file of MLIR text or bytecode.

        Returns:
            The module, and the memory that its weights lie in.

        Raises:
            CompilationFailed: the file is no valid MLIR.
        """
        # Mapped, because bytecode must be aligned to 64 bytes; copy on write, for ctypes.
        with open(path, "rb") as file:
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        buffer = (ctypes.c_char * len(memory)).from_buffer(memory)
        source = ctypes.c_void_p()
        arguments = (path.name.encode(), buffer, len(buffer), False, ctypes.byref(source))
        _wrap_buffer(self._session._session_p, *arguments)
        if not self._raw.parse_source(Source(self._session, source, buffer)):
            raise CompilationFailed(self._diagnostics)
        return self._raw.export_module(), buffer

    def run(self, operation: Any, after: str | None = None, to: str | None = None) -> None:
        """Run the pipeline on a module in place, or the part of it between two phases.

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

    def vmfb(self) -> bytes:
        """Return the result of a whole run.

        Raises:
            CompilationFailed: the compiler could not write it.
        """
        output = Output.open_membuffer()
        try:
            self._raw.output_vm_bytecode(output)
            return bytes(output.map_memory())
        except ValueError:
            raise CompilationFailed(self._diagnostics) from None
        finally:
            output.close()


_SEVERITIES = {0: "note", 1: "warning", 2: "error", 3: "remark"}
_Callback = ctypes.CFUNCTYPE(
    None, ctypes.c_int, ctypes.POINTER(ctypes.c_char), ctypes.c_size_t, ctypes.c_void_p
)


def _prototype(name: str, *arguments: Any, result: Any = None) -> Any:
    function = ctypes_dl._dylib[name]  # a copy: IREE's Python code keeps its own prototypes
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
_compile_from = _prototype(
    "ireeCompilerInvocationSetCompileFromPhase", ctypes.c_void_p, ctypes.c_char_p
)


def _watch(invocation: Any, diagnostics: Diagnostics) -> Any:
    """Collect diagnostics through the C API: a Python handler would abort the process."""

    def receive(severity: int, message: Any, size: int, _: Any) -> None:
        text = ctypes.string_at(message, size).decode(errors="replace")
        diagnostics.append((_SEVERITIES.get(severity, "note"), text))

    callback = _Callback(receive)
    _enable_callback(invocation._inv_p, 0, callback, None)
    return callback


def diagnostics_of(error: ir.MLIRError) -> Diagnostics:
    """Return the messages of an MLIR exception, each after its place in the source."""
    return [("error", _place_text(d.location) + d.message) for d in error.error_diagnostics]


def _place_text(location: Any) -> str:
    found = re.search(r'"([^"]*)":(\d+):(\d+)', str(location))
    return f"{found[1]}:{found[2]}:{found[3]}: " if found else ""
