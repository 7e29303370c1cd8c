"""Forks load, call and compile, whatever their parent did before."""

from __future__ import annotations

from pathlib import Path

import pytest

from fake_cuda.driver import build
from support.processes import run
from unit.runtime import modules

FORKED = """
import os, signal, sys, threading, warnings
import numpy as np
import farrier_runtime

warnings.simplefilter("ignore", DeprecationWarning)  # Python's, of forks of several threads
x = np.ones(4, np.float32)

leave = sys.exit

def in_fork(action):
    sys.stdout.flush()
    process = os.fork()
    if process == 0:
        signal.alarm(60)
        action()
        leave(7)  # after sys.exit, Python frees what it can
    assert os.waitpid(process, 0)[1] == 7 << 8
"""

CALLS = (
    FORKED
    + """
threads = None if sys.argv[2] == "None" else int(sys.argv[2])
run = farrier_runtime.load(sys.argv[1], threads=threads)
kept = run["double_large"](np.ones((256, 256), np.float32))

def child(depth=2):
    print(run(x, x).tolist(), float(kept.sum()), flush=True)
    print(farrier_runtime.load(sys.argv[1], threads=threads)(x, x).tolist(), flush=True)
    if depth:
        in_fork(lambda: child(depth - 1))

in_fork(child)
leave = os._exit  # the only way out of the fork of a thread
thread = threading.Thread(target=in_fork, args=(child,))
thread.start()
thread.join()
print(run(x, x).tolist(), float(kept.sum()))
"""
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an artifact."""
    file = tmp_path_factory.mktemp("artifact") / "net.vmfb"
    file.write_bytes(modules.artifact())
    return file


@pytest.mark.parametrize("threads", [None, 1, 2])
def test_forks_call_and_load(path: Path, threads: int | None) -> None:
    called, loaded = "[2.0, 2.0, 2.0, 2.0] 131072.0", "[2.0, 2.0, 2.0, 2.0]"
    printed = run(CALLS, str(path), str(threads))
    assert printed.splitlines() == [called, loaded] * 6 + [called]


REPLACED = (
    FORKED
    + """
run = farrier_runtime.load(sys.argv[1])
os.remove(sys.argv[1])
in_fork(lambda: print(run(x, x).tolist(), flush=True))
"""
)


def test_a_fork_needs_no_file(tmp_path: Path) -> None:
    file = tmp_path / "gone.vmfb"
    file.write_bytes(modules.artifact())
    assert run(REPLACED, str(file)) == "[2.0, 2.0, 2.0, 2.0]\n"


WHILE_CALLING = (
    FORKED
    + """
threads = None if sys.argv[2] == "None" else int(sys.argv[2])
run = farrier_runtime.load(sys.argv[1], threads=threads)
large = np.ones((256, 256), np.float32)
stop = threading.Event()

def work():
    while not stop.is_set():
        run["double_large"](large)

workers = [threading.Thread(target=work) for _ in range(2)]
for worker in workers:
    worker.start()
for _ in range(10):
    in_fork(lambda: print(float(run["double_large"](large).sum()), flush=True))
stop.set()
for worker in workers:
    worker.join()
"""
)


@pytest.mark.parametrize("threads", [None, 1])
def test_forks_while_other_threads_call(path: Path, threads: int | None) -> None:
    assert run(WHILE_CALLING, str(path), str(threads)) == "131072.0\n" * 10


COMPILES = (
    FORKED
    + """
import farrier as fr

def scaled(number):
    return fr.compile(lambda x: x * number, args=[fr.InputInfo((4,), fr.float32)], target="cpu")

double = scaled(2.0)
double.stream = fr.Stream()
print(double(x).tolist(), flush=True)
fr.config.eager = "compiled"
three = fr.Tensor(x) + 2
three.eval()

def child():
    print(double(x).tolist(), three.tolist(), flush=True)
    print(scaled(5.0)(x).tolist(), (fr.Tensor(x) + 2).tolist(), flush=True)

in_fork(child)
print(double(x).tolist())
"""
)


def test_forks_compile_and_evaluate() -> None:
    two, three, five = ([number] * 4 for number in (2.0, 3.0, 5.0))
    printed = run(COMPILES).splitlines()
    assert printed == [f"{two}", f"{two} {three}", f"{five} {three}", f"{two}"]


POOL = """
import multiprocessing, sys, warnings
import numpy as np
import farrier_runtime

warnings.simplefilter("ignore", DeprecationWarning)
run = farrier_runtime.load(sys.argv[1])

def work(number):
    return run(np.full(4, number, np.float32), np.ones(4, np.float32)).tolist()

with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map_async(work, range(3)).get(60))
"""


def test_a_pool_of_forks_calls(path: Path) -> None:
    assert run(POOL, str(path)) == f"{[[float(number + 1)] * 4 for number in range(3)]}\n"


ON_CUDA = (
    FORKED
    + """
run = farrier_runtime.load(sys.argv[1])
here = run(x, x)

def child():
    load = lambda: farrier_runtime.load(sys.argv[1])
    for action in (lambda: run(x, x), here.numpy, here.__dlpack__, load):
        try:
            action()
        except farrier_runtime.errors.DeviceError as error:
            print(error, flush=True)

in_fork(child)
print(run(x, x).numpy().tolist())
"""
)


def test_forks_of_a_process_that_used_cuda_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "cuda.vmfb"
    file.write_bytes(modules.device_artifact(modules.CUDA, "cuda:sm_80"))
    printed, _ = build(tmp_path).run(ON_CUDA, str(file))
    text = (
        "IREE's device cuda:0 was opened before this process was forked, and its driver works only "
        "in the process that opened it. Load and read in the parent, or start this process with "
        'multiprocessing.get_context("spawn")'
    )
    assert printed.splitlines() == [text] * 3 + [f"{file}: {text}", "[0.0, 0.0, 0.0, 0.0]"]
