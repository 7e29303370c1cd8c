"""The overhead of a call over IREE's own call, with two inputs of 4 float32s and one output.

python benchmarks/call_overhead.py

IREE's lowest level in Python is VmContext.invoke with lists that are filled in advance, so no
inputs are passed and no outputs are read. The difference is the cost of checking and copying the
inputs and wrapping the output; it should be below 20 us.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import farrier as fr
import farrier_runtime
from farrier_runtime.session import iree

LIMIT = 20.0


def microseconds(function: Callable[[], Any], calls: int = 2000, rounds: int = 15) -> float:
    """Return the time of one call, as the best of several rounds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            function()
        best = min(best, time.perf_counter() - start)
    return best / calls * 1e6


def lowest(net: farrier_runtime.Executable, x: np.ndarray[Any, Any]) -> Callable[[], Any]:
    """Return IREE's own call of the function, in the same context, with prepared lists."""
    net(x, x)
    program = net._program  # pyright: ignore[reportPrivateUsage]
    slot = program.take()
    context = slot.content
    prepared: Any = context.calls[net.name]
    program.put(slot)
    invoke, function, inputs = context.invoke, prepared._function, prepared._prepared
    new_list = iree().VmVariantList
    return lambda: invoke(function, inputs, new_list(1))


def build() -> bytes:
    """Compile x + y to an artifact."""
    info = fr.InputInfo((4,), fr.float32)
    add = fr.compile(lambda x, y: x + y, args=[info, info], target="cpu", name="add")
    with tempfile.TemporaryDirectory() as folder:
        return add.save(Path(folder) / "add.vmfb").read_bytes()


def main() -> int:
    artifact = build()
    x = np.arange(4, dtype=np.float32)
    worst = 0.0
    print("threads      IREE   farrier  difference   (us a call)")
    for threads in (1, None):
        net = farrier_runtime.load(artifact, threads=threads)
        theirs = microseconds(lowest(net, x))
        ours = microseconds(lambda net=net: net(x, x))
        worst = max(worst, ours - theirs)
        print(f"{threads or 'all':>7} {theirs:9.2f} {ours:9.2f} {ours - theirs:11.2f}")
    by_name = microseconds(lambda: net(x=x, y=x))
    lists = microseconds(lambda: net([0, 1, 2, 3], [0, 1, 2, 3]))
    print(f"    all           {by_name:9.2f}               arguments by name")
    print(f"    all           {lists:9.2f}               lists of numbers")
    print(f"limit {LIMIT} us: {'met' if worst < LIMIT else 'MISSED'}")
    return worst >= LIMIT


if __name__ == "__main__":
    sys.exit(main())
