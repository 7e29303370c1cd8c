"""The time and memory of loading a network with 100 MB of weights, by layout and location.

python benchmarks/load.py

Each line is the best of three fresh processes that have started IREE already, with the files in
the page cache. Memory is the growth of the process's resident set, at its peak up to the first
call; "own" excludes mapped files, which the system can drop and read again. Loading an artifact
includes reading all of it for its checksums; weights beside it are not read. Linux only.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

import farrier_runtime

WIDTH, LAYERS = 2048, 6  # 6 x 16 MiB of float32

CASES: tuple[tuple[Literal["tiled", "compact"], Literal["embedded", "external"]], ...] = (
    ("tiled", "embedded"),
    ("compact", "embedded"),
    ("tiled", "external"),
    ("compact", "external"),
)


def resident() -> dict[str, float]:
    """Return this process's resident memory in MB: total, peak, and without mapped files."""
    status = Path("/proc/self/status").read_text()
    sizes = re.findall(r"(VmRSS|VmHWM|RssAnon):\s+(\d+) kB", status)
    return {name: int(size) * 1024 / 1e6 for name, size in sizes}


def measure(start: str, path: str) -> dict[str, float]:
    """Load a file and call it once, in a process that has already loaded a small one."""
    x = np.ones((1, WIDTH), np.float32)
    farrier_runtime.load(start)(x[:, :1])
    before, begin = resident(), time.perf_counter()
    net = farrier_runtime.load(path)
    loaded = time.perf_counter()
    net(x)
    called, after = time.perf_counter(), resident()
    return {
        "load": (loaded - begin) * 1e3,
        "call": (called - loaded) * 1e3,
        "peak": after["VmHWM"] - before["VmRSS"],
        "own": after["RssAnon"] - before["RssAnon"],
    }


def in_child(start: Path, path: Path) -> dict[str, float]:
    """Measure in a new process."""
    command = [sys.executable, __file__, str(start), str(path)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def build(folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Compile the network with every layout, and yield the files."""
    import farrier as fr

    def compile(function: Any, width: int, name: str, **options: Any) -> Path:
        info = fr.InputInfo((1, width), fr.float32)
        return fr.compile(function, args=[info], target="cpu", cache=False, **options).save(
            folder / f"{name}.vmfb"
        )

    yield "", "", compile(lambda x: x + x, 1, "start")
    net = fr.Sequential(*(fr.Linear(WIDTH, WIDTH, bias=False) for _ in range(LAYERS)))
    net.reset_parameters(0)
    for layout, weights in CASES:
        path = compile(net, WIDTH, f"{layout}-{weights}", layout=layout, weights=weights)
        yield layout, weights, path


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (_, _, start), *files = build(Path(folder))
        print(f"{LAYERS * WIDTH * WIDTH * 4 / 1e6:.0f} MB of weights")
        print("layout    weights     vmfb MB  load ms  first call ms  peak MB  own MB")
        for layout, weights, path in files:
            runs = [in_child(start, path) for _ in range(3)]
            best = {key: min(run[key] for run in runs) for key in runs[0]}
            print(
                f"{layout:<9} {weights:<10} {path.stat().st_size / 1e6:8.2f} {best['load']:8.1f} "
                f"{best['call']:14.1f} {best['peak']:8.1f} {best['own']:7.1f}"
            )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(*sys.argv[1:])))
    else:
        main()
