"""Loaded functions: arguments, results, and errors for wrong arguments."""

from __future__ import annotations

import gc
import inspect
import resource
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import farrier_runtime
from farrier_runtime import Executable, artifact, session
from farrier_runtime.artifact import Function, Manifest, to_bytes
from farrier_runtime.calls import aligned_empty
from farrier_runtime.dtypes import DTYPES, dtype
from farrier_runtime.errors import ArgumentError, ArtifactError, DeviceError, InputError
from unit.runtime import modules

ADD = "add takes 2 inputs (x: float32[4], y: float32[4])"


def ramp(*shape: int, dtype: Any = np.float32) -> np.ndarray[Any, Any]:
    """Return 0, 1, 2, ... in a shape."""
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


def sample(dtype: dtype, count: int = 5) -> np.ndarray[Any, Any]:
    """Return random numbers whose doubles the data type holds exactly."""
    random = np.random.default_rng(1)
    if dtype.name == "bool":
        return random.integers(0, 2, count).astype(bool)
    if dtype.is_floating:
        return random.uniform(-50, 50, count).astype(dtype.numpy)
    limits = ml_dtypes.iinfo(dtype.numpy)
    low, high = int(limits.min) // 2, int(limits.max) // 2
    return random.integers(low, high, count, dtype=np.int64, endpoint=True).astype(dtype.numpy)


def test_arguments_by_position_and_by_name(net: Executable) -> None:
    x, y = ramp(4), ramp(4) * 10
    for result in (net(x, y), net(x, y=y), net(y=y, x=x)):
        np.testing.assert_array_equal(result, [0, 11, 22, 33])


def test_results_are_arrays_that_numpy_and_dlpack_know(add: Executable) -> None:
    result: Any = add(ramp(4), ramp(4))
    assert type(result) is np.ndarray
    assert result.dtype == np.float32
    assert result.flags.writeable
    np.testing.assert_array_equal(np.from_dlpack(result), [0, 2, 4, 6])


def test_functions_describe_themselves(add: Executable) -> None:
    assert [str(spec) for spec in add.inputs] == ["x: float32[4]", "y: float32[4]"]
    assert [str(spec) for spec in add.outputs] == ["output0: float32[4]"]
    assert (add.name, str(add.device), add.targets) == ("add", "cpu:0", ("cpu:host",))
    assert add.functions == tuple(function.name for function, _ in modules.FUNCTIONS)
    assert list(inspect.signature(add).parameters) == ["x", "y"]
    assert repr(add) == ("<Executable add(x: float32[4], y: float32[4]) -> float32[4] on cpu:0>")


def test_input_names_that_python_cannot_spell() -> None:
    function = modules.declare("f", "x.0: f32[2]; lambda: f32[2]", "f32[2]")
    plain = modules.declare("f", "x: f32[2]; y: f32[2]", "f32[2]")
    vmfb = modules.compiled(modules.source([(plain, modules.SUM)]))
    about = Manifest(modules.IREE, ("cpu:host",), (function,))
    loaded = farrier_runtime.load(to_bytes(vmfb, about), threads=1)
    assert list(inspect.signature(loaded).parameters) == ["input0", "input1"]
    np.testing.assert_array_equal(loaded([1, 2], **{"lambda": [3, 4]}), [4, 6])


def test_other_functions_of_the_artifact(path: Path, add: Executable) -> None:
    np.testing.assert_array_equal(add["transpose"](ramp(2, 3)), ramp(2, 3).T)
    chosen = farrier_runtime.load(path, function="transpose", threads=1)
    np.testing.assert_array_equal(chosen(ramp(2, 3)), ramp(2, 3).T)


def test_a_function_that_is_not_there(add: Executable) -> None:
    with pytest.raises(ArgumentError) as caught:
        add["transpos"]
    assert str(caught.value) == "No function is called 'transpos'; did you mean 'transpose'?"
    with pytest.raises(ArgumentError) as caught:
        add["?"]
    assert str(caught.value) == f"No function is called '?'. Functions: {', '.join(add.functions)}"


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
def test_every_data_type_goes_in_and_comes_out(net: Executable, dtype: dtype) -> None:
    x = sample(dtype)
    result = net[f"double_{dtype.name}"](x)
    assert result.dtype == dtype.numpy
    expected = ~x if dtype.name == "bool" else (x.astype(np.float64) * 2).astype(dtype.numpy)
    if dtype.bits == 64 and dtype.is_integer:
        expected = x * 2
    # Doubling is exact: no tolerance.
    np.testing.assert_array_equal(result, expected)


def test_scalars_and_empty_arrays(net: Executable) -> None:
    result = net["scalar"](np.float64(1.25))
    assert (result.shape, result.dtype, float(result)) == ((), np.float64, 2.5)
    assert net["empty"](ramp(0, 4)).shape == (0, 4)
    assert net["empty"](np.zeros((0, 4), np.float32)[:, ::-1]).shape == (0, 4)


def test_functions_without_inputs(net: Executable) -> None:
    first = net["constant"]()
    first[0] = 99
    np.testing.assert_array_equal(net["constant"](), [1, 2, 3])


def test_results_nest_as_the_manifest_says(net: Executable) -> None:
    result = net["nested"]([3, 4], [1, 1])
    assert list(result) == ["sum", "rest"]
    assert isinstance(result["rest"], tuple)
    assert isinstance(result["rest"][1], list)
    np.testing.assert_array_equal(result["sum"], [4, 5])
    np.testing.assert_array_equal(result["rest"][0], [2, 3])
    np.testing.assert_array_equal(result["rest"][1][0], [4, 5])


SHAPE = (256, modules.LARGE // 256)


def off(x: np.ndarray[Any, Any], offset: int) -> np.ndarray[Any, Any]:
    """Copy an array to an address that is so many bytes past a multiple of 64."""
    memory = aligned_empty(x.nbytes + offset)[offset:].view(x.dtype).reshape(x.shape)
    memory[...] = x
    return memory


def read_only(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Copy an array to memory that must not be written."""
    memory = off(x, 0)
    memory.flags.writeable = False
    return memory


LAYOUTS: dict[str, Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]] = {
    "aligned": lambda x: off(x, 0),
    "4 bytes off": lambda x: off(x, 4),
    "16 bytes off": lambda x: off(x, 16),
    "32 bytes off": lambda x: off(x, 32),
    "read-only": read_only,
    "big-endian": lambda x: x.astype(">f4"),
    "Fortran order": np.asfortranarray,
    "every second": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "reversed": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_memory_layout(net: Executable, layout: str) -> None:
    """IREE's code reads aligned memory only, and would crash from some of these."""
    x = LAYOUTS[layout](ramp(*SHAPE))
    np.testing.assert_array_equal(net["double_large"](x), ramp(*SHAPE) * 2)
    np.testing.assert_array_equal(x, ramp(*SHAPE))


def test_small_strided_and_big_endian_arrays(net: Executable) -> None:
    transpose = net["transpose"]
    for x in (ramp(3, 2).T, ramp(4, 6)[::2, ::2], ramp(2, 3)[::-1], ramp(2, 3).astype(">f4")):
        np.testing.assert_array_equal(transpose(x), x.T)


def test_small_and_large_inputs_together(net: Executable) -> None:
    y = ramp(modules.LARGE)
    np.testing.assert_array_equal(net["mixed"](np.float32(3), y), y + 3)
    np.testing.assert_array_equal(net["mixed"](2, y), y + 2)


@pytest.mark.parametrize("name", ["same", "same_large"])
def test_results_share_no_memory_with_arguments(net: Executable, name: str) -> None:
    x = aligned_empty(4 * net[name].inputs[0].sizes[0]).view(np.float32)
    x[...] = 1
    first = net[name](x)
    second = net[name](x * 2)
    first[0] = 7
    assert (x[0], first[0], first[1], second[0]) == (1, 7, 1, 2)


def test_results_outlive_the_program(path: Path) -> None:
    loaded = farrier_runtime.load(path.read_bytes(), threads=1)["double_large"]
    gone = weakref.ref(loaded)
    result = loaded(ramp(*SHAPE))
    del loaded
    gc.collect()
    assert gone() is None
    other = farrier_runtime.load(path, threads=1)["double_large"]
    for _ in range(20):
        other(np.zeros(SHAPE, np.float32))
    np.testing.assert_array_equal(result, ramp(*SHAPE) * 2)


def text_of(function: Any, *args: Any, **kwargs: Any) -> str:
    """Return the text of the InputError that a call raises."""
    with pytest.raises(InputError) as caught:
        function(*args, **kwargs)
    return str(caught.value)


def test_a_wrong_number_of_arguments(add: Executable) -> None:
    x = ramp(4)
    assert text_of(add, x) == f"{ADD}, but 'y' is missing"
    assert text_of(add) == f"{ADD}, but 'x', 'y' are missing"
    assert text_of(add, y=x) == f"{ADD}, but 'x' is missing"
    assert text_of(add, x, x, x) == f"{ADD}, but 3 were given"
    assert text_of(add["constant"], x) == "constant takes 0 inputs, but 1 was given"


def test_wrong_names(add: Executable) -> None:
    x = ramp(4)
    assert text_of(add, x, z=x) == f"{ADD}, but none is called 'z'"
    long = Function("f", (modules.tensor("image: f32[4]"),), add.outputs, 0)
    renamed = Executable(b"", add.manifest, add._program, add.device, long)  # pyright: ignore[reportPrivateUsage]
    assert text_of(renamed, imagge=x) == (
        "f takes 1 input (image: float32[4]), but none is called 'imagge'; did you mean 'image'?"
    )
    assert text_of(add, x, x=x) == f"{ADD}, but 'x' was given by position and by name"


def test_wrong_shapes_and_data_types(add: Executable) -> None:
    x = ramp(4)
    assert text_of(add, x, ramp(2, 2)) == (
        "Input 'y' of add: expected float32[4], but got float32[2, 2]"
    )
    assert text_of(add, ramp(4, dtype=np.float64), x) == (
        "Input 'x' of add: expected float32[4], but got float64[4]; "
        'convert it with .astype("float32")'
    )
    assert text_of(add, ramp(3, dtype=">i8"), x) == (
        "Input 'x' of add: expected float32[4], but got int64[3]; "
        'convert it with .astype("float32")'
    )
    assert text_of(add["double_bfloat16"], ramp(5, dtype=np.complex64)) == (
        "Input 'x' of double_bfloat16: expected bfloat16[5], but got complex64[5]; "
        'convert it with .astype("bfloat16")'
    )


def test_a_failed_call_leaves_the_program_as_it_was(net: Executable) -> None:
    positive = net["positive"]
    for value in (1, -1, 2, -2, 3):
        if value > 0:
            assert int(positive(value)) == value
        else:
            assert text_of(positive, value) == "positive failed: x should be positive"
    assert text_of(net, ramp(5), ramp(4)).startswith("Input 'x' of add: expected float32[4]")
    np.testing.assert_array_equal(net(ramp(4), ramp(4)), ramp(4) * 2)


def test_a_manifest_that_does_not_fit_its_module(add: Executable) -> None:
    source = to_bytes(
        modules.vmfb(), modules.manifest(functions=(modules.declare("gone", "", "f32[1]"),))
    )
    with pytest.raises(ArtifactError) as caught:
        farrier_runtime.load(source)
    assert str(caught.value) == (
        "artifact in memory: the module has no function 'gone', which its manifest names"
    )
    wrong = modules.declare("constant", "", "i32[4]")
    renamed = Executable(b"", add.manifest, add._program, add.device, wrong)  # pyright: ignore[reportPrivateUsage]
    add._program.take().content.calls.clear()  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(ArtifactError) as caught:
        renamed()
    assert str(caught.value) == (
        "output 'output0' of constant has shape (3,) and 12 bytes, but its manifest says int32[4]"
    )


def test_calls_from_many_threads(net: Executable) -> None:
    wrong: list[str] = []

    def work(number: int) -> None:
        x = np.full(4, number, np.float32)
        large = np.full(SHAPE, number, np.float32)
        for step in range(40):
            if not (net(x, np.full(4, step, np.float32)) == number + step).all():
                wrong.append(f"add in thread {number}, step {step}")
            if not (net["double_large"](large) == 2 * number).all():
                wrong.append(f"double_large in thread {number}, step {step}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_memory_stays_flat_over_a_thousand_calls(net: Executable) -> None:
    """A leak of one 256 KiB input or output a call would add 256 MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    x = ramp(*SHAPE)
    function, failing = net["double_large"], net["positive"]

    def calls(count: int) -> None:
        for _ in range(count):
            function(x)
            net(ramp(4), ramp(4))
            with pytest.raises(InputError):
                failing(-1)

    calls(50)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    calls(1000)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit
    assert grown < 32 << 20


def test_calls_on_one_thread_run_side_by_side(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_usable_cores", lambda: 2)
    net = farrier_runtime.load(path, threads=1)
    program = net._program  # pyright: ignore[reportPrivateUsage]
    busy = program.take()
    # The only free context is in use: a second one is made for this call.
    np.testing.assert_array_equal(net(ramp(4), ramp(4)), ramp(4) * 2)
    second = program.take()
    assert second is not busy
    late = threading.Thread(target=net, args=(ramp(4), ramp(4)))
    late.start()
    late.join(0.05)
    assert late.is_alive()
    program.put(busy)
    late.join()


def test_calls_on_all_cores_take_turns(path: Path) -> None:
    net = farrier_runtime.load(path)
    program = net._program  # pyright: ignore[reportPrivateUsage]
    busy = program.take()
    late = threading.Thread(target=net, args=(ramp(4), ramp(4)))
    late.start()
    late.join(0.05)
    assert late.is_alive()
    program.put(busy)
    late.join()


def test_impossible_numbers_of_threads(path: Path) -> None:
    with pytest.raises(ArgumentError) as caught:
        farrier_runtime.load(path, threads=0)
    assert str(caught.value) == "threads=0 is not possible: give 1 or more, or leave it out"


def test_a_target_that_this_version_does_not_know_is_refused() -> None:
    with pytest.raises(DeviceError) as caught:
        farrier_runtime.load(modules.artifact(targets=("abacus:9", "gpu")))
    assert str(caught.value) == (
        "artifact in memory: it was compiled for abacus:9, gpu, but this version of Farrier knows "
        "no 'abacus' devices"
    )
    loaded = farrier_runtime.load(modules.artifact(targets=("abacus:9", "cpu:host")), threads=1)
    assert str(loaded.device) == "cpu:0"


def test_the_bytes_that_run_are_those_that_were_verified(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "net.vmfb"
    file.write_bytes(path.read_bytes())
    check = artifact.opened

    def opened(source: Any, *more: Any) -> Any:
        verified = check(source, *more)
        file.unlink()
        file.write_bytes(b"another file")
        return verified

    monkeypatch.setattr(artifact, "opened", opened)
    x = np.ones(4, np.float32)
    assert farrier_runtime.load(file)(x, x).tolist() == [2.0] * 4
