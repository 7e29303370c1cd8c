"""External weights: in memory, saved, loaded, exchanged, and on the command line."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from farrier import cli, weights
from farrier_runtime import safetensors
from support.tolerances import assert_close

Array = np.ndarray[Any, Any]

TYPES = (fr.float64, fr.float32, fr.float16, fr.bfloat16, fr.int32, fr.int8, fr.uint8)


class Net(fr.Module):
    """A convolution with a batch norm, which the compiler folds into it, and a linear layer."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.conv = fr.Conv(3, 16, (3, 3), padding=((1, 1), (1, 1)))
        self.norm = fr.BatchNorm(16)
        self.head = fr.Linear(16, 40)
        generator = np.random.default_rng(seed)
        self.load_state_dict(
            {
                name: generator.uniform(0.5, 1.5, tensor.shape).astype(np.float32)
                for name, tensor in self.state_dict().items()
            }
        )

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        x = fr.relu(self.norm(self.conv(x)))
        return self.head(fr.mean(x, dim=(2, 3)))


def reference(net: Net, x: Array) -> Array:
    """Compute the network in float64."""
    values = {name: t.numpy().astype(np.float64) for name, t in net.state_dict().items()}
    padded = np.pad(x.astype(np.float64), [(0, 0), (0, 0), (1, 1), (1, 1)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
    output = np.einsum("nchwij,ocij->nhwo", windows, values["conv.weight"]) + values["conv.bias"]
    deviation = np.sqrt(values["norm.running_var"] + net.norm.eps)
    output = (output - values["norm.running_mean"]) / deviation
    output = output * values["norm.weight"] + values["norm.bias"]
    pooled = np.maximum(output, 0).mean((1, 2))
    return pooled @ values["head.weight"].T + values["head.bias"]


X = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)


def compiled(net: Any, layout: Literal["tiled", "compact"] = "tiled", **options: Any) -> Any:
    """Compile for this machine's CPU, weights outside."""
    info = fr.InputInfo(X.shape, fr.float32)
    options = {"cache": False, "args": [info]} | options
    return fr.compile(net, target="cpu", weights="external", layout=layout, **options)


@pytest.fixture(scope="module")
def net() -> Net:
    return Net(1)


@pytest.fixture(scope="module")
def fast(net: Net) -> fr.Executable:
    """The compiled network; no test changes it."""
    return compiled(net)


@pytest.fixture
def path(fast: fr.Executable, tmp_path: Path) -> Path:
    return fast.save(tmp_path / "net.vmfb")


# ------------------------------------------------------------------ in memory


def test_an_executable_is_called_without_being_saved(net: Net, fast: fr.Executable) -> None:
    assert_close(fast(X).numpy(), reference(net, X), scale=8)


def test_the_compact_layout_computes_the_same(net: Net) -> None:
    assert_close(compiled(net, "compact")(X).numpy(), reference(net, X), scale=8)


def test_a_result_from_the_cache_has_its_weights(
    net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARRIER_CACHE", str(tmp_path))
    compiled(net, cache=True)
    assert len(list(tmp_path.glob("*.vmfb"))) == 1
    monkeypatch.setattr(
        "farrier_compiler.driver.compile.Job.compile", lambda *_: pytest.fail("compiled")
    )
    assert_close(compiled(net, cache=True)(X).numpy(), reference(net, X), scale=8)


def test_a_program_without_weights_is_one_file(tmp_path: Path) -> None:
    double = compiled(lambda x: x + x)
    assert double.manifest.parameters is None
    np.testing.assert_array_equal(double(X).numpy(), X + X)
    double.save(tmp_path / "double.vmfb")
    assert os.listdir(tmp_path) == ["double.vmfb"]


# ------------------------------------------------------------------ files


def test_saving_writes_the_weights_beside_the_artifact(net: Net, path: Path) -> None:
    assert sorted(os.listdir(path.parent)) == ["net.vmfb", "net.weights.safetensors"]
    assert_close(farrier_runtime.load(path)(X), reference(net, X), scale=8)
    assert_close(fr.Executable.load(path)(X).numpy(), reference(net, X), scale=8)


def test_weights_keep_their_names_where_a_batch_norm_was_folded_in(
    fast: fr.Executable, path: Path
) -> None:
    assert fast.manifest.parameters is not None
    names = {spec.name for spec in fast.manifest.parameters.entries}
    assert names == {"conv.weight", "conv.bias", "head.weight", "head.bias"}
    weights = safetensors.read(path.with_name("net.weights.safetensors"))
    assert {name: array.shape for name, array in weights.items()} == {
        spec.name: spec.shape for spec in fast.manifest.parameters.entries
    }


def test_both_files_can_be_moved(net: Net, path: Path, tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    for file in (path, path.with_name("net.weights.safetensors")):
        shutil.move(file, tmp_path / "moved")
    assert_close(
        farrier_runtime.load(tmp_path / "moved" / "net.vmfb")(X), reference(net, X), scale=8
    )


def test_a_loaded_program_is_saved_with_its_weights(net: Net, path: Path, tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    copy = fr.Executable.load(path).save(tmp_path / "copies" / "copy.vmfb")
    assert sorted(os.listdir(copy.parent)) == ["copy.vmfb", "copy.weights.safetensors"]
    assert_close(farrier_runtime.load(copy)(X), reference(net, X), scale=8)


def test_several_threads_may_call(net: Net, path: Path) -> None:
    loaded = farrier_runtime.load(path, threads=1)
    results: list[Array] = []
    threads = [
        threading.Thread(target=lambda: results.extend(loaded(X) for _ in range(20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 80
    for result in results:
        assert_close(result, reference(net, X), scale=8)


# ------------------------------------------------------------------ other weights


def test_weights_of_the_same_model_are_swapped_without_compiling(
    path: Path, tmp_path: Path
) -> None:
    other = Net(2)
    compiled(other).save(tmp_path / "other.vmfb")
    swapped = farrier_runtime.load(
        path, weights=tmp_path / "other.weights.safetensors", exchange_weights=True
    )
    assert_close(swapped(X), reference(other, X), scale=8)
    in_frontend = fr.Executable.load(
        path, weights=tmp_path / "other.weights.safetensors", exchange_weights=True
    )
    assert_close(in_frontend(X).numpy(), reference(other, X), scale=8)


def test_the_program_does_not_depend_on_the_weights(path: Path) -> None:
    again = compiled(Net(2)).save(path.with_name("again.vmfb"))
    hashes = {farrier_runtime.load(file).manifest.module_hash for file in (path, again)}
    assert len(hashes) == 1


def test_a_state_dict_serves_as_weights_where_no_pass_changed_them() -> None:
    first, second = fr.Linear(16, 40), fr.Linear(16, 40)
    first.reset_parameters(1)
    second.reset_parameters(2)
    data = compiled(first, args=[fr.InputInfo((2, 16), fr.float32)])._compiled.to_bytes()
    x = np.random.default_rng(3).standard_normal((2, 16)).astype(np.float32)
    values = {name: t.numpy().astype(np.float64) for name, t in second.state_dict().items()}
    expected = x.astype(np.float64) @ values["weight"].T + values["bias"]
    loaded = farrier_runtime.load(data, weights=second.state_dict(), exchange_weights=True)
    assert_close(loaded(x), expected, scale=8)


def test_weights_of_the_uncompiled_model_are_refused(net: Net, path: Path) -> None:
    net.save_weights(path.with_name("model.safetensors"))
    with pytest.raises(fr.ArtifactError) as raised:
        farrier_runtime.load(path, weights=path.with_name("model.safetensors"))
    assert str(raised.value) == (
        f"{path}: its weights in model.safetensors do not match: 'conv.weight' should be "
        "float32[3, 3, 3, 16], but is float32[16, 3, 3, 3]. Use those that were saved with the "
        "artifact, or compile again"
    )


def test_changed_values_are_refused_unless_they_may_be_exchanged(path: Path) -> None:
    file = path.with_name("net.weights.safetensors")
    before = farrier_runtime.load(path)(X)
    values = safetensors.read(file)
    safetensors.write(file, {**values, "head.weight": -2 * values["head.weight"]})
    bias = values["head.bias"].astype(np.float64)
    with pytest.raises(fr.ArtifactError, match=r"'head\.weight' changed"):
        fr.Executable.load(path)
    changed = farrier_runtime.load(path, exchange_weights=True)
    assert_close(changed(X), bias - 2 * (before - bias), scale=8)


# ------------------------------------------------------------------ data types


class EveryType(fr.Module):
    """Weights of many data types, each multiplied in its own."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = {
            dtype.name: fr.Tensor(
                np.arange(600).reshape(20, 30).astype(np.int8).astype(dtype.numpy)
            )
            for dtype in TYPES
        }

    def forward(self, x: fr.Tensor) -> dict[str, fr.Tensor]:
        return {name: fr.cast(x, w.dtype) * w for name, w in self.weights.items()}


@pytest.mark.parametrize("layout", ["tiled", "compact"])
def test_weights_keep_their_data_types(layout: Literal["tiled", "compact"], tmp_path: Path) -> None:
    net = EveryType()
    fast = compiled(net, layout, args=[fr.InputInfo((20, 30), fr.float32)])
    assert fast.manifest.parameters is not None
    stored = {spec.name: spec.dtype for spec in fast.manifest.parameters.entries}
    assert stored == {f"weights.{dtype.name}": dtype for dtype in TYPES}
    x = np.full((20, 30), 2, np.float32)
    loaded = farrier_runtime.load(fast.save(tmp_path / "net.vmfb"))
    for results in (fast(x), loaded(x)):
        for name, tensor in net.weights.items():
            expected = tensor.numpy() * np.asarray(2, tensor.dtype.numpy)
            np.testing.assert_array_equal(np.asarray(results[name]), expected)


# ------------------------------------------------------------------ the command

MODEL = """\
import farrier as fr

net = fr.Linear(16, 40)
"""


def test_the_command_exchanges_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    compile = ["compile", "model.py:net", "--input", "2x16xf32", "--target", "cpu", "--no-cache"]
    for seed in ("1", "2"):
        words = [*compile, "--weights-external", "--seed", seed, "-o", f"net{seed}.vmfb"]
        assert cli.main(words) == 0
    assert cli.main(["inspect", "net1.vmfb"]) == 0
    assert "2 tensors in net1.weights.safetensors beside it" in capsys.readouterr().out
    run = ["run", "net1.vmfb", "--input", "ones", "--output", "y.npy"]
    others = ["--weights", "net2.weights.safetensors"]
    assert cli.main([*run, *others]) == 1
    assert capsys.readouterr().err == (
        "farrier: error: net1.vmfb: its weights in net2.weights.safetensors are not those that it "
        "was compiled with: 'weight' and 1 more changed. Use those that were saved with the "
        "artifact, or pass exchange_weights=True (farrier run: --exchange-weights) to use these\n"
    )
    for seed, chosen in (("1", []), ("2", [*others, "--exchange-weights"])):
        assert cli.main([*run, *chosen]) == 0
        values = weights.load(f"net{seed}.weights.safetensors")
        expected = values["weight"].astype(np.float64).sum(1) + values["bias"]
        assert_close(np.load("y.npy"), np.tile(expected, (2, 1)), scale=8)
    capsys.readouterr()
    os.remove("net1.weights.safetensors")
    assert cli.main(run) == 1
    assert capsys.readouterr().err == (
        "farrier: error: net1.vmfb: its weights are not there: net1.weights.safetensors. Put "
        "the file there, or pass weights=\n"
    )
