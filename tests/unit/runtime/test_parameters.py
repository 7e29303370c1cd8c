"""Weights beside an artifact, in safetensors and IREE's own archives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import farrier_runtime
from farrier_runtime.errors import ArgumentError, ArtifactError
from farrier_runtime.session import iree
from unit.runtime import modules

WEIGHT = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
BIAS = np.array([10, 20], ml_dtypes.bfloat16)
RIGHT = {"layer.weight": ("F32", WEIGHT), "layer.bias": ("BF16", BIAS)}


def safetensors(path: Path, tensors: dict[str, tuple[str, Any]], padding: int = 0) -> None:
    """Write a safetensors file."""
    header: dict[str, Any] = {}
    data = b""
    for name, (kind, values) in tensors.items():
        offsets = [len(data), len(data) + values.nbytes]
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": offsets}
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
        f"{net}: its weights are not there: {file}. Put the file there, or use weights="
    )
    assert text_of(net.read_bytes(), error=ArgumentError) == (
        "the weights are in net.safetensors: say where with weights="
    )


def test_weights_for_an_artifact_that_has_its_own(path: Path) -> None:
    assert text_of(path, weights="w.safetensors", error=ArgumentError) == (
        "weights= is not possible: this artifact's weights are in it"
    )


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"layer.weight": None}, "missing"),
        ({"layer.weight": ("F32", WEIGHT.T)}, "F32[2, 3]"),
        ({"layer.weight": ("F64", WEIGHT.astype(np.float64))}, "F64[3, 2]"),
        ({"layer.weight": ("I32", WEIGHT)}, "I32[3, 2]"),
    ],
)
def test_other_weights(net: Path, changes: dict[str, Any], found: str) -> None:
    tensors = {name: tensor for name, tensor in {**RIGHT, **changes}.items() if tensor}
    safetensors(net.with_name("net.safetensors"), tensors)
    assert text_of(net) == (
        f"{net}: its weights in net.safetensors are not the right ones: 'layer.weight' should be "
        f"F32[3, 2], but is {found}"
    )


def test_other_weights_in_an_archive(tmp_path: Path) -> None:
    net = tmp_path / "net.vmfb"
    net.write_bytes(modules.weighted_artifact("net.irpa"))
    archive(tmp_path / "net.irpa", {"layer.weight": WEIGHT[1:]})
    wrong = f"{net}: its weights in net.irpa are not the right ones:"
    assert text_of(net) == f"{wrong} 'layer.weight' should be 24 bytes, but is 16 bytes"
    archive(tmp_path / "net.irpa", {"layer.weight": WEIGHT})
    assert text_of(net) == f"{wrong} 'layer.bias' should be 4 bytes, but is no bytes"


def test_damaged_weights(net: Path) -> None:
    file = net.with_name("net.safetensors")
    safetensors(file, RIGHT)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert text_of(net) == (
        f"{net}: net.safetensors is damaged: its entry 'layer.bias' lies outside of the file"
    )
    for data in (b"", whole[:7], whole[:50], b"\xff" * 8 + whole):
        file.write_bytes(data)
        assert text_of(net) == f"{net}: net.safetensors is no safetensors file, or is truncated"
    for text in (b"{]", b"[1]", b"\xff\xfe"):
        file.write_bytes(len(text).to_bytes(8, "little") + text)
        assert text_of(net) == f"{net}: net.safetensors is damaged: its header is not JSON"
    incomplete: list[Any] = [{}, [], {"dtype": "F32", "shape": 3, "data_offsets": [0, 0]}]
    for entry in incomplete:
        text = json.dumps({"layer.weight": entry}).encode()
        file.write_bytes(len(text).to_bytes(8, "little") + text)
        assert text_of(net) == (
            f"{net}: net.safetensors is damaged: its entry 'layer.weight' is incomplete"
        )


def test_a_damaged_archive(tmp_path: Path) -> None:
    net = tmp_path / "net.vmfb"
    net.write_bytes(modules.weighted_artifact("net.irpa"))
    (tmp_path / "net.irpa").write_bytes(b"no archive" * 20)
    assert text_of(net).startswith(f"{net}: {tmp_path / 'net.irpa'} cannot be read: ")
