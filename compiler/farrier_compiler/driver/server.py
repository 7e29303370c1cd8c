"""The compiler process, which imports IREE once and forks itself for every job.

Each job begins in the same state, may set global flags, and frees all its memory by ending; a crash
ends only that job. The process itself runs no jobs and has one thread. It ends with the process
that started it, because that closes the other end of its standard input.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from farrier_compiler.driver import job_folders
from farrier_compiler.driver.messages import Closed, Message, receive, send

Work = Callable[[socket.socket, str], None]
"""Runs a job, given its channel and the folder that it may make for its files."""

Prepare = Callable[[Message], None]
"""Prepares this process for later forks whose jobs have the given settings."""


def main() -> None:
    """Serve jobs until standard input is closed."""
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from farrier_compiler.driver.jobs import prepare, work

    Server(control, work, prepare).run()


@dataclass
class _Job:
    """A fork: the channel to its client, its process and its folder."""

    channel: socket.socket
    process: int
    folder: str


class Server:
    """Forks jobs, and reports and cleans up when they end.

    Args:
        control: receives jobs, as messages with the folder for temporary files and the job's
            settings; the job's channel and its log come as open files.
        work: runs a job in a fork.
        prepare: called after a fork to speed up later ones.
    """

    def __init__(self, control: socket.socket, work: Work, prepare: Prepare) -> None:
        self._control = control
        self._work = work
        self._prepare = prepare
        self._jobs: dict[int, _Job] = {}
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._ended, wakeup = socket.socketpair()
        wakeup.setblocking(False)
        self._wakeup = wakeup
        signal.signal(signal.SIGCHLD, _ignore)  # the wakeup descriptor reports it
        signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
        self._poll.register(self._ended, select.POLLIN)

    def run(self) -> None:
        """Serve until the control channel is closed, then end all jobs."""
        _freeze()
        with contextlib.suppress(Closed):
            while True:
                for number, _ in self._poll.poll():
                    self._serve(number)
        for job in self._jobs.values():
            _kill(job)
        while self._jobs:
            self._reap(0)

    def _serve(self, number: int) -> None:
        if number == self._control.fileno():
            self._start()
        elif number == self._ended.fileno():
            self._ended.recv(4096)
            while self._reap(os.WNOHANG):
                pass
        elif number in self._jobs:  # the job's client has hung up
            self._poll.unregister(number)
            _kill(self._jobs[number])

    def _start(self) -> None:
        message, (channel_number, log) = receive(self._control)
        channel = socket.socket(fileno=channel_number)
        folder = job_folders.new_path(message["folder"])
        process = os.fork()
        if process == 0:
            self._become(channel, log, folder)
        os.close(log)
        with contextlib.suppress(OSError):
            os.setpgid(process, process)
        self._jobs[channel.fileno()] = _Job(channel, process, folder)
        self._poll.register(channel, 0)  # wait for hang-ups only
        if message["settings"]:
            self._get_ready(message["settings"])

    def _get_ready(self, settings: Message) -> None:
        with contextlib.suppress(Exception):  # the job meets it too, and reports it to its client
            self._prepare(settings)
        _freeze()

    def _become(self, channel: socket.socket, log: int, folder: str) -> NoReturn:
        """Turn this fork into a job."""
        code = 1
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for other in (self._control, self._ended, self._wakeup, *self._channels()):
                other.close()
            os.dup2(log, 1)
            os.dup2(log, 2)
            self._work(channel, folder)
            code = 0
        except BaseException:
            traceback.print_exc()  # to the job's log
        finally:
            os._exit(code)

    def _channels(self) -> list[socket.socket]:
        return [job.channel for job in self._jobs.values()]

    def _reap(self, options: int) -> bool:
        """Wait for a job to end, and clean up after it; return whether one ended."""
        try:
            process, status = os.waitpid(-1, options)
        except ChildProcessError:
            self._jobs.clear()
            return False
        for number, job in [*self._jobs.items()]:
            if job.process == process:
                self._finish(number, status)
        return process != 0

    def _finish(self, number: int, status: int) -> None:
        job = self._jobs.pop(number)
        with contextlib.suppress(KeyError):
            self._poll.unregister(number)
        with contextlib.suppress(Closed, OSError):
            send(job.channel, {"ended": os.waitstatus_to_exitcode(status)})
        job.channel.close()
        job_folders.remove(job.folder)


def _freeze() -> None:
    """Exempt all objects from garbage collection, which would copy every page in the forks."""
    gc.collect()
    gc.freeze()


def _ignore(signal: int, frame: object) -> None:
    pass


def _kill(job: _Job) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(job.process, signal.SIGKILL)
