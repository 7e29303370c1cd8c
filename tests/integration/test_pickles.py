"""Pickles and deep copies of everything a user may hold, also in processes of their own."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from farrier_compiler.mlir.failure import CompilationFailed
from farrier_runtime.errors import FarrierError
from support.processes import run

Copy = Callable[[Any], Any]


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


@pytest.fixture(params=[pickled, copy.deepcopy], ids=["pickle", "deepcopy"])
def copied(request: pytest.FixtureRequest) -> Copy:
    """Return each of the ways to copy."""
    return request.param


X = np.arange(2, dtype=np.float32)


def test_executables_are_copied(copied: Copy, tmp_path: Path) -> None:
    x = fr.InputInfo((2,), fr.float32)
    net = fr.compile(lambda x: {"y": x * 2}, args=[x], target="cpu")
    for one in (net, copied(net), copied(copied(net))):
        np.testing.assert_array_equal(one(X)["y"].numpy(), X * 2)
        assert str(one.__signature__) == str(net.__signature__)
        assert one.stream is fr.default_stream()
    copied(net).save(tmp_path / "net.vmfb")
    assert (tmp_path / "net.vmfb").read_bytes() == net.save(tmp_path / "other.vmfb").read_bytes()


def test_copies_take_nested_arguments(copied: Copy) -> None:
    x = fr.InputInfo((2,), fr.float32)
    net = fr.compile(lambda p: p["a"] + p["b"], args=[{"a": x, "b": x}], target="cpu")
    assert copied(net)({"a": X, "b": X}).tolist() == [0.0, 2.0]


def test_loaded_executables_are_copied(copied: Copy, tmp_path: Path) -> None:
    linear = fr.Linear(2, 2)
    linear.reset_parameters(seed=0)
    x = fr.InputInfo((1, 2), fr.float32)
    net = fr.compile(linear, args=[x], target="cpu", weights="external")
    file = net.save(tmp_path / "net.vmfb")
    expected = net(X[None]).numpy()
    loaded = farrier_runtime.load(file, threads=1)
    again = copied(loaded)
    file.unlink()
    np.testing.assert_array_equal(again(X[None]), expected)
    np.testing.assert_array_equal(copied(net)(X[None]).numpy(), expected)
    assert repr(again) == repr(loaded)
    assert again._program.place == loaded._program.place  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    "tensor",
    [
        fr.Tensor([1.5, -2.0], name="x"),
        fr.Tensor([1.0]) + 2,
        fr.Tensor([1, -8]).cast(fr.int4),
        fr.Tensor([1.0]).cast(fr.bfloat16),
        fr.Tensor([True, False]),
        fr.ones((0, 3)),
        fr.DimensionSize(3),
    ],
    ids=str,
)
def test_tensors_are_copied(copied: Copy, tensor: fr.Tensor) -> None:
    again = copied(tensor)
    assert (type(again), again.name, repr(again)) == (type(tensor), tensor.name, repr(tensor))
    assert again.dtype is tensor.dtype
    assert not np.shares_memory(again.numpy(), tensor.numpy()) or not tensor.numpy().size


def test_quantized_tensors_are_copied(copied: Copy) -> None:
    tensor = fr.quantize(fr.Tensor([1.0, 2.0]), [0.5, 0.25], fr.int8, 0)
    again = copied(tensor)
    assert again.q_scale().tolist() == [0.5, 0.25]
    assert again.value.type == tensor.value.type
    assert again.int_repr().tolist() == [2, 8]


def test_a_traced_tensor_is_refused() -> None:
    def function(x: fr.Tensor) -> fr.Tensor:
        pickle.dumps(x * 2)
        return x

    with pytest.raises(fr.FarrierError) as raised:
        fr.compile(function, args=[fr.InputInfo((2,), fr.float32)], target="cpu")
    assert str(raised.value).splitlines()[0] == (
        "The value of 'x', float32 (2,), is not known: it is an unset parameter, or an input of a "
        "function that is being traced. Set the parameter (or call reset_parameters()), and do not "
        "evaluate inputs inside a function that is compiled."
    )


def test_tied_parameters_stay_tied(copied: Copy) -> None:
    first, second = fr.Linear(2, 2), fr.Linear(2, 2)
    first.reset_parameters(seed=0)
    second.weight = first.weight
    net = fr.Sequential(first, fr.relu, second, fr.BatchNorm(2))
    again = copied(net)
    assert again[0].weight is again[2].weight
    np.testing.assert_array_equal(again[0].weight.numpy(), first.weight.numpy())
    assert str(again) == str(net)
    again[2].bias = [1.0, 2.0]  # one that was unset keeps its shape, and its name
    with pytest.raises(fr.ShapeError, match=r"Linear\.bias is float32 \(2,\)"):
        again[2].bias = [1.0]
    assert repr(second.bias).startswith("tensor(<")


@pytest.mark.parametrize("dtype", [fr.float32, fr.float8, fr.int4, fr.bool, fr.float8_e4m3fn])
def test_data_types_stay_the_same(copied: Copy, dtype: Any) -> None:
    assert copied(dtype) is dtype


def test_descriptions_and_devices_are_copied(copied: Copy) -> None:
    batch = fr.NamedDimension("batch", 1, 2, 3)
    for value in (
        batch,
        fr.InputInfo((batch, (1, 2, 4), 5), fr.float16),
        fr.DimensionInputInfo((1, 2, 3)),
        fr.device("cpu"),
    ):
        assert copied(value) == value
        assert repr(copied(value)) == repr(value)
    stream = fr.Stream()
    same, again = copied([stream, stream])
    assert same is again
    assert copied(fr.default_stream()) is fr.default_stream()


def subclasses(error: type[Any]) -> list[type[Any]]:
    return [error, *(deeper for each in error.__subclasses__() for deeper in subclasses(each))]


def test_errors_are_copied(copied: Copy) -> None:
    plain = [error for error in subclasses(FarrierError) if error is not CompilationFailed]
    assert len(plain) > 10
    for each in plain:
        error = each("text")
        error.explained = True
        error.add_note("note")
        again = copied(error)
        assert (type(again), str(again), again.explained) == (each, "text", True)
        assert again.__notes__ == ["note"]
    failure = CompilationFailed([("error", "no")], 3, "verify")
    failure.output = "ld: gone"
    again = copied(failure)
    assert vars(again) == vars(failure)
    assert str(again) == "no"


PROCESSES = """
import concurrent.futures, multiprocessing, sys
import numpy as np
import farrier as fr

def work(net, module, tensor):
    x = np.ones((1, 2), np.float32)
    return net(x).tolist() == module(fr.Tensor(x)).tolist(), tensor.tolist(), repr(fr.float32)

def refuse():
    fr.ones((2,)) + fr.ones((3,))

def main():
    module = fr.Linear(2, 2)
    module.initialize_dummy_parameters()
    net = fr.compile(module, args=[fr.InputInfo((1, 2), fr.float32)], target="cpu")
    net(np.ones((1, 2), np.float32))
    context = multiprocessing.get_context(sys.argv[1])
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        print(pool.submit(work, net, module, fr.Tensor([1.0, 2.0])).result(60))
        error = pool.submit(refuse).exception(60)
        print(type(error).__name__, str(error).splitlines()[0])

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_processes_read_pickles(method: str, tmp_path: Path) -> None:
    file = tmp_path / "main.py"
    file.write_text(PROCESSES)
    start = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]], check=True)"
    printed = run(start, str(file), method)
    assert printed.splitlines() == [
        "(True, [1.0, 2.0], 'float32')",
        "ShapeError add cannot broadcast shapes (2,) and (3,): dimension -1 has sizes 2 and 3. "
        "Sizes must be equal, or one of them 1.",
    ]
