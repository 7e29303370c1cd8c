"""Jobs of the compiler process; everything that needs MLIR is imported from here."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from farrier_compiler.driver import job_folders
from farrier_compiler.driver.failures import place_of
from farrier_compiler.driver.graph_messages import decode
from farrier_compiler.driver.messages import Closed, Message, receive, send
from farrier_compiler.driver.targets import UNPACKED_ONCE, Target, flags_for
from farrier_compiler.for_iree.builder import IreeBuilder
from farrier_compiler.for_iree.vnni import VnniBuilder
from farrier_compiler.graph import Graph
from farrier_compiler.mlir.compiler import keep, kept, linker, session_flags, set_global_flags
from farrier_compiler.mlir.failure import CompilationFailed
from farrier_compiler.mlir.module import MlirModule, device_attribute
from farrier_compiler.stablehlo.builder import Builder
from farrier_compiler.stablehlo.lower import lower, node_at
from farrier_runtime.dtypes import int4
from farrier_runtime.errors import FarrierError

Replies = Iterator[Message]

# The most sessions to keep: most processes compile for one target, with one set of options.
_KEPT_SESSIONS = 4


def prepare(settings: Message) -> None:
    """Warm up a session for jobs with these settings, and keep it for the forks of this process.

    The first use of a session takes a tenth of a small function's compile time.

    Args:
        settings: the parts of a request that its flags depend on.
    """
    targets = [Target.parse(text) for text in settings["targets"]]
    if len(targets) > 1 or settings["flags"] or len(kept()) == _KEPT_SESSIONS:
        return
    flags = _own_flags(targets, settings)
    if flags not in kept():
        program = MlirModule(flags)
        tensor = "tensor<4xf32>"
        program.function(
            "add",
            [("x", tensor)],
            [("y", tensor)],
            lambda inputs: program.operation("stablehlo.add", [tensor], [inputs[0], inputs[0]]),
        )
        program.device()
        keep(flags, program.session)


def _own_flags(targets: Sequence[Target], settings: Message) -> tuple[str, ...]:
    """Return the flags that targets and options imply; all are session flags for one target."""
    layout, level = settings["layout"], settings["optimization_level"]
    # A link in the job's folder, because IREE does not quote the linker's path.
    linker_flag = "--iree-llvmcpu-embedded-linker-path=./iree-lld"
    return (linker_flag, *flags_for(targets, device_attribute, layout, level))


def work(channel: socket.socket, folder: str) -> None:
    """Receive a job, run it in a folder of its own, and send its replies, then `done`."""
    thread = _thread(channel, folder)
    thread.join()


def _thread(*arguments: object) -> threading.Thread:
    """Start a worker thread with as large a stack as memory allows.

    LLVM recurses as deeply as a program nests, which overflows the usual 8 MiB.
    """
    for size in (512, 64):
        threading.stack_size(size << 20)
        thread = threading.Thread(target=_work, args=arguments)
        with contextlib.suppress(RuntimeError):
            thread.start()
            return thread
    raise MemoryError("there is no room for a stack")


def _work(channel: socket.socket, folder: str) -> None:
    try:
        job = Job(*receive(channel))
        _enter(folder)
        _forward_log(channel)
        for reply in _replies(job):
            send(channel, reply)
    except Closed:
        pass
    except _NoFolder as error:
        send(channel, {"refused": str(error)})
    except BaseException as error:
        trace = "".join(traceback.format_exception(error))
        send(channel, {"raised": f"{type(error).__name__}: {error}", "trace": trace})


def _replies(job: Job) -> Replies:
    try:
        yield from TASKS[job.message["task"]](job)
        yield {"done": True}
    except CompilationFailed as failure:
        origin = {"node": job.blamed(failure), "phase": failure.phase}
        yield {"failed": {"diagnostics": failure.diagnostics, **origin}}
    except FarrierError as error:
        yield {"error": [type(error).__name__, str(error)]}


class _NoFolder(Exception):
    """The folder for temporary files cannot be made."""


def _enter(folder: str) -> None:
    try:
        job_folders.enter(folder)
    except OSError as error:
        raise _NoFolder(error) from None
    # Relative, because IREE does not quote the linker's arguments.
    os.environ.update(dict.fromkeys(("TMPDIR", "TMP", "TEMP"), "."))


def _forward_log(channel: socket.socket) -> None:
    """Send what Farrier logs in this process to the process that requested the job."""
    handler = logging.Handler()
    handler.emit = lambda record: send(channel, {"log": [record.levelno, record.getMessage()]})
    logger = logging.getLogger("farrier")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)


class Job:
    """A program to compile, with its targets and options.

    Args:
        message: the request.
        files: descriptors of the open files that came with it.
    """

    def __init__(self, message: Message, files: Sequence[int]) -> None:
        self.message = message
        self.graphs: list[Graph] = []
        self._files = list(files)

    @functools.cached_property
    def targets(self) -> list[Target]:
        """The targets to compile for."""
        return [Target.parse(text) for text in self.message["targets"]]

    def take_file(self) -> int:
        """Return the descriptor of the next open file that came with the request."""
        return self._files.pop(0)

    def program(self, builder: Callable[[MlirModule], Builder] | None = None) -> MlirModule:
        """Return the program as verified MLIR: graphs are lowered, MLIR modules are parsed.

        Raises:
            CompilationFailed: it does not verify.
        """
        source, flags = self.take_file(), self._session_flags()
        if "module" in self.message:
            return MlirModule.read(source, self.message["module"], flags)
        self.graphs, outside = decode(self.message, source)
        if any(v.type.dtype is int4 for graph in self.graphs for v in graph.constants.values()):
            flags = (*flags, UNPACKED_ONCE)
        alone = frozenset(self.message.get("alone", ()))
        program = lower(self.graphs, builder or self._builder(), flags, outside, alone)
        program.verify()
        return program

    def _builder(self) -> Callable[[MlirModule], Builder]:
        lanes = self.message["vnni_lanes"]
        return functools.partial(VnniBuilder, lanes=lanes) if lanes else IreeBuilder

    def _session_flags(self) -> tuple[str, ...]:
        """Return the session flags, and set the global flags: this process runs only this job."""
        os.symlink(linker(), "iree-lld")
        flags = _own_flags(self.targets, self.message)
        if len(self.targets) == 1 and not self.message["flags"]:
            return flags
        flags = (*flags, *self.message["flags"])
        session = session_flags(flags)
        if rest := [flag for flag in flags if flag not in session]:
            set_global_flags(rest)
        return tuple(session)

    def blamed(self, failure: CompilationFailed) -> int | None:
        """Return the index of the node that the first error with a location points at."""
        nodes = [node for graph in self.graphs for node in graph.nodes]
        for message in failure.errors:
            place = place_of(message)
            node = node_at(self.graphs, *place) if place else None
            if node is not None:
                return nodes.index(node)
        return None


# ------------------------------------------------------------------ tasks


def _compile(job: Job) -> Replies:
    """Write the vmfb to the second file; reply with its device attribute and the seconds taken."""
    begin = time.perf_counter()
    program = job.program()
    lowered = time.perf_counter()
    device = program.compile(job.take_file())
    seconds = {"lower": lowered - begin, "iree": time.perf_counter() - lowered}
    yield {"device": device, "seconds": seconds}


def _phases(job: Job) -> Replies:
    """Reply with the name and the IR of each phase of IREE, in order."""
    for name, text in job.program().phases(job.message["to"], job.message["weights"]):
        yield {"name": name, "text": text}


def _stablehlo(job: Job) -> Replies:
    """Reply with portable StableHLO."""
    yield {"text": job.program(Builder).text(job.message["weights"])}


def _iree_input(job: Job) -> Replies:
    """Reply with the MLIR that IREE is given."""
    yield {"text": job.program().text(job.message["weights"])}


def _code(job: Job) -> Replies:
    """Reply with the name and text of each file of generated code that has a suffix."""
    job.message["flags"] = [*job.message["flags"], "--iree-hal-dump-executable-files-to=code"]
    program = job.program()
    program.compile(os.open(os.devnull, os.O_WRONLY))
    for file in sorted(Path("code").glob(f"*{job.message['ending']}")):
        yield {"name": file.name, "text": file.read_text(errors="replace")}


def _describe(job: Job) -> Replies:
    """Reply with a target's device attribute."""
    yield {"device": device_attribute(Target.parse(job.message["target"]).flags())}


TASKS: dict[str, Callable[[Job], Replies]] = {
    "compile": _compile,
    "phases": _phases,
    "stablehlo": _stablehlo,
    "iree-input": _iree_input,
    "code": _code,
    "device": _describe,
}
