"""Storms of signals and forks, nine of 20 s each, which no call and no compile fails in."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.processes import run
from unit.runtime import modules

STORM = """
import random, signal, sys, threading, time, warnings
import numpy as np
import farrier as fr
import farrier_runtime

# Python's own: a file whose owner was interrupted closes itself.
warnings.simplefilter("ignore", ResourceWarning)

class Stop(Exception):
    pass

armed = False
kept = []

def stop(number, frame):
    global armed
    if armed:
        armed = False
        raise Stop

signal.signal(signal.SIGALRM, stop)

# Python itself reports, and ignores, what a handler raises inside of a finalizer.
def report(unraisable):
    if not isinstance(unraisable.exc_value, Stop):
        sys.__unraisablehook__(unraisable)

sys.unraisablehook = report

def interrupted(action, limit):
    global armed
    try:
        try:
            armed = True
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, limit))
            action()
        finally:
            armed = False
    except Stop as error:
        kept[:] = [*kept[-50:], error]  # with all frames

def in_thread(action):
    results = []
    thread = threading.Thread(target=lambda: results.append(action()), daemon=True)
    thread.start()
    thread.join(60)
    return results[0]

end = time.monotonic() + 20
"""

SIGNALS = (
    STORM
    + """
threads = None if sys.argv[2] == "None" else int(sys.argv[2])
net = farrier_runtime.load(sys.argv[1], threads=threads)
x = np.ones(4, np.float32)
actions = {
    "call": (lambda: net(x, x).tolist(), [2.0] * 4),
    "load": (lambda: farrier_runtime.load(sys.argv[1], threads=threads)(x, x).tolist(), [2.0] * 4),
    "eager": (lambda: (fr.ones((3,)) * 2 + 1).tolist(), [3.0] * 3),
}
action, expected = actions[sys.argv[3]]
while time.monotonic() < end:
    for limit in (1e-4, 1e-3, 1e-2):
        interrupted(lambda: [action() for _ in range(20)], limit)
    assert action() == expected
    assert in_thread(action) == expected
signal.setitimer(signal.ITIMER_REAL, 0)
print("alive")
"""
)

COMPILES = (
    STORM
    + """
info = fr.InputInfo((4,), fr.float32)

def scaled(number):
    net = fr.compile(lambda x: x * number, args=[info], target="cpu")
    return net(fr.ones((4,))).tolist() == [number] * 4

number = 1.0
while time.monotonic() < end:
    number += 1
    interrupted(lambda: scaled(number), 0.8)
    assert scaled(number + 0.5)
signal.setitimer(signal.ITIMER_REAL, 0)
print("alive")
"""
)

FORKS = """
import os, signal, sys, threading, time, warnings
import numpy as np
import farrier_runtime

warnings.simplefilter("ignore", DeprecationWarning)
threads = None if sys.argv[2] == "None" else int(sys.argv[2])
net = farrier_runtime.load(sys.argv[1], threads=threads)
large = net["double_large"]
x = np.ones((256, 256), np.float32)
kept = [large(x) for _ in range(4)]
end = time.monotonic() + 20

def work():
    while time.monotonic() < end:
        assert large(x).sum() == 2 * x.size

workers = [threading.Thread(target=work) for _ in range(3)]
for worker in workers:
    worker.start()
while time.monotonic() < end:
    process = os.fork()
    if process == 0:
        signal.alarm(60)
        assert sum(float(array.sum()) for array in kept) == 8 * x.size
        kept.clear()
        assert large(x).sum() == 2 * x.size
        sys.exit(7)
    assert os.waitpid(process, 0)[1] == 7 << 8
for worker in workers:
    worker.join()
print("alive")
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an artifact."""
    file = tmp_path_factory.mktemp("artifact") / "net.vmfb"
    file.write_bytes(modules.artifact())
    return file


@pytest.mark.parametrize("threads", [None, 1])
@pytest.mark.parametrize("action", ["call", "load", "eager"])
def test_signals_do_no_harm(path: Path, threads: int | None, action: str) -> None:
    assert run(SIGNALS, str(path), str(threads), action, limit=200) == "alive\n"


def test_signals_during_compiles_do_no_harm() -> None:
    assert run(COMPILES, limit=200) == "alive\n"


@pytest.mark.parametrize("threads", [None, 1])
def test_forks_do_no_harm(path: Path, threads: int | None) -> None:
    assert run(FORKS, str(path), str(threads), limit=200) == "alive\n"
