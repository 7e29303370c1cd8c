"""The cost of compiling by stage, for a small function and a network with 400 MB of weights.

python benchmarks/compile.py [--rounds 5] [--layers 24] [--width 2048]

Every round is a fresh process without a cache. "first" is the process's first compile, including
the start of the compiler process; "later" is the median of the next five. The stages of the
network are trace, passes, key (of the cache: hashes all weights), send (copies them into shared
memory), lower and iree (in the compiler process; iree writes the artifact), seal (hash and
manifest), save (gives the file its name), and call (loads the artifact and runs it once). Figures
are medians.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np

import farrier as fr
from farrier.compiling.trace import trace


class Chain(fr.Module):
    """A stack of linear layers."""

    def __init__(self, layers: int, width: int) -> None:
        super().__init__()
        self.layers = [fr.Linear(width, width, bias=False) for _ in range(layers)]

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        for layer in self.layers:
            x = fr.tanh(layer(x))
        return x


def seconds_of_small_compiles() -> tuple[float, float]:
    """Return the seconds of a process's first compile of a small function, and of a later one."""

    def compile(factor: float) -> float:
        begin = time.perf_counter()
        x = fr.InputInfo((4,), fr.float32)
        fr.compile(lambda x: x * factor, args=[x], target="cpu", cache=False)
        return time.perf_counter() - begin

    return compile(2.0), median(compile(3.0 + step) for step in range(5))


def seconds_of_stages(layers: int, width: int) -> dict[str, float]:
    """Return the seconds of each stage of compiling a network."""
    from farrier_compiler.driver.compile import Job, new_file
    from farrier_compiler.driver.compiled import Compiled
    from farrier_compiler.driver.options import DEFAULT
    from farrier_compiler.driver.targets import Target
    from farrier_runtime import artifact

    net = Chain(layers, width)
    net.reset_parameters(seed=0)
    for tensor in net.state_dict().values():
        tensor.eval()
    times = [time.perf_counter()]
    names: list[str] = []

    def done(name: str) -> None:
        names.append(name)
        times.append(time.perf_counter())

    traced = trace(net, [fr.InputInfo((1, width), fr.float32)])
    done("trace")
    job = Job.prepare([traced.graph], [Target("cpu")], DEFAULT)
    done("passes")
    job.key([traced.result])
    done("key")
    file = new_file()
    inside = job.compile(file)
    done("process")
    compiled = Compiled(file, artifact.seal(file, job.manifest([traced.result])))
    done("seal")
    with tempfile.TemporaryDirectory() as folder:
        compiled.save(Path(folder) / "net.vmfb")
        done("save")
    compiled.load()(np.ones((1, width), np.float32))
    done("call")
    spans = zip(names, pairwise(times), strict=True)
    seconds = {name: after - before for name, (before, after) in spans}
    seconds["send"] = seconds.pop("process") - sum(inside.values())
    return seconds | inside


def rounds(arguments: argparse.Namespace) -> Iterator[dict[str, float]]:
    """Yield the seconds that fresh processes measure."""
    for _ in range(arguments.rounds):
        sizes = [f"--layers={arguments.layers}", f"--width={arguments.width}"]
        command = [sys.executable, __file__, "--one", *sizes]
        yield json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def main() -> None:
    """Print a line for each figure, or measure once in a child process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        first, later = seconds_of_small_compiles()
        stages = seconds_of_stages(arguments.layers, arguments.width)
        print(json.dumps({"first": first, "later": later} | stages))
        return
    seconds = list(rounds(arguments))
    order = ["trace", "passes", "key", "send", "lower", "iree", "seal", "save", "call"]
    for name in ["first", "later", *order]:
        print(f"{name:8}{median(one[name] for one in seconds):8.3f} s")
    print(f"{'all':8}{sum(median(one[name] for one in seconds) for name in order):8.3f} s")


if __name__ == "__main__":
    main()
