"""Sorting on one thread: Farrier compiled against torch eager, interleaved in one run.

    python benchmarks/sorting.py [--rounds 50]

Needs torch as well as farrier. The output is the time to compile, the median time of one call for
each, and the median of the pairwise ratio. `torch.topk` may choose any of equal elements; Farrier's
takes the first.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

import farrier as fr
import farrier_runtime

VOCABULARY = (1, 50_257)

CASES: list[tuple[str, tuple[int, int], Callable[..., Any], Callable[..., Any]]] = [
    *(
        (
            "sort",
            shape,
            lambda x: fr.sort(x),
            lambda x: torch.sort(x, stable=True),
        )
        for shape in ((1, 16), (1, 100), (4, 1000), (1, 10_000), VOCABULARY)
    ),
    *(
        (f"topk {k}", VOCABULARY, lambda x, k=k: fr.topk(x, k), lambda x, k=k: torch.topk(x, k))
        for k in (1, 5, 50)
    ),
    ("cumsum", VOCABULARY, lambda x: fr.cumsum(x, 1), lambda x: torch.cumsum(x, 1)),
]


def milliseconds(function: Callable[..., Any], x: Any) -> float:
    """Return the time of one call."""
    start = time.perf_counter()
    function(x)
    return (time.perf_counter() - start) * 1e3


def compiled(
    function: Callable[..., Any], shape: tuple[int, int]
) -> tuple[farrier_runtime.Executable, float]:
    """Return a function compiled and loaded for one thread, and the seconds it took to compile."""
    start = time.perf_counter()
    executable = fr.compile(
        function, args=[fr.InputInfo(shape, fr.float32)], target="cpu", cache=False
    )
    seconds = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        artifact = executable.save(Path(folder) / "sorting.vmfb").read_bytes()
    return farrier_runtime.load(artifact, threads=1), seconds


def measure(name: str, shape: tuple[int, int], rounds: int, ours: Any, theirs: Any) -> None:
    """Time both in turn and print the figures."""
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    tensor = torch.from_numpy(array)
    net, seconds = compiled(ours, shape)
    net(array)
    theirs(tensor)
    pairs = [(milliseconds(net, array), milliseconds(theirs, tensor)) for _ in range(rounds)]
    own, other = (median(column) for column in zip(*pairs, strict=True))
    ratio = median(pair[0] / pair[1] for pair in pairs)
    label = f"{name} {shape[0]}x{shape[1]}"
    print(f"{label:18} {seconds:8.2f} {own:10.4f} {other:10.4f} {ratio:7.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print("                    compile    farrier      torch   ratio   (s, ms a call)")
    for name, shape, ours, theirs in CASES:
        measure(name, shape, rounds, ours, theirs)


if __name__ == "__main__":
    main()
