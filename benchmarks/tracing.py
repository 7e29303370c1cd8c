"""What tracing costs: microseconds an op, diagnostics included.

python benchmarks/tracing.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import farrier as fr
from farrier_compiler.graph import topological

COUNT = 1000


def chain(function: Callable[[fr.Tensor], fr.Tensor], x: fr.Tensor) -> float:
    """Return the microseconds an application of `function` takes when it is recorded."""
    start = time.perf_counter()
    for _ in range(COUNT):
        x = function(x)
    return (time.perf_counter() - start) / COUNT * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    x, row = fr.ones((4, 4)), fr.ones((4,))
    linear, conv, norm = fr.Linear(4, 4), fr.Conv(4, 4, (1, 1)), fr.BatchNorm(4)
    image = fr.ones((1, 4, 2, 2))
    cases: dict[str, tuple[Callable[[fr.Tensor], fr.Tensor], fr.Tensor]] = {
        "relu": (fr.relu, x),
        "x + x": (lambda t: t + x, x),
        "x + row (broadcast)": (lambda t: t + row, x),
        "x * 2.0": (lambda t: t * 2.0, x),
        "x @ x": (lambda t: t @ x, x),
        "x[:2] padded back": (lambda t: fr.pad(t[:2], ((0, 2), (0, 0))), x),
        "reshape, permute": (lambda t: fr.permute(fr.reshape(t, (2, 8)), (1, 0)), x),
        "sum, expand": (lambda t: fr.expand(fr.sum(t, dim=1, keepdim=True), (4, 4)), x),
        "softmax": (lambda t: fr.softmax(t, dim=-1), x),
        "Linear": (linear, x),
        "Conv": (conv, image),
        "BatchNorm": (norm, image),
    }
    print(f"{'':24}{'ops':>6}{'us a call':>12}{'us an op':>12}")
    for name, (function, argument) in cases.items():
        ops = len(topological([function(argument).value])) - len(topological([argument.value]))
        best = min(chain(function, argument) for _ in range(rounds))
        print(f"{name:24}{ops:6}{best:12.1f}{best / ops:12.1f}")


if __name__ == "__main__":
    main()
