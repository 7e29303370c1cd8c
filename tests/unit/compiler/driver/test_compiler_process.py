"""The compiler process: results, refusals, crashes, forks, threads and shutdown."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
import types
from pathlib import Path
from typing import Any

import pytest

from farrier_compiler.driver import compile_graphs, compiler_process, jobs
from farrier_compiler.driver.compile import Job
from farrier_compiler.driver.targets import Target
from farrier_compiler.mlir import compiler as mlir
from farrier_compiler.mlir.failure import CompilationFailed
from farrier_runtime.errors import CompileError
from support.compiler_process import (
    CPU,
    UNCACHED,
    assert_computes,
    compiled,
    refusal,
    wait_until,
)
from support.programs import (
    Cholesky,
    EmptyDot,
    Unfinished,
    affine,
    apply,
    argument,
    function,
)

pytestmark = pytest.mark.usefixtures("temporary")


def process_id() -> int:
    server = compiler_process._process._server  # pyright: ignore[reportPrivateUsage]
    assert server is not None
    return server.child.pid


# ---------------------------------------------------------------------- results and refusals


def test_flags_of_the_process_are_those_of_one_job() -> None:
    flag = "--iree-llvmcpu-distribution-size=4"  # the dispatch is spread over more workgroups
    graph = affine("f", 256)
    without = compiled(graph)
    assert compiled(graph, flag) != without
    assert compiled(graph) == without


def test_a_refusal_comes_back_as_data() -> None:
    x = apply("tanh", argument(3, 3))
    graph = function("f", apply("add", apply(Cholesky(), x), x))
    job = Job.prepare([graph], CPU, UNCACHED)
    with pytest.raises(CompileError) as raised, tempfile.TemporaryFile() as file:
        job.compile(file)
    failure = raised.value.__context__
    assert isinstance(failure, CompilationFailed)
    assert (failure.node, failure.phase) == (1, "compile")
    assert failure.errors[0].split(": ", 1)[1].startswith("failed to legalize operation ")


def test_an_op_of_a_script_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cholesky, "__module__", "__main__")
    assert str(refusal(function("f", apply(Cholesky(), argument(3, 3))))) == (
        "The op cholesky is defined in __main__, which the compiler process cannot import. Define "
        "it in a module of its own."
    )


def test_a_crash_is_an_error_that_names_the_signal() -> None:
    graph = function("f", apply(EmptyDot(), argument(4, 0)))
    before = compiled(affine("f")) and process_id()
    assert str(refusal(graph, layout="compact", passes="")) == (
        "IREE's compiler was killed by SIGFPE (Floating point exception), a bug that this program "
        "or these flags trigger. Leave out parts of the program to find the one that does, or "
        "compile without the flags."
    )
    assert_computes(compiled(affine("f")))
    assert process_id() == before


def test_a_bug_in_farrier_is_called_one() -> None:
    error = refusal(function("f", apply(Unfinished(), argument(3))))
    assert str(error).startswith(
        "Farrier could not compile this program: NotImplementedError: Unfinished. This is a bug in "
        "Farrier: report it with the program, or leave out parts of the program to find the one "
        "that causes it."
    )
    assert "in lower" in "".join(error.__notes__)


def test_an_abort_says_what_the_compiler_said() -> None:
    error = refusal(affine("f"), "--iree-llvmcpu-target-cpu=nonsense")
    assert str(error).startswith("IREE's compiler ended with exit code 1, a bug that this program ")
    assert "It said: 64-bit code requested on a subtarget that doesn't support it." in str(error)
    assert "List of accepted CPUs" in "".join(error.__notes__)


def test_a_job_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler_process, "TIMEOUT", 0.01)
    assert str(refusal(affine("f"))) == (
        "IREE's compiler was stopped after 0.01 s. Compile a smaller program, or with a lower "
        "optimization_level."
    )


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--no-such-flag", "Unknown command line argument '--no-such-flag'."),
        (
            "--iree-llvmcpu-distribution-size=many",
            "for the --iree-llvmcpu-distribution-size option: 'many' value invalid for integer "
            "argument!",
        ),
        ("--iree-opt-level=O9", "no session flag has that name or value."),
    ],
)
def test_flags_that_do_not_exist_are_refused(flag: str, reason: str) -> None:
    error = refusal(affine("f"), flag)
    assert str(error) == f"IREE's compiler does not take the flag '{flag}': {reason}"


def test_an_abandoned_dump_ends_its_job() -> None:
    phases: Any = Job.prepare([affine("f")], CPU, UNCACHED).replies("phases", to="vm", weights=0)
    assert next(phases)["name"] == "input"
    phases.close()
    wait_until(lambda: jobs_of(process_id()) == [])


# ---------------------------------------------------------------------- the process

QUIET = """
import sys, farrier as fr
x = fr.InputInfo((2, 64), fr.float32)
net = fr.Linear(64, 64)
net.reset_parameters(seed=0)
fr.compile(net, args=[x], target="cpu").save(sys.argv[1])
print([name for name in sys.modules if name.startswith("iree.compiler")])
with open("/proc/self/maps") as maps:
    print("libIREECompiler" in maps.read())
"""


def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in another process, without a cache."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"FARRIER_CACHE": "0"} | environment,
        check=False,
    )


def test_no_mlir_and_no_compiler_of_iree_are_in_this_process(tmp_path: Path) -> None:
    done = run(QUIET, str(tmp_path / "net.vmfb"))
    assert (done.stdout, done.stderr) == ("[]\nFalse\n", "")


@pytest.mark.parametrize("target", ["cpu", "cpu:aarch64", "cuda:sm_80"])
def test_what_the_process_keeps_of_a_job_changes_no_artifact(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = compiler_process._Process()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(compiler_process, "_process", fresh)
    first, later = (
        compile_graphs([affine("f", 256)], [Target.parse(target)], UNCACHED).to_bytes()
        for _ in range(2)
    )
    assert first == later
    fresh.leave()


def test_the_process_keeps_sessions_for_a_few_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlir, "_kept", {})

    def kept_after(targets: str, level: int, *flags: str) -> int:
        settings = {"targets": targets.split(), "flags": flags}
        jobs.prepare(settings | {"layout": "tiled", "optimization_level": level})
        return len(mlir.kept())

    assert kept_after("cpu cuda:sm_80", 3) == 0
    assert kept_after("cpu", 3, "--iree-scheduling-optimize-bindings=false") == 0
    assert [kept_after("cpu", level) for level in (3, 3, 2, 1, 0)] == [1, 1, 2, 3, 4]
    assert kept_after("cpu:x86-64-v3", 3) == 4


def test_threads_compile_at_the_same_time() -> None:
    artifacts: dict[int, bytes] = {}

    def work(seed: int) -> None:
        artifacts[seed] = compiled(affine("f", seed=seed))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(5):
        assert_computes(artifacts[seed], seed)


def test_a_process_that_was_killed_is_replaced() -> None:
    compiled(affine("f"))
    before = process_id()
    wait_until(lambda: not os.listdir(tempfile.gettempdir()))  # it has cleaned up
    os.kill(before, 9)
    wait_until(lambda: not alive(before))
    assert_computes(compiled(affine("f")))
    assert process_id() != before


def test_a_job_of_a_process_that_is_replaced_does_not_wait_for_the_new_one() -> None:
    process = compiler_process._Process()  # pyright: ignore[reportPrivateUsage]
    with process.job({}) as (_, _, first):
        first.child.kill()
        wait_until(lambda: first.child.poll() is not None)
        with process.job({}) as (_, _, second):
            assert "was killed by SIGKILL" in str(process.lost(first))
            assert second.child.poll() is None
    process.leave()


def test_a_process_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = compiler_process._Process()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(compiler_process, "_process", fresh)
    monkeypatch.setattr(compiler_process, "_START", "raise SystemExit('no compiler today')")
    error = refusal(affine("f"))
    assert str(error) == (
        "The compiler process ended with exit code 1. The next compile starts another one."
    )
    assert error.__notes__ == ["It wrote:\nno compiler today"]


def test_an_interpreter_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = compiler_process._Process()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(compiler_process, "_process", fresh)
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert str(refusal(affine("f"))) == (
        "The compiler process cannot be started with '/no/such/python': No such file or directory."
    )


def test_systems_without_fork_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = compiler_process._Process()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(compiler_process, "_process", fresh)
    monkeypatch.delattr(os, "fork")
    assert str(refusal(affine("f"))) == (
        "Compiling needs Linux or macOS, because it forks. Compile there: the artifact also runs "
        "here."
    )


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = compiler_process._Process()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(compiler_process, "_process", fresh)
    monkeypatch.setattr(compiler_process, "_PACKAGES", ("no_such_package",))
    assert str(refusal(affine("f"))) == (
        "Compiling needs IREE's compiler, which is not installed here: pip install "
        "iree-base-compiler."
    )


def test_a_file_with_the_name_of_a_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = compiler_process._Process()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(compiler_process, "_process", fresh)
    other = types.ModuleType("iree")
    other.__file__ = "/home/me/iree.py"
    monkeypatch.setitem(sys.modules, "iree", other)
    monkeypatch.delitem(sys.modules, "iree.compiler", raising=False)
    assert str(refusal(affine("f"))) == (
        "Compiling needs IREE's compiler, but /home/me/iree.py has its name: rename that file."
    )


FORK = """
import os, signal, sys
import farrier as fr
def compile(number):
    x = fr.InputInfo((2,), fr.float32)
    return fr.compile(lambda x: x * number, args=[x], target="cpu").save(sys.argv[1])
print(compile(2.0).name, flush=True)
for number in (3.0, 4.0):
    if os.fork() == 0:
        signal.alarm(100)
        print(compile(number).name, flush=True)
        os._exit(0)
    print(os.wait()[1], flush=True)
print(compile(5.0).name, flush=True)
"""


def test_forks_compile(tmp_path: Path) -> None:
    done = run(FORK, str(tmp_path / "net.vmfb"))
    lines = ["net.vmfb", "net.vmfb", "0", "net.vmfb", "0", "net.vmfb"]
    assert (done.stdout.split("\n")[:-1], done.stderr) == (lines, "")


LONG = """
import farrier as fr
from farrier_compiler.driver import compiler_process
def slow(x):
    for _ in range(200):
        x = fr.softmax(x @ x, dim=1)
    return x
compiler_process.start()
print(compiler_process._process._server.child.pid, flush=True)
try:
    fr.compile(slow, args=[fr.InputInfo((64, 64), fr.float32)], target="cpu")
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def start_a_long_compile() -> tuple[subprocess.Popen[str], int]:
    """Start a process that compiles for long, and return it and its compiler process."""
    child = subprocess.Popen(
        [sys.executable, "-c", LONG],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"FARRIER_CACHE": "0", "TMPDIR": tempfile.gettempdir()},
    )
    assert child.stdout is not None
    compiler = int(child.stdout.readline())
    wait_until(lambda: len(jobs_of(compiler)) == 1)
    return child, compiler


def jobs_of(compiler: int) -> list[int]:
    children = Path(f"/proc/{compiler}/task/{compiler}/children")
    return [int(text) for text in children.read_text().split()] if children.exists() else []


def alive(process: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


def test_ctrl_c_ends_the_compile() -> None:
    child, compiler = start_a_long_compile()
    (job,) = jobs_of(compiler)
    time.sleep(0.5)
    child.send_signal(2)
    assert child.communicate(timeout=60) == ("interrupted\n", "")
    wait_until(lambda: not alive(job))
    wait_until(lambda: not alive(compiler))


def test_the_process_dies_with_the_one_that_started_it() -> None:
    child, compiler = start_a_long_compile()
    (job,) = jobs_of(compiler)
    child.kill()
    wait_until(lambda: not alive(job) and not alive(compiler))
    child.communicate()
