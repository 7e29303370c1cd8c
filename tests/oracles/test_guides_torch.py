# pyright: basic, reportMissingImports=false
"""The guide for users of torch: its examples with torch, and every row of its tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

import farrier as fr
from support.guides import outputs

GUIDE = Path(__file__).parents[2] / "docs" / "coming_from_pytorch.md"


# torch warns of every tensor that it quantises.
@pytest.mark.filterwarnings(
    "ignore:torch.quantize_per_tensor, torch.quantize_per_channel:UserWarning"
)
def test_examples_print_what_the_guide_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    printed = list(outputs(GUIDE, ("torch",)))
    assert any(example.label == "torch" for example, _ in printed)
    for example, output in printed:
        assert example.agrees(output), f"{example.place} prints\n{output}"


# The rows of the table of functions: torch's, and Farrier's.
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "cat": (lambda x: torch.cat([x, x]), lambda x: fr.concatenate([x, x], dim=0)),
    "chunk": (lambda x: torch.chunk(x, 2)[1], lambda x: fr.split(x, 2)[1]),
    "index_select": (
        lambda x: torch.index_select(x, 1, torch.tensor([2, 0])),
        lambda x: fr.gather(x, 1, fr.Tensor([2, 0])),
    ),
    "repeat_interleave": (
        lambda x: torch.repeat_interleave(x, 2, dim=1),
        lambda x: fr.repeat(x, 2, dim=1),
    ),
    "repeat": (lambda x: x.repeat(2, 1, 1), lambda x: fr.concatenate([x, x], dim=0)),
    "softmax": (lambda x: torch.softmax(x, 1), lambda x: fr.softmax(x, 1)),
    "softmax of all": (
        lambda x: torch.softmax(x.flatten(), 0).reshape(x.shape),
        lambda x: fr.softmax(x),
    ),
    "max": (lambda x: torch.max(x, 1)[0], lambda x: fr.max(x, 1)),
    "argmax": (lambda x: torch.max(x, 1)[1], lambda x: fr.argmax(x, 1)),
    "permute": (lambda x: x.permute(0, 2, 1), lambda x: fr.permute(x, (0, 2, 1))),
    "pad": (
        lambda x: functional.pad(x, (1, 2)),
        lambda x: fr.pad(x, ((0, 0), (0, 0), (1, 2))),
    ),
    "interpolate": (
        lambda x: functional.interpolate(x[None], scale_factor=2, mode="bilinear")[0],
        lambda x: fr.resize(x, scales=(1, 2, 2)),
    ),
    "cast": (lambda x: x.to(torch.int32), lambda x: fr.cast(x, fr.int32)),
    "max_pool2d": (
        lambda x: functional.max_pool2d(x[None], 2),
        lambda x: fr.maxpool(x[None], (2, 2), stride=(2, 2)),
    ),
    "adaptive_avg_pool2d": (
        lambda x: functional.adaptive_avg_pool2d(x, 1),
        lambda x: fr.mean(x, dim=(1, 2), keepdim=True),
    ),
}


@pytest.mark.parametrize(("theirs", "ours"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions_in_the_table_are_alike(
    theirs: Callable[[Any], Any], ours: Callable[[Any], Any]
) -> None:
    data = np.random.default_rng(0).standard_normal((4, 6, 8))
    result, expected = ours(fr.Tensor(data)).numpy(), theirs(torch.from_numpy(data)).numpy()
    np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-12)


def test_executables_take_torch_tensors() -> None:
    double = fr.compile(lambda x: x * 2, args=[fr.InputInfo((3,), fr.float32)], target="cpu")
    assert double(torch.arange(3, dtype=torch.float32)).tolist() == [0.0, 2.0, 4.0]
