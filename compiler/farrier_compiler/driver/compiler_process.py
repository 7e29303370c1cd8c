"""Client of the compiler process, which starts it, sends it jobs and receives their replies."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import logging
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from farrier_compiler.driver import endings
from farrier_compiler.driver.messages import Closed, Message, anonymous_file, receive, send
from farrier_compiler.mlir.failure import CompilationFailed
from farrier_runtime import claims, errors
from farrier_runtime.claims import Slots
from farrier_runtime.errors import CompileError

_logger = logging.getLogger("farrier")

# A job that has not replied for this many seconds is ended.
TIMEOUT = 3600.0

# The process imports these from where this process would; it inherits nothing else of sys.path.
_PACKAGES = ("farrier_compiler", "farrier_runtime", "numpy", "ml_dtypes", "iree.compiler")

_START = (
    "import sys; sys.path += sys.argv[1:]; "
    "from farrier_compiler.driver import server; server.main()"
)


def start() -> None:
    """Start the compiler process if there is none; it imports IREE meanwhile."""
    _process.start()


def replies(message: Mapping[str, Any], files: Sequence[int] = ()) -> Iterator[Message]:
    """Run a job, and yield its replies.

    The job ends with this iterator, also when that is closed or an exception passes through it.

    Args:
        message: the request; `jobs.TASKS` lists the tasks.
        files: descriptors of open files that the job needs.

    Raises:
        CompilationFailed: IREE refused the program.
        ArgumentError: IREE has no such flag, or the flag does not take this value.
        CompileError: the job failed; the text says why.
    """
    with _process.job(_settings(message)) as (channel, log, server):
        began = time.monotonic()
        try:
            with contextlib.suppress(Closed):  # it may have ended, and then has sent the reason
                send(channel, message, files)
            yield from _answers(channel, log, message)
        except TimeoutError:
            if time.monotonic() - began < TIMEOUT:
                raise  # a signal handler's
            raise CompileError(endings.too_long(TIMEOUT)) from None
        except Closed:
            raise _process.lost(server) from None


def _answers(channel: socket.socket, log: int, message: Mapping[str, Any]) -> Iterator[Message]:
    while True:
        answer, _ = receive(channel)
        if "log" in answer:
            _logger.log(*answer["log"])
        elif "done" in answer:
            return
        elif "failed" in answer:
            failure = CompilationFailed(**answer["failed"])
            failure.output = _text(log)
            raise failure
        elif "error" in answer:
            raise getattr(errors, answer["error"][0])(answer["error"][1])
        elif "raised" in answer:
            raise endings.bug(answer["raised"], answer["trace"])
        elif "refused" in answer:
            raise CompileError(f"The compiler cannot begin: {answer['refused']}.")
        elif "ended" in answer:
            raise endings.failure(answer["ended"], _text(log), message.get("flags", ()))
        else:
            yield answer


def _settings(message: Mapping[str, Any]) -> Message:
    """Return the settings that the next job may share with this one."""
    names = ("targets", "layout", "optimization_level", "flags")
    return {name: message[name] for name in names if name in message}


Child = subprocess.Popen[bytes]


def _text(file: int) -> str:
    return os.pread(file, 1 << 20, 0).decode(errors="replace").strip()


class Server(NamedTuple):
    """A running compiler process, the channel that brings it jobs, and the file it writes to.

    The process ends when nothing refers to the channel any more.
    """

    control: socket.socket
    child: Child
    log: int


class _Process:
    """The compiler process of this process, started when a job needs it.

    A signal handler's exception may end any step; the next job works all the same.
    """

    def __init__(self) -> None:
        self._most_jobs = max(2, os.cpu_count() or 1)
        self._turns: Slots[None] = Slots(1, awaited=True)
        self._server: Server | None = None
        self._is_between_messages = True
        self._channels: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    @contextlib.contextmanager
    def job(self, settings: Message) -> Generator[tuple[socket.socket, int, Server]]:
        """Begin a job, and end it in any case.

        Yields:
            Its channel, the descriptor of its log, and the process that runs it.
        """
        while self._running_jobs() >= self._most_jobs:
            time.sleep(0.01)
        channel, far_end = socket.socketpair()
        channel.settimeout(TIMEOUT)
        log = anonymous_file()
        try:
            with far_end:
                server = self._begin(settings, [far_end.fileno(), log])
            self._channels.add(channel)
            yield channel, log, server
        finally:
            with contextlib.suppress(OSError):  # a fork of this process may hold it open
                channel.shutdown(socket.SHUT_RDWR)
            channel.close()
            os.close(log)

    def _running_jobs(self) -> int:
        """Count the jobs whose channel is open at both ends."""
        numbers = [channel.fileno() for channel in [*self._channels]]
        channels = select.poll()
        here = [number for number in numbers if number >= 0]
        for number in here:
            channels.register(number, 0)
        return len(here) - len(channels.poll(0))

    def _begin(self, settings: Message, files: Sequence[int]) -> Server:
        message = {"folder": temporary_folder(), "settings": settings}
        turn = self._turns.claim()
        try:
            server = self._usable() or self._start()
            self._is_between_messages = False
            try:
                send(server.control, message, files)
            except Closed:  # the process was killed since the last job
                self._stop()
                server = self._start()
                send(server.control, message, files)
            self._is_between_messages = True
            return server
        finally:
            self._turns.release(turn)

    def start(self) -> None:
        """Start the process if there is none."""
        turn = self._turns.claim()
        try:
            if self._server is None:
                self._start()
        finally:
            self._turns.release(turn)

    def _usable(self) -> Server | None:
        """Return the process unless it has ended, or may have received only part of a message."""
        server = self._server
        if server is not None and server.child.poll() is not None:
            self._stop()
        elif server is not None and not self._is_between_messages:
            server.child.returncode = 0  # it ends after the jobs of other threads
            self._server = None
        return self._server

    def _start(self) -> Server:
        """Start the process; jobs may be sent at once, and wait until it has imported IREE."""
        if not hasattr(os, "fork"):
            raise CompileError(
                "Compiling needs Linux or macOS, because it forks. Compile there: the artifact "
                "also runs here."
            )
        # -S: site-packages may hold a sitecustomize; -P: so may the working directory.
        command = [sys.executable, "-P", "-s", "-S", "-c", _START, *_roots()]
        control, far_end = socket.socketpair()
        log = anonymous_file()
        try:
            child = subprocess.Popen(
                command,
                stdin=far_end.fileno(),
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,  # Ctrl-C at the terminal is this process's
            )
        except OSError as error:
            control.close()
            os.close(log)
            if error.errno is None:
                raise  # a signal handler's
            raise CompileError(
                f"The compiler process cannot be started with {sys.executable!r}: {error.strerror}."
            ) from None
        finally:
            far_end.close()
        self.forget()  # a signal handler's job may have started one meanwhile
        self._server = server = Server(control, child, log)
        self._is_between_messages = True
        return server

    def _stop(self) -> None:
        """Forget a process that is dead."""
        server, self._server = self._server, None
        if server is not None:
            server.control.close()
            server.child.wait()
            os.close(server.log)

    def lost(self, server: Server) -> CompileError:
        """Return the error for a job that was lost because its process died."""
        code, output = server.child.wait(), ""
        turn = self._turns.claim()
        try:
            if server is self._server:  # else another thread has replaced it
                output = _text(server.log)
                self._stop()
        finally:
            self._turns.release(turn)
        error = CompileError(
            f"The compiler process {endings.ending(code)}. The next compile starts another one."
        )
        if output:
            error.add_note(f"It wrote:\n{output[-4000:]}")
        return error

    def forget(self) -> None:
        """Send no more jobs; the process ends, unless a parent of this fork still uses it."""
        if self._server is not None:
            self._server.control.close()
            self._server.child.returncode = 0  # prevents the warning that nobody waited for it

    def leave(self) -> None:
        """Close all channels too, which ends the jobs."""
        self.forget()
        for channel in self._channels:
            channel.close()


_process = _Process()


def _forked() -> None:
    global _process
    _process.leave()
    _process = _Process()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


@atexit.register
def _process_ends() -> None:
    claims.end()  # no thread sends a job after that
    _process.forget()


def _roots() -> list[str]:
    """Return the folders that the process imports from.

    Raises:
        CompileError: a package is not installed.
    """
    roots: dict[str, None] = {}
    for name in _PACKAGES:
        roots[str(Path(_origin(name)).parents[name.count(".") + 1])] = None
    return list(roots)


def _origin(name: str) -> str:
    """Return the file of a package, which need not have been imported."""
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # its parent is not a package
        spec = None
    if spec is not None and spec.origin is not None:
        return spec.origin
    other = getattr(sys.modules.get(name.partition(".")[0]), "__file__", None)
    if other:
        raise CompileError(
            f"Compiling needs IREE's compiler, but {other} has its name: rename that file."
        )
    raise CompileError(
        "Compiling needs IREE's compiler, which is not installed here: "
        "pip install iree-base-compiler."
    )


def _environment() -> dict[str, str]:
    # A fixed seed fixes the order of sets of strings; one thread, because the process forks.
    fixed = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    dropped = ("PYTHONPATH", "PYTHONWARNINGS", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONDEVMODE")
    return {name: text for name, text in os.environ.items() if name not in dropped} | fixed


def temporary_folder() -> str:
    """Return the folder for temporary files.

    Raises:
        CompileError: none is writable.
    """
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        raise CompileError(
            "Compiling needs a writable folder for temporary files, and there is none: set TMPDIR "
            "to one."
        ) from None
