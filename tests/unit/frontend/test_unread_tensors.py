"""Weight files with tensors of data types that Farrier lacks."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier import weights
from support.messages import message

TYPES = "F64, F32, F16, BF16, F8_E4M3, F8_E5M2, I64, I32, I16, I8, U64, U32, U16, U8, BOOL"


def written(path: Path, odd: str = "rotary", dtype: str = "C64") -> Path:
    """Write a file of three tensors, one of which has an odd data type."""
    header: dict[str, Any] = {
        "weight": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]},
        "bias": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]},
        "rotary": {"dtype": "F32", "shape": [4], "data_offsets": [12, 28]},
    }
    header[odd]["dtype"] = dtype
    text = json.dumps(header).encode()
    data = np.arange(7, dtype=np.float32).tobytes()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def sharded(folder: Path, odd: str) -> Path:
    """Write the index of a file that is in the same folder."""
    written(folder / "part.safetensors", odd)
    index = folder / "net.safetensors.index.json"
    shards = dict.fromkeys(("weight", "bias", "rotary"), "part.safetensors")
    index.write_text(json.dumps({"weight_map": shards}))
    return index


@pytest.mark.parametrize("dtype", ["C64", "F4", "F8_E8M0", "F6_E2M3", "new"])
def test_the_other_tensors_are_read(tmp_path: Path, dtype: str) -> None:
    path = written(tmp_path / "net.safetensors", dtype=dtype)
    loaded = weights.load(path)
    assert list(loaded) == ["weight", "bias", "rotary"]
    assert repr(loaded["rotary"]) == f"UnreadTensor('rotary', {dtype} (4,))"
    layer = fr.Linear(2, 1)
    assert layer.load_weights(path, strict=False) == (set(), {"rotary"})
    assert layer.weight.tolist() == [[0, 1]]


def test_strict_loading_names_the_unread_tensor(tmp_path: Path) -> None:
    with pytest.raises(fr.ArgumentError) as caught:
        fr.Linear(2, 1).load_weights(written(tmp_path / "net.safetensors"))
    assert message(caught.value) == (
        "The names do not fit the parameters of Linear.\n"
        "Unknown: rotary.\n"
        "With strict=False, the names that fit are loaded."
    )


@pytest.mark.parametrize("form", ["one", "sharded"])
def test_an_unread_tensor_is_named_when_it_is_used(tmp_path: Path, form: str) -> None:
    if form == "one":
        path = file = written(tmp_path / "net.safetensors", "weight")
    else:
        path, file = sharded(tmp_path, "weight"), tmp_path / "part.safetensors"
    layer = fr.Linear(2, 1)
    text = (
        f"'{file}' holds 'weight' as C64 (1, 2), a data type that Farrier lacks. Convert it; the "
        f"data types are {TYPES}."
    )
    with pytest.raises(fr.DtypeError) as caught:
        layer.load_weights(path, strict=False)
    assert message(caught.value) == f"weight is float32 (1, 2). {text}"
    with pytest.raises(fr.DtypeError) as caught:
        fr.Tensor(weights.load(path)["weight"])
    assert message(caught.value) == text
    with pytest.raises(fr.DtypeError) as caught:
        weights.save(tmp_path / "copy.npz", weights.load(path))
    assert message(caught.value) == text
    with pytest.raises(fr.ArgumentError) as refused:
        weights.save(tmp_path / "copy.safetensors", weights.load(path))
    assert message(refused.value) == (
        f"A safetensors file cannot hold 'weight', C64 (1, 2). Its data types are {TYPES}."
    )


def test_other_shards_are_read(tmp_path: Path) -> None:
    layer = fr.Linear(2, 1)
    assert layer.load_weights(sharded(tmp_path, "rotary"), strict=False) == (set(), {"rotary"})


def test_objects_in_an_npz_are_left_unread(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    np.savez(path, weight=np.ones((1, 2), np.float32), bias=np.array([{}], dtype=object))
    layer = fr.Linear(2, 1)
    with pytest.raises(fr.DtypeError) as caught:
        layer.load_weights(path)
    assert message(caught.value) == (
        f"bias is float32 (1,). '{path}' holds 'bias' as object (1,), a data type that Farrier "
        f"lacks. Convert it; the data types are {TYPES}."
    )
    np.savez(path, weight=np.ones((1, 2), np.float32), other=np.array([{}], dtype=object))
    assert layer.load_weights(path, strict=False) == ({"bias"}, {"other"})
