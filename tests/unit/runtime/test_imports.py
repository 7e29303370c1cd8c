"""Imports at first use: results, errors, signals, forks and the process's end."""

from __future__ import annotations

from pathlib import Path

import pytest

from farrier_runtime import imports
from support.processes import run

SLOW = "import sys, time\nsys.counted = getattr(sys, 'counted', 0) + 1\ntime.sleep(0.3)\ndone = 7\n"

SIGNAL = """
import signal, sys
from farrier_runtime import imports

sys.path.insert(0, sys.argv[1])

def handler(*_):
    raise RuntimeError("in time")

signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.1)
try:
    imports.module("slow")
except RuntimeError as error:
    print(error)
print(imports.module("slow").done, sys.counted)
"""

FORK = """
import os, signal, sys, threading, time, warnings
from farrier_runtime import imports

warnings.simplefilter("ignore", DeprecationWarning)  # Python's, of forks of several threads
sys.path.insert(0, sys.argv[1])
thread = threading.Thread(target=imports.module, args=("slow",))
thread.start()
while not hasattr(sys, "counted"):
    time.sleep(0.001)
process = os.fork()
if process == 0:
    signal.alarm(60)
    os._exit(imports.module("slow").done)
print(os.waitpid(process, 0)[1] >> 8, sys.counted)
thread.join()
"""

END = """
import atexit
import numpy as np
from farrier_runtime import imports

arrays = {name: np.zeros(2, np.int8) for name in "abcd"}

@atexit.register
def end():
    digests = imports.module("farrier_runtime.hashes").hashes(arrays)
    print(*(digest[:4] for digest in digests.values()))
"""


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Return a folder with a module whose import takes long."""
    (tmp_path / "slow.py").write_text(SLOW)
    return str(tmp_path)


def test_a_missing_module_is_an_error_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="No module named 'no_such_module'"):
            imports.module("no_such_module")


def test_a_signal_does_not_end_an_import(folder: str) -> None:
    assert run(SIGNAL, folder) == "in time\n7 1\n"


def test_a_fork_waits_for_imports(folder: str) -> None:
    assert run(FORK, folder) == "7 1\n"


def test_imports_work_at_the_end_of_a_process() -> None:
    assert run(END) == "96a2 96a2 96a2 96a2\n"
