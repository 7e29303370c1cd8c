"""Signal handlers that run while the compiler process starts or a job is awaited."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from farrier_compiler.driver import compiler_process
from support.compiler_process import compiled, wait_until
from support.programs import affine

pytestmark = pytest.mark.usefixtures("temporary")


def late(*_: Any, **__: Any) -> None:
    raise TimeoutError("too late")


def fresh() -> compiler_process._Process:  # pyright: ignore[reportPrivateUsage]
    return compiler_process._Process()  # pyright: ignore[reportPrivateUsage]


def test_a_handlers_timeout_while_a_job_is_awaited_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler_process, "receive", late)
    with pytest.raises(TimeoutError, match="too late"):
        compiled(affine("f"))


def test_a_handlers_timeout_while_the_process_starts_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subprocess, "Popen", late)
    with pytest.raises(TimeoutError, match="too late"):
        fresh().start()


def test_a_handler_may_compile_while_the_process_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    process, start = fresh(), subprocess.Popen[bytes]
    started: list[subprocess.Popen[bytes]] = []

    def interrupted(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        child = start(*args, **kwargs)
        started.append(child)
        if len(started) == 1:
            process.start()
        return child

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    process.start()
    wait_until(lambda: started[1].returncode == 0)  # nobody waits for it
    assert started[0].poll() is None
    process.forget()
