"""Weights beside an artifact, in safetensors, IREE's own archives and arrays."""

from __future__ import annotations

import gc
import json
import os
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import farrier_runtime
from farrier_runtime import artifact, container, parameters
from farrier_runtime.errors import ArgumentError, ArtifactError
from farrier_runtime.manifest import Parameters
from farrier_runtime.session import iree
from unit.runtime import modules

WEIGHT = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
BIAS = np.array([10, 20], ml_dtypes.bfloat16)
OTHER_BIAS = np.array([20, 40], ml_dtypes.bfloat16)
RIGHT = {"layer.weight": ("F32", WEIGHT), "layer.bias": ("BF16", BIAS)}


def safetensors(path: Path, tensors: dict[str, tuple[str, Any]], padding: int = 0) -> None:
    """Write a safetensors file."""
    header: dict[str, Any] = {}
    data = b""
    for name, (dtype, values) in tensors.items():
        offsets = [len(data), len(data) + values.nbytes]
        header[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": offsets}
        data += values.tobytes()
    text = json.dumps(header).encode() + b" " * padding
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def archive(path: Path, tensors: dict[str, np.ndarray[Any, Any]]) -> None:
    """Write an IREE parameter archive."""
    index = iree().ParameterIndex()
    for name, values in tensors.items():
        index.add_buffer(name, values.view(np.uint8))
    index.create_archive_file(str(path))


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """Return an artifact with weights outside."""
    (tmp_path / "net.vmfb").write_bytes(modules.weighted_artifact())
    return tmp_path / "net.vmfb"


def result(*args: Any, **kwargs: Any) -> Any:
    """Load an artifact and call it."""
    return farrier_runtime.load(*args, threads=1, **kwargs)([[1, 0, 2]])


@pytest.mark.parametrize("padding", range(0, 64, 9))
def test_weights_in_safetensors_at_any_alignment(net: Path, padding: int) -> None:
    safetensors(net.with_name("net.safetensors"), RIGHT, padding)
    np.testing.assert_array_equal(result(net), [[21, 34]])


def test_weights_are_swapped_without_compiling(net: Path) -> None:
    other = net.with_name("other.safetensors")
    safetensors(other, {**RIGHT, "layer.weight": ("F32", -WEIGHT)})
    np.testing.assert_array_equal(result(net, weights=other), [[-1, 6]])
    np.testing.assert_array_equal(result(net.read_bytes(), weights=other), [[-1, 6]])


def test_weights_in_an_archive_of_iree(tmp_path: Path) -> None:
    (tmp_path / "net.vmfb").write_bytes(modules.weighted_artifact("net.irpa"))
    archive(tmp_path / "net.irpa", {name: values for name, (_, values) in RIGHT.items()})
    np.testing.assert_array_equal(result(tmp_path / "net.vmfb"), [[21, 34]])


def text_of(*args: Any, error: type[Exception] = ArtifactError, **kwargs: Any) -> str:
    """Return the text of the error that loading raises."""
    with pytest.raises(error) as caught:
        farrier_runtime.load(*args, **kwargs)
    return str(caught.value)


def test_weights_that_are_not_there(net: Path) -> None:
    file = net.with_name("net.safetensors")
    assert text_of(net) == (
        f"{net}: its weights are not there: {file}. Put the file there, or pass weights="
    )
    assert text_of(net.read_bytes(), error=ArgumentError) == (
        "the weights are in net.safetensors: pass its path as weights="
    )


def test_weights_for_an_artifact_that_has_its_own(path: Path) -> None:
    assert text_of(path, weights="w.safetensors", error=ArgumentError) == (
        "weights= is not possible: this artifact's weights are in it"
    )


HINT = "Use those that were saved with the artifact, or compile again"

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "one is missing": ({"layer.weight": None}, "'layer.weight' is missing"),
    "all are missing": (
        {"layer.weight": None, "layer.bias": None},
        "'layer.weight', 'layer.bias' are missing",
    ),
    "another shape": (
        {"layer.weight": ("F32", WEIGHT.T)},
        "'layer.weight' should be float32[3, 2], but is float32[2, 3]",
    ),
    "another size": (
        {"layer.weight": ("F64", WEIGHT.astype(np.float64))},
        "'layer.weight' should be float32[3, 2], but is float64[3, 2]",
    ),
    "another type of the same size": (
        {"layer.weight": ("I32", WEIGHT.view(np.int32))},
        "'layer.weight' should be float32[3, 2], but is int32[3, 2]",
    ),
}


def changed(changes: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """Return RIGHT with changes; None leaves a tensor out."""
    return {name: tensor for name, tensor in {**RIGHT, **changes}.items() if tensor}


@pytest.mark.parametrize("fault", WRONG)
def test_other_weights(net: Path, fault: str) -> None:
    changes, text = WRONG[fault]
    safetensors(net.with_name("net.safetensors"), changed(changes))
    assert text_of(net) == (f"{net}: its weights in net.safetensors do not match: {text}. {HINT}")


@pytest.mark.parametrize("fault", WRONG)
def test_other_arrays(net: Path, fault: str) -> None:
    changes, text = WRONG[fault]
    arrays = {name: values for name, (_, values) in changed(changes).items()}
    assert text_of(net, weights=arrays, error=ArgumentError) == (
        f"the weights that were given do not match: {text}. {HINT}"
    )


def test_many_missing_weights_are_counted() -> None:
    names = [f"layer{index}.weight" for index in range(5)]
    wanted = Parameters(
        "net.safetensors", "model", tuple(modules.tensor(f"{n}: f32[2]") for n in names)
    )
    with pytest.raises(ArgumentError) as caught:
        parameters.find(b"", wanted, {})
    assert str(caught.value) == (
        "the weights that were given do not match: 'layer0.weight', 'layer1.weight', "
        f"'layer2.weight' and 2 more are missing. {HINT}"
    )


ARRAYS: dict[str, Any] = {"layer.weight": WEIGHT, "layer.bias": BIAS, "another": np.ones(1)}


class OfAnotherLibrary:
    """An array that supports DLPack only."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __dlpack__(self, **_: Any) -> Any:
        return self.array.__dlpack__()

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()


def test_weights_in_arrays(net: Path) -> None:
    np.testing.assert_array_equal(result(net, weights=ARRAYS), [[21, 34]])
    np.testing.assert_array_equal(result(net.read_bytes(), weights=ARRAYS), [[21, 34]])
    strided = ARRAYS | {"layer.weight": np.asfortranarray(-WEIGHT)}
    np.testing.assert_array_equal(result(net, weights=strided), [[-1, 6]])
    shared = ARRAYS | {"layer.weight": OfAnotherLibrary(-WEIGHT)}
    np.testing.assert_array_equal(result(net, weights=shared), [[-1, 6]])


@pytest.mark.parametrize("shift", [1, 2, 4, 16, 32])
def test_arrays_at_any_alignment(net: Path, shift: int) -> None:
    memory = np.empty(WEIGHT.nbytes + 64, np.uint8)
    weight = memory[shift : shift + WEIGHT.nbytes].view(np.float32).reshape(WEIGHT.shape)
    weight[...] = WEIGHT
    output = result(net, weights=ARRAYS | {"layer.weight": weight})
    np.testing.assert_array_equal(output, [[21, 34]])


def test_arrays_live_as_long_as_the_program(net: Path) -> None:
    weight = WEIGHT.copy()
    alive = weakref.ref(weight)
    loaded = farrier_runtime.load(net, threads=1, weights=ARRAYS | {"layer.weight": weight})
    del weight
    gc.collect()
    assert alive() is not None
    np.testing.assert_array_equal(loaded([[1, 0, 2]]), [[21, 34]])
    del loaded
    gc.collect()
    assert alive() is None


def test_a_weight_that_is_not_an_array(net: Path) -> None:
    weights = ARRAYS | {"layer.weight": "weights.npy"}
    assert text_of(net, weights=weights, error=ArgumentError) == (
        "weight 'layer.weight': an object of type str is not an array"
    )


def test_a_copy_has_the_weights_beside_it(net: Path, tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    copy = farrier_runtime.load(net, weights=ARRAYS).save(tmp_path / "copies" / "b.vmfb")
    assert sorted(os.listdir(copy.parent)) == ["b.vmfb", "b.weights.safetensors"]
    np.testing.assert_array_equal(result(copy), [[21, 34]])
    assert farrier_runtime.load(copy).save(copy) == copy
    np.testing.assert_array_equal(result(copy), [[21, 34]])


def test_other_weights_in_an_archive(tmp_path: Path) -> None:
    net = tmp_path / "net.vmfb"
    net.write_bytes(modules.weighted_artifact("net.irpa"))
    wrong = f"{net}: its weights in net.irpa do not match:"
    archive(tmp_path / "net.irpa", {"layer.weight": WEIGHT[1:], "layer.bias": BIAS})
    assert text_of(net) == (
        f"{wrong} 'layer.weight' should be float32[3, 2], but is uint8[16]. {HINT}"
    )
    archive(tmp_path / "net.irpa", {"layer.weight": WEIGHT})
    assert text_of(net) == f"{wrong} 'layer.bias' is missing. {HINT}"


def test_repeated_patterns_in_an_archive(tmp_path: Path) -> None:
    net = tmp_path / "net.vmfb"
    net.write_bytes(modules.weighted_artifact("net.irpa"))
    index = iree().ParameterIndex()
    index.add_splat("layer.weight", np.float32(2).tobytes(), WEIGHT.nbytes)
    index.add_buffer("layer.bias", BIAS.view(np.uint8))
    index.create_archive_file(str(tmp_path / "net.irpa"))
    np.testing.assert_array_equal(result(net), [[16, 26]])


def test_damaged_weights(net: Path) -> None:
    file = net.with_name("net.safetensors")
    safetensors(file, RIGHT)
    file.write_bytes(file.read_bytes()[:-1])
    assert text_of(net) == (
        f"{net}: '{file}' is damaged, or is not a weight file: tensor 'layer.bias' ends at "
        "byte 28 of 27 bytes of data."
    )


def test_weights_that_cannot_be_read(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = net.with_name("net.safetensors")
    safetensors(file, RIGHT)

    def refused(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("farrier_runtime.safetensors.read", refused)
    assert text_of(net) == f"{net}: its weights in {file} cannot be read: Permission denied"


def test_a_damaged_archive(tmp_path: Path) -> None:
    net = tmp_path / "net.vmfb"
    net.write_bytes(modules.weighted_artifact("net.irpa"))
    file = tmp_path / "net.irpa"
    file.write_bytes(b"no archive" * 20)
    assert text_of(net) == (
        f"{net}: '{file}' is damaged, or is not a weight file: no archive of version 0 begins at "
        "byte 0."
    )


# ---------------------------------------------------------------------- hashes


@pytest.fixture
def sealed(net: Path) -> Path:
    """Return an artifact that knows the hashes of the weights beside it."""
    return farrier_runtime.load(net, weights=ARRAYS).save(net.with_name("sealed.vmfb"))


CHANGED = (
    "are not those that it was compiled with: 'layer.bias' changed. Use those that were saved with "
    "the artifact, or pass exchange_weights=True (farrier run: --exchange-weights) to use these"
)


def test_changed_weights_are_refused_unless_they_may_be_exchanged(sealed: Path) -> None:
    file = sealed.with_name("sealed.weights.safetensors")
    np.testing.assert_array_equal(result(sealed), [[21, 34]])
    safetensors(file, {**RIGHT, "layer.bias": ("BF16", OTHER_BIAS)})
    assert text_of(sealed) == f"{sealed}: its weights in {file.name} {CHANGED}"
    np.testing.assert_array_equal(result(sealed, exchange_weights=True), [[31, 54]])


def test_other_arrays_are_refused_unless_they_may_be_exchanged(sealed: Path) -> None:
    np.testing.assert_array_equal(result(sealed, weights=ARRAYS), [[21, 34]])
    strided = ARRAYS | {"layer.weight": np.asfortranarray(WEIGHT)}
    np.testing.assert_array_equal(result(sealed, weights=strided), [[21, 34]])
    others = ARRAYS | {"layer.bias": OTHER_BIAS}
    assert text_of(sealed, weights=others, error=ArgumentError) == (
        f"the weights that were given {CHANGED}"
    )
    loaded = farrier_runtime.load(sealed, weights=others, exchange_weights=True)
    np.testing.assert_array_equal(loaded([[1, 0, 2]]), [[31, 54]])
    copy = loaded.save(sealed.with_name("copy.vmfb"))
    np.testing.assert_array_equal(result(copy), [[31, 54]])


def test_several_changed_weights_are_counted(sealed: Path) -> None:
    others = {"layer.weight": -WEIGHT, "layer.bias": OTHER_BIAS}
    text = text_of(sealed, weights=others, error=ArgumentError)
    assert "'layer.weight' and 1 more changed. Use" in text


def test_the_bytes_are_hashed_whatever_file_holds_them(sealed: Path) -> None:
    file = sealed.with_name("converted.irpa")
    archive(file, {name: values for name, (_, values) in RIGHT.items()})
    np.testing.assert_array_equal(result(sealed, weights=file), [[21, 34]])
    archive(file, {"layer.weight": WEIGHT, "layer.bias": OTHER_BIAS})
    assert text_of(sealed, weights=file) == f"{sealed}: its weights in converted.irpa {CHANGED}"


def test_a_manifest_with_smaller_weights_than_the_module_reads(net: Path) -> None:
    data = net.read_bytes()
    vmfb, _ = container.split(memoryview(data))
    smaller = Parameters(
        "net.irpa", "model", (modules.tensor("layer.weight: f32[2]"), modules.BIAS)
    )
    source = artifact.to_bytes(bytes(vmfb), replace(artifact.read(data), parameters=smaller))
    weights = {"layer.weight": np.ones(2, np.float32), "layer.bias": BIAS}
    assert text_of(source, weights=weights) == (
        "artifact in memory: IREE cannot start the module: parameter `layer.weight` range out of "
        "bounds (offset=0, length=24, size=8)"
    )
