"""Artifacts with dynamic sizes: errors of calls, memory, files, threads and devices."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from fake_cuda.driver import FakeCuda, build
from farrier_runtime.calls import STAGED_BYTES, aligned_empty
from support.messages import message

ROWS = fr.NamedDimension("rows", 0, 4, 100_000)
X = fr.InputInfo((ROWS, 3), fr.float32)


def ramp(*shape: int) -> np.ndarray[Any, Any]:
    """Return 0, 1, 2, ... in a shape."""
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def net(x: fr.Tensor, y: fr.Tensor) -> Any:
    return {"sum": x + y, "same": x, "rows": x.shape[0] * 2}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an artifact for the CPU and CUDA."""
    compiled = fr.compile(net, args=[X, X], target=["cpu", "cuda:sm_80"], name="net")
    return compiled.save(tmp_path_factory.mktemp("dynamic") / "net.vmfb")


@pytest.fixture(scope="module", params=[1, None], ids=["one thread", "all cores"])
def loaded(path: Path, request: pytest.FixtureRequest) -> farrier_runtime.Executable:
    """Return the artifact on each of IREE's CPU drivers."""
    return farrier_runtime.load(path, device="cpu", threads=request.param)


@pytest.mark.parametrize("rows", [0, 1, 5, STAGED_BYTES // 12, STAGED_BYTES // 12 + 1, 100_000])
def test_any_number_of_rows_is_computed(loaded: farrier_runtime.Executable, rows: int) -> None:
    result: Any = loaded(ramp(rows, 3), ramp(rows, 3) * 2)
    np.testing.assert_array_equal(result["sum"], ramp(rows, 3) * 3)
    assert result["rows"] == rows * 2


@pytest.mark.parametrize("rows", [0, 5, 30_000])
def test_inputs_may_have_any_layout(loaded: farrier_runtime.Executable, rows: int) -> None:
    bytes_ = np.zeros(rows * 12 + 4, np.uint8)
    unaligned = bytes_[4:].view(np.float32).reshape(rows, 3)
    unaligned[...] = 2
    strided = ramp(rows * 2, 6)[::2, ::2]
    frozen = ramp(rows, 3)
    frozen.flags.writeable = False
    for x in (unaligned, strided, frozen, np.asfortranarray(frozen)):
        result: Any = loaded(x, x)
        np.testing.assert_array_equal(result["sum"], x * 2)


@pytest.mark.parametrize("rows", [5, 30_000])
def test_results_share_no_memory_with_arguments(
    loaded: farrier_runtime.Executable, rows: int
) -> None:
    aligned = aligned_empty(rows * 12).view(np.float32).reshape(rows, 3)
    aligned[...] = ramp(rows, 3)
    result: Any = loaded(aligned, aligned)
    assert not np.shares_memory(result["same"], aligned)
    assert not np.shares_memory(result["sum"], aligned)
    result["same"][...] = 0
    np.testing.assert_array_equal(aligned, ramp(rows, 3))


def test_calls_of_other_sizes_leave_earlier_results_alone(
    loaded: farrier_runtime.Executable,
) -> None:
    sizes = (3, 20_000, 1, 0, 20_000, 7)
    results: list[Any] = [loaded(ramp(rows, 3), ramp(rows, 3)) for rows in sizes]
    for rows, result in zip(sizes, results, strict=True):
        np.testing.assert_array_equal(result["sum"], ramp(rows, 3) * 2)
        np.testing.assert_array_equal(result["same"], ramp(rows, 3))


def refusal(loaded: Any, *arguments: Any) -> str:
    with pytest.raises(fr.InputError) as caught:
        loaded(*arguments)
    return re.sub(r"(?<=\.py:)\d+", "0", message(caught.value))


def test_calls_that_are_refused(loaded: farrier_runtime.Executable) -> None:
    assert refusal(loaded, ramp(100_001, 3), ramp(100_001, 3)) == (
        "Input 'x' of net: dimension 0, 'rows', is 100001, but must be 0 to 100000"
    )
    assert refusal(loaded, ramp(4, 3), ramp(5, 3)) == (
        "Input 'y' of net: dimension 0, 'rows', is 5, but input 'x' of net: dimension 0, 'rows', "
        "is 4: all sizes 'rows' must be equal"
    )
    assert refusal(loaded, ramp(4, 2), ramp(4, 2)) == (
        "Input 'x' of net: expected float32[rows, 3], but got float32[4, 2]"
    )
    assert refusal(loaded, ramp(4), ramp(4, 3)) == (
        "Input 'x' of net: expected float32[rows, 3], but got float32[4]"
    )
    assert refusal(loaded, ramp(4, 3)) == (
        "net takes 2 inputs (x: float32[rows, 3], y: float32[rows, 3]), but 'y' is missing"
    )


def test_functions_describe_their_sizes(path: Path, loaded: farrier_runtime.Executable) -> None:
    assert repr(loaded) == (
        "<Executable net(x: float32[rows, 3], y: float32[rows, 3]) -> "
        "{'sum': float32[rows, 3], 'same': float32[rows, 3], 'rows': int32[]} on cpu:0>"
    )
    assert loaded.manifest.graph.startswith(
        "graph @net[rows in (0, 4, 100000)](%x: f32[rows,3], %y: f32[rows,3])"
    )
    again: Any = fr.Executable.load(path, device="cpu")
    assert again(ramp(2, 3), ramp(2, 3))["sum"].tolist() == (ramp(2, 3) * 2).tolist()
    assert [str(spec) for spec in again.inputs] == ["x: float32[rows, 3]", "y: float32[rows, 3]"]


def test_saved_copies_are_dynamic_too(loaded: farrier_runtime.Executable, tmp_path: Path) -> None:
    copy: Any = farrier_runtime.load(loaded.save(tmp_path / "copy.vmfb"), device="cpu", threads=1)
    np.testing.assert_array_equal(copy(ramp(7, 3), ramp(7, 3))["sum"], ramp(7, 3) * 2)


WITHOUT_A_COMPILER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("farrier", "farrier_compiler") or name == "iree.compiler":
            raise ImportError(f"{name} is not installed")

sys.meta_path.insert(0, Blocker())
import numpy as np
import farrier_runtime
net = farrier_runtime.load(sys.argv[1], device="cpu")
for rows in (1, 2):
    print(net(np.ones((rows, 3), np.float32), np.ones((rows, 3), np.float32))["sum"].tolist())
try:
    net(np.ones((1, 3), np.float32), np.ones((2, 3), np.float32))
except farrier_runtime.errors.InputError as error:
    print(error)
"""


def test_running_needs_no_compiler(path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", WITHOUT_A_COMPILER, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "[[2.0, 2.0, 2.0]]",
        "[[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]",
        "Input 'y' of net: dimension 0, 'rows', is 2, but input 'x' of net: dimension 0, 'rows', "
        "is 1: all sizes 'rows' must be equal",
    ]


# ---------------------------------------------------------------------- requirements of ops

ANY = (1, 4, 8)


@pytest.fixture(scope="module")
def demanding() -> fr.Executable:
    """Return a function whose ops require more of the sizes than their bounds."""
    infos = [fr.InputInfo((size,), fr.float32) for size in (ANY, ANY, (1, 8, 12))]

    def function(x: fr.Tensor, y: fr.Tensor, z: fr.Tensor) -> Any:
        z = fr.unsqueeze(z, 1)
        pooled = fr.maxpool(fr.reshape(z, (1, 1, -1, 1)), (7, 1))
        return x + y, z[5], fr.reshape(z, (-1, 2)), pooled

    return fr.compile(function, args=infos, target="cpu", name="demanding")


def test_sizes_that_ops_allow_are_computed(demanding: fr.Executable) -> None:
    for a, b in ((1, 1), (1, 8), (8, 1), (5, 5)):
        total, part, grouped, pooled = demanding(ramp(a), ramp(b), ramp(8))
        np.testing.assert_array_equal(total.numpy(), ramp(a) + ramp(b))
        assert (part.tolist(), grouped.shape, pooled.shape) == ([5.0], (4, 2), (1, 1, 2, 1))


@pytest.mark.parametrize(
    ("sizes", "text"),
    [
        ((3, 5, 8), "add ({}): x_dim0 and y_dim0 must be equal, or one of them 1"),
        ((3, 3, 5), "slice ({}): 6 must be at most z_dim0"),
        ((3, 3, 9), "reshape ({}): 2*(z_dim0//2) must be equal to z_dim0"),
        ((3, 3, 6), "max_pool ({}): 7 must be at most z_dim0"),
    ],
)
def test_sizes_that_ops_do_not_allow_are_refused(
    sizes: tuple[int, int, int], text: str, demanding: fr.Executable
) -> None:
    shapes = ", ".join(
        f"{name} has shape ({size},)" for name, size in zip("xyz", sizes, strict=True)
    )
    assert refusal(demanding, *map(ramp, sizes)) == (
        f"demanding failed: {text.format('test_dynamic_artifacts.py:0')} ({shapes})"
    )


def test_sizes_may_be_inputs() -> None:
    def function(x: fr.Tensor, count: Any) -> Any:
        return fr.expand(x, (count, 3)), fr.zeros((count * 2,)), x + count

    row, count = fr.InputInfo((1, 3), fr.float32), fr.DimensionInputInfo((1, 4, 8))
    compiled = fr.compile(function, args=[row, count], target="cpu", name="grow")
    for given in (fr.DimensionSize(5), 5, np.int32(5)):
        grown, zeros, total = compiled(ramp(1, 3), given)
        assert (grown.shape, zeros.shape, total.tolist()) == ((5, 3), (10,), [[5, 6, 7]])
    for wrong in (0, 9, -5):
        assert refusal(compiled, ramp(1, 3), wrong) == (
            f"Input 'count' of grow is {wrong}, but must be 1 to 8"
        )
    assert refusal(compiled, ramp(1, 3), 2.5) == (
        "Input 'count' of grow: expected int32[], which cannot hold 2.5 without a loss"
    )
    assert refusal(compiled, ramp(1, 3), np.ones(1, np.int32)) == (
        "Input 'count' of grow: expected int32[], but got int32[1]"
    )


def test_input_sizes_that_do_not_fit_others_are_refused() -> None:
    compiled = fr.compile(
        lambda x, count: fr.reshape(x, (count, -1)),
        args=[fr.InputInfo((12,), fr.float32), fr.DimensionInputInfo((1, 4, 12))],
        target="cpu",
        name="fold",
    )
    assert [compiled(ramp(12), n).shape for n in (1, 4, 12)] == [(1, 12), (4, 3), (12, 1)]
    assert refusal(compiled, ramp(12), 5) == (
        "fold failed: reshape (test_dynamic_artifacts.py:0): (12//count)*count must be equal to 12 "
        "(x has shape (12,), count is 5)"
    )


# ---------------------------------------------------------------------- CUDA


@pytest.fixture(scope="module")
def cuda(tmp_path_factory: pytest.TempPathFactory) -> FakeCuda:
    """Return a CUDA driver without a GPU."""
    return build(tmp_path_factory.mktemp("fake_cuda"))


LAUNCH = """
import sys
import numpy as np
import farrier_runtime

net = farrier_runtime.load(sys.argv[1], device="cuda:0")
for rows in (2, 300, 0):
    x = np.ones((rows, 3), np.float32)
    result = net(x, x)
    print(result["sum"].shape, result["same"].numpy().shape, np.asarray(result["rows"]))
    again = net(result["sum"], result["sum"])
try:
    net(np.ones((3, 3), np.float32), np.ones((2, 3), np.float32))
except farrier_runtime.errors.InputError as error:
    print(error)
"""


def test_kernels_are_launched_for_every_size(cuda: FakeCuda, path: Path) -> None:
    """Kernels do nothing here; sizes are computed by the host."""
    printed, log = cuda.run(LAUNCH, str(path))
    lines = printed.splitlines()
    assert [line.rpartition(" ")[0] for line in lines[:3]] == [
        "(2, 3) (2, 3)",
        "(300, 3) (300, 3)",
        "(0, 3) (0, 3)",
    ]
    assert lines[3:] == [
        "Input 'y' of net: dimension 0, 'rows', is 2, but input 'x' of net: dimension 0, 'rows', "
        "is 3: all sizes 'rows' must be equal"
    ]
    assert not [line for line in log if line.startswith("missing")]
    launches = {line.partition(" block")[0] for line in log if line.startswith("launch net")}
    assert len(launches) > 1, "every size has the same grid"
