"""The runtime in separate processes: without a compiler, with other thread counts, with CUDA."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fake_cuda.driver import FakeCuda, build
from unit.runtime import modules


def run(code: str, *arguments: str | Path) -> str:
    """Run Python code in a new process and return what it prints."""
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"exit status {done.returncode}:\n{done.stderr}"
    assert done.stderr == ""
    return done.stdout


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an artifact for this machine's CPU."""
    file = tmp_path_factory.mktemp("artifact") / "net.vmfb"
    file.write_bytes(modules.device_artifact(modules.CPU, "cpu:host"))
    return file


WITHOUT_A_COMPILER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        top, second = (name + ".").split(".")[:2]
        if top in ("farrier", "farrier_compiler") or (top, second) == ("iree", "compiler"):
            raise ImportError(f"{name} is not installed")

sys.meta_path.insert(0, Blocker())
import farrier_runtime
print(farrier_runtime.load(sys.argv[1])([1, 2, 3, 4], [1, 1, 1, 1]))
"""


def test_loading_and_running_needs_no_compiler(path: Path) -> None:
    assert run(WITHOUT_A_COMPILER, path) == "[2. 3. 4. 5.]\n"


IMPORTS = """
import sys
import farrier_runtime
print([name for name in sys.modules if name.startswith("iree")])
"""


def test_importing_the_runtime_imports_nothing_of_iree() -> None:
    assert run(IMPORTS) == "[]\n"


THREADS = """
import sys
import time
from pathlib import Path
import farrier_runtime

def load(threads):
    net = farrier_runtime.load(sys.argv[1], threads=threads)
    return net([1, 2, 3, 4], [1, 1, 1, 1]).tolist()

print([load(1), load(3), load(None), load(3)] == [[2, 3, 4, 5]] * 4)
def workers():
    names = [comm.read_text() for comm in Path("/proc/self/task").glob("*/comm")]
    return sum(name.startswith("iree-worker") for name in names)

end = time.monotonic() + 60
while sys.platform == "linux" and workers() < 3 and time.monotonic() < end:
    time.sleep(0.01)  # threads give themselves their names
print(sys.platform != "linux" or workers() == 3)
try:
    load(2)
except farrier_runtime.errors.ArgumentError as error:
    print(error)
"""


def test_the_first_load_sets_the_number_of_worker_threads(path: Path) -> None:
    assert run(THREADS, path).splitlines() == [
        "True",
        "True",
        "threads=2 is not possible: an earlier load made this process's only pool of workers, with "
        "3 threads. Pass threads=2 to the first load, leave threads out, or use threads=1, which "
        "needs no pool",
    ]


@pytest.fixture(scope="module")
def cuda(tmp_path_factory: pytest.TempPathFactory) -> FakeCuda:
    """Return a CUDA driver without a GPU."""
    return build(tmp_path_factory.mktemp("fake_cuda"))


@pytest.fixture(scope="module")
def for_cuda(path: Path) -> Path:
    """Return an artifact for CUDA."""
    file = path.with_name("cuda.vmfb")
    file.write_bytes(modules.device_artifact(modules.CUDA, "cuda:sm_80"))
    return file


LAUNCH = """
import sys
import numpy as np
import farrier_runtime

print(farrier_runtime.available_devices())
add = farrier_runtime.load(sys.argv[1])
x = np.ones(4, np.float32)
result = add(x, y=x)
print(add.device, result, result.shape, result.dtype, len(result), np.asarray(result))
print(add(result, result).numpy())
"""


def test_kernels_are_loaded_and_launched(cuda: FakeCuda, for_cuda: Path) -> None:
    """Kernels do nothing here, so results are the zeros of fresh memory."""
    printed, log = cuda.run(LAUNCH, str(for_cuda))
    assert printed.splitlines() == [
        "[device('cpu:0'), device('cuda:0')]",
        "cuda:0 <DeviceArray float32[4] on cuda:0> (4,) float32 4 [0. 0. 0. 0.]",
        "[0. 0. 0. 0.]",
    ]
    assert not [line for line in log if line.startswith("missing")]
    assert log[0] == "load .target sm_80"
    # Two inputs are copied to the device and one result back; the second call's are there already.
    launch = "launch add_dispatch_0_elementwise_4_f32 grid 1,1,1 block 32,1,1"
    assert log[1:] == ["copy 16", "copy 16", launch, "copy 16", launch, "copy 16"]


ROUND_TRIP = """
import sys
import ml_dtypes
import numpy as np
import farrier_runtime
from farrier_runtime import dlpack

same = farrier_runtime.load(sys.argv[1], device="gpu", function="same")
x = np.arange(6).reshape(2, 3).astype(ml_dtypes.bfloat16)
first = same(x[::-1])
second = same(first)
print(np.array_equal(np.asarray(second), x[::-1]), second.dtype, second.__dlpack_device__())
print(np.asarray(second, np.float32).tolist(), np.array(first).shape)

class OnTheHost:
    def __dlpack_device__(self):
        return 1, 0
    def __dlpack__(self):
        return second.__dlpack__()

print(np.array_equal(dlpack.to_numpy(OnTheHost()), x[::-1]))

def error(call):
    try:
        call()
    except (farrier_runtime.errors.FarrierError, BufferError) as error:
        print(f"{type(error).__name__}: {error}")

error(lambda: np.array(second, copy=False))
error(lambda: second.__dlpack__(copy=True))
error(lambda: second.__dlpack__(dl_device=(1, 0)))
error(lambda: same(np.ones((2, 3), np.float32)))
error(lambda: same["add"](second, second))
error(lambda: farrier_runtime.load(sys.argv[2])(second, second))
"""


def test_arrays_stay_on_the_device(cuda: FakeCuda, for_cuda: Path, path: Path) -> None:
    printed, _ = cuda.run(ROUND_TRIP, str(for_cuda), str(path))
    assert printed.splitlines() == [
        "True bfloat16 (2, 0)",
        "[[3.0, 4.0, 5.0], [0.0, 1.0, 2.0]] (2, 3)",
        "True",
        "DeviceError: an array on cuda:0 cannot become a numpy array without a copy",
        "BufferError: an array on cuda:0 is shared there only; copy it with numpy()",
        "BufferError: an array on cuda:0 is shared there only; copy it with numpy()",
        "InputError: Input 'x' of same: expected bfloat16[2, 3], but got float32[2, 3]; convert it "
        'with .astype("bfloat16")',
        "InputError: Input 'x' of add: expected float32[4], but got bfloat16[2, 3]; convert it "
        'with .astype("float32")',
        "DeviceError: Input 'x' of add: the array is on cuda:0, but the function runs on cpu:0; "
        "pass value.numpy()",
    ]


CHOICE = """
import sys
import farrier_runtime

for device in (None, "cpu", "cuda:0", "cuda:1"):
    try:
        add = farrier_runtime.load(sys.argv[1], device=device, threads=1)
        print(add.device, add([1, 1, 1, 1], [1, 1, 1, 1]))
    except farrier_runtime.errors.DeviceError as error:
        print(error)
"""


def test_an_artifact_for_several_devices_runs_on_each(cuda: FakeCuda, path: Path) -> None:
    both = path.with_name("both.vmfb")
    both.write_bytes(modules.device_artifact(modules.FAT, "cuda:sm_80", "cpu:host"))
    printed, _ = cuda.run(CHOICE, str(both))
    assert printed.splitlines() == [
        "cuda:0 <DeviceArray float32[4] on cuda:0>",
        "cpu:0 [2. 2. 2. 2.]",
        "cuda:0 <DeviceArray float32[4] on cuda:0>",
        f"{both}: cuda:1 is not on this machine. It has cpu:0, cuda:0",
    ]
    printed, _ = cuda.run(CHOICE, str(both), devices=0)
    no_cuda = (
        f"{both}: this machine has no cuda device (IREE: CUDA error 'CUDA_ERROR_NO_DEVICE' (100): "
        "no CUDA-capable device is detected). It has cpu:0"
    )
    assert printed.splitlines() == ["cpu:0 [2. 2. 2. 2.]"] * 2 + [no_cuda] * 2


def test_a_device_without_code_is_refused(cuda: FakeCuda, path: Path) -> None:
    no_code = (
        "there is no code for cuda:{}: it was compiled for cpu:host. Compile with target='cuda' too"
    )
    printed, _ = cuda.run(CHOICE, str(path))
    assert printed.splitlines() == [
        "cpu:0 [2. 2. 2. 2.]",
        "cpu:0 [2. 2. 2. 2.]",
        f"{path}: {no_code.format(0)}",
        f"{path}: {no_code.format(1)}",
    ]


def test_a_manifest_that_promises_missing_code_is_refused(cuda: FakeCuda, path: Path) -> None:
    wrong = path.with_name("wrong.vmfb")
    wrong.write_bytes(modules.device_artifact(modules.CPU, "cuda:sm_80"))
    printed, _ = cuda.run(CHOICE, str(wrong))
    assert printed.splitlines()[0].startswith(f"{wrong}: IREE cannot start the module: ")
