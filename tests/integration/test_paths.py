"""Refusal of arguments that are not paths, by every function that takes one."""

# pyright: basic, reportArgumentType=false

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import farrier as fr
import farrier_runtime

NO_PATHS = {
    "True": True,
    "0": 0,
    "None": None,
    "''": "",
    "'a\\x00b'": "a\0b",
    "'\\ud800'": "\ud800",
    "b'file.vmfb'": b"file.vmfb",
    "['file.vmfb']": ["file.vmfb"],
    "2.5": 2.5,
}


@pytest.fixture(scope="module")
def double() -> fr.Executable:
    return fr.compile(lambda x: x * 2, args=[fr.InputInfo((2,), fr.float32)], target="cpu")


@pytest.fixture
def takers(double: fr.Executable, tmp_path: Path) -> dict[str, Callable[[Any], object]]:
    layer = fr.Linear(1, 1)
    layer.initialize_dummy_parameters()
    loaded = farrier_runtime.load(double.save(tmp_path / "double.vmfb"))
    return {
        "fr.Executable.save": double.save,
        "fr.Executable.load": fr.Executable.load,
        "farrier_runtime.load": farrier_runtime.load,
        "farrier_runtime.Executable.save": loaded.save,
        "save_weights": layer.save_weights,
        "load_weights": layer.load_weights,
        "weights.load": fr.weights.load,
        "weights.save": lambda path: fr.weights.save(path, {}),
    }


@pytest.mark.parametrize("shown", NO_PATHS)
def test_what_is_not_a_path_is_refused(
    takers: dict[str, Callable[[Any], object]], shown: str
) -> None:
    for name, take in takers.items():
        if name in ("fr.Executable.load", "farrier_runtime.load") and isinstance(
            NO_PATHS[shown], bytes
        ):
            continue  # they load bytes as an artifact
        with pytest.raises(fr.FarrierError) as caught:
            take(NO_PATHS[shown])
        text = "A file's name is a string or a pathlib.Path, not "
        assert f"{text}{NO_PATHS[shown]!r}" in str(caught.value), name
    for number in range(3):
        os.fstat(number)
