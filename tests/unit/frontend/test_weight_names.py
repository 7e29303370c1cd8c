"""Names and data types in weight files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from farrier import ArgumentError, weights
from farrier_runtime.dtypes import DTYPES, int4

KNOWN = "F64, F32, F16, BF16, F8_E4M3, F8_E5M2, I64, I32, I16, I8, U64, U32, U16, U8, BOOL"


def test_unknown_ending() -> None:
    with pytest.raises(ArgumentError) as raised:
        weights.load("net.gguf")
    assert str(raised.value) == (
        "Weights are read from .safetensors, .safetensors.index.json and .npz files, "
        "not 'net.gguf'."
    )


def test_pickles() -> None:
    with pytest.raises(ArgumentError) as raised:
        weights.load("net.pt")
    assert str(raised.value) == (
        "Weights are read from .safetensors, .safetensors.index.json and .npz files, not 'net.pt': "
        "such files hold pickles, which can run code. With torch, pass "
        "load_weights(torch.load(path, weights_only=True)), or convert the file."
    )


def test_ending_to_write(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError) as raised:
        weights.save("net.bin", {})
    assert str(raised.value) == "Weights are written to .safetensors and .npz files, not 'net.bin'."


def test_a_name_that_safetensors_reserve_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError) as raised:
        weights.save(tmp_path / "net.safetensors", {"__metadata__": np.ones(2, np.float32)})
    assert str(raised.value) == (
        "Safetensors files reserve the name '__metadata__': give the tensor another one."
    )


def test_type_that_safetensors_lack(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError) as raised:
        weights.save(tmp_path / "net.safetensors", {"fc.weight": np.ones((2, 3), int4.numpy)})
    assert str(raised.value) == (
        "A safetensors file cannot hold 'fc.weight', int4 (2, 3). Its data types are " + KNOWN + "."
    )


@pytest.mark.parametrize("dtype", [k for k in DTYPES.values() if k.numpy.isbuiltin != 1])
def test_a_type_that_npz_lacks_is_refused(tmp_path: Path, dtype: Any) -> None:
    with pytest.raises(ArgumentError) as raised:
        weights.save(tmp_path / "net.npz", {"fc.weight": np.ones((2, 3), dtype.numpy)})
    assert str(raised.value) == (
        f"An npz file cannot hold 'fc.weight', {dtype.numpy} (2, 3): numpy itself lacks the data "
        "type. Write a .safetensors file."
    )
    assert list(tmp_path.iterdir()) == []


def test_missing_file(tmp_path: Path) -> None:
    for name in ("net.safetensors", "net.npz", "net.index.json"):
        with pytest.raises(FileNotFoundError):
            weights.load(tmp_path / name)
