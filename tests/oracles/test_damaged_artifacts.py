"""10,000 damaged files: each is refused in Farrier's words, or does no harm. Takes two minutes.

Each batch is loaded in a process of its own, so that a crash or a hang is noticed.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from farrier_compiler.driver.cache import Cache
from farrier_runtime import artifact, container, safetensors
from farrier_runtime.errors import FarrierError
from farrier_runtime.session import iree
from support.damage import changed, damaged

X = np.arange(12, dtype=np.float32).reshape(4, 3)
Y = np.arange(3, dtype=np.int8)

COUNTS = {
    "artifact": 3000,
    "artifact without its weights": 1000,
    "manifest": 2000,
    "safetensors": 1500,
    "irpa": 1500,
    "cache": 1000,
}
CHUNKS = 2


class Net(fr.Module):
    """A layer with weights of two data types, and an output for each."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = fr.Linear(3, 5)
        self.linear.reset_parameters(seed=0)
        self.scale = fr.Tensor(np.arange(3, dtype=np.int8))

    def forward(self, x: fr.Tensor, y: fr.Tensor) -> tuple[fr.Tensor, fr.Tensor]:
        return self.linear(x), y * self.scale


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one program in every form."""
    folder = tmp_path_factory.mktemp("damaged")
    batch = fr.NamedDimension("batch", 1, 4, 8)
    args = [fr.InputInfo((batch, 3), fr.float32), fr.InputInfo((3,), fr.int8)]
    for weights in ("embedded", "external"):
        compiled = fr.compile(Net(), args=args, target="cpu", weights=weights, name="net")
        compiled.save(folder / f"{weights}.vmfb")
    index = iree().ParameterIndex()
    for name, array in safetensors.read(folder / "external.weights.safetensors").items():
        index.add_buffer(name, array.reshape(-1).view(np.uint8))
    index.create_archive_file(str(folder / "whole.irpa"))
    return folder


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("part", COUNTS)
def test_damaged_files_do_no_harm(part: str, chunk: int, folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", __file__, part, str(chunk), str(folder)]
    tests = str(Path(__file__).parents[1])
    paths = os.pathsep.join(filter(None, [tests, os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, f"it ended with {done.returncode}: {done.stdout[-200:]}"
    assert done.stderr == ""
    assert json.loads(done.stdout.splitlines()[-1]) == {"files": COUNTS[part] // CHUNKS, "harm": []}


# ------------------------------------------------------------------ in the other process


class Harm(Exception):
    """A damaged file was loaded, and its results are wrong."""


def _check(expected: list[Any], path: Path, **options: Any) -> None:
    """Load a file and compare the results of a call.

    Raises:
        Harm: they differ.
    """
    results = farrier_runtime.load(path, threads=1, **options)(X, Y)
    for result, right in zip(results, expected, strict=True):
        if result.dtype != right.dtype or not np.array_equal(result, right):
            raise Harm(f"{result} instead of {right}")


class Trial:
    """Damages one form of the program again and again."""

    def __init__(self, part: str, chunk: int, folder: Path) -> None:
        self._part = part
        self._chance = random.Random(f"{part} {chunk}")
        self._whole = folder / "embedded.vmfb"
        self._external = folder / "external.vmfb"
        self._weights = folder / "external.weights.safetensors"
        self._archive = folder / "whole.irpa"
        self._expected = list(farrier_runtime.load(self._whole, threads=1)(X, Y))

    def once(self) -> None:
        """Damage and load the program once."""
        actions: dict[str, Callable[[], None]] = {
            "artifact": lambda: _check(self._expected, self._copy(self._whole)),
            "artifact without its weights": lambda: _check(
                self._expected, self._copy(self._external)
            ),
            "manifest": self._lie,
            "safetensors": lambda: self._load_external(self._copy(self._weights)),
            "irpa": lambda: self._load_external(self._copy(self._archive)),
            "cache": self._get,
        }
        actions[self._part]()

    def _copy(self, file: Path) -> Path:
        return self._written(damaged(self._chance, file.read_bytes()), file.suffix)

    def _written(self, data: bytes, suffix: str) -> Path:
        path = Path(f"damaged{suffix}")
        path.write_bytes(data)
        return path

    def _load_external(self, weights: Path) -> None:
        _check(self._expected, self._external, weights=weights)

    def _lie(self) -> None:
        """Change the manifest, and hash the file honestly."""
        file, weights = self._chance.choice(((self._whole, None), (self._external, self._weights)))
        vmfb, document = container.split(memoryview(artifact.mapped(file)))
        lie = changed(self._chance, json.loads(document or b""), ("result", "hashes"))
        tail = container.tail(vmfb, json.dumps(lie).encode())
        _check(self._expected, self._written(bytes(vmfb) + tail, ".vmfb"), weights=weights)

    def _get(self) -> None:
        """Damage an entry of a cache, which must not return it."""
        store = Cache(Path("cache"))
        store.directory.mkdir(mode=0o700, exist_ok=True)
        data = damaged(self._chance, self._whole.read_bytes())
        (store.directory / "key.vmfb").write_bytes(data)
        (store.directory / "key.vmfb").chmod(0o600)
        if store.get("key") is not None:
            raise Harm("the cache returned a damaged entry")


def main(part: str, chunk: str, folder: str) -> None:
    """Print, as JSON, how many files were tried, and which did harm."""
    trial = Trial(part, int(chunk), Path(folder))
    harm: list[str] = []
    count = COUNTS[part] // CHUNKS
    for number in range(count):
        try:
            trial.once()
        except FarrierError:
            pass
        except Exception as error:
            harm.append(f"file {number}: {type(error).__name__}: {error}")
    print(json.dumps({"files": count, "harm": harm[:20]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
