"""Folders of jobs, and the removal of those that killed processes left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from farrier_compiler.driver import job_folders
from support.compiler_process import assert_computes, compiled, wait_until
from support.programs import affine

HOLD = """
import sys, time
from farrier_compiler.driver import job_folders
job_folders.enter(sys.argv[1])
open("half written", "w").close()
print("entered", flush=True)
time.sleep(100)
"""


def held(path: str) -> subprocess.Popen[str]:
    """Start a process that is in a folder of its own."""
    command = [sys.executable, "-c", HOLD, path]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "entered\n"
    return process


def age(path: str) -> None:
    """Make a folder look as if it was last changed two hours ago."""
    hours_ago = time.time() - 7200
    os.utime(path, (hours_ago, hours_ago))


def test_an_old_folder_is_removed_once_its_process_has_ended(tmp_path: Path) -> None:
    mine, other = (job_folders.new_path(str(tmp_path)) for _ in range(2))
    with held(other) as process:
        age(other)
        job_folders.remove(mine)
        assert os.listdir(other) == ["half written"]
        process.send_signal(signal.SIGKILL)
    age(other)
    job_folders.remove(mine)
    assert os.listdir(tmp_path) == []


def test_a_folder_without_a_lock_stays_for_an_hour(tmp_path: Path) -> None:
    other = job_folders.new_path(str(tmp_path))
    os.mkdir(other)
    job_folders.remove(job_folders.new_path(str(tmp_path)))
    assert os.path.isdir(other)


@pytest.mark.usefixtures("temporary")
def test_a_compile_removes_the_folder_of_a_job_that_was_killed() -> None:
    path = job_folders.new_path(tempfile.gettempdir())
    with held(path) as process:
        process.kill()
    age(path)
    assert_computes(compiled(affine("f")))
    wait_until(lambda: not os.path.exists(path))


def test_other_files_and_folders_stay(tmp_path: Path) -> None:
    name = "farrier-0123456789abcdef"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").touch()
    (tmp_path / name).symlink_to("elsewhere")
    (tmp_path / name.replace("0", "1")).touch()
    for other in ("farrier-0123", "farrier", f"{name}.old"):
        (tmp_path / other).mkdir()
        age(str(tmp_path / other))
    before = sorted(tmp_path.rglob("*"))
    job_folders.remove(job_folders.new_path(str(tmp_path)))
    assert sorted(tmp_path.rglob("*")) == before
