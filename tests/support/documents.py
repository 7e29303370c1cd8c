"""Comparison of Farrier's objects with the output in the documents that specify modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from farrier import Tensor

_TENSOR = re.compile(r"tensor\((.*), dtype=(\w+), loc=(\S+), shape=(\(.*\))\)", re.DOTALL)
_ENTRY = re.compile(r"^    (\S+): (tensor\(.*?shape=\([^)]*\)\)),$", re.DOTALL | re.MULTILINE)


def shown(state: Mapping[str, Tensor]) -> str:
    """Return a state_dict as the documents lay it out."""
    lines = [
        f"    {name}: {tensor!r},\n".replace("\n    ", "\n        ")
        for name, tensor in state.items()
    ]
    return "{\n" + "".join(lines) + "}"


def assert_same_tensor(tensor: Tensor, printed: str) -> None:
    """Compare values, data type, device and shape with a tensor that a document prints."""
    parts = _TENSOR.fullmatch(" ".join(printed.split()))
    assert parts is not None, printed
    values, dtype, place, shape = parts.groups()
    assert (str(tensor.dtype), str(tensor.device)) == (dtype, place)
    assert tensor.shape == ast.literal_eval(shape)
    expected: Any = ast.literal_eval(values)
    np.testing.assert_allclose(tensor.numpy(), np.asarray(expected), rtol=1e-6, atol=5e-5)


def assert_same_state(state: Mapping[str, Tensor], printed: str) -> None:
    """Compare keys, in order, and all tensors with a state_dict that a document prints."""
    entries = dict(_ENTRY.findall(printed))
    assert list(state) == list(entries)
    for name, tensor in state.items():
        assert_same_tensor(tensor, entries[name])
