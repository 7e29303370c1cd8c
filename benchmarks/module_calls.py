"""The cost of calling Modules, apart from their ops, and of naming their layers.

python benchmarks/module_calls.py [--rounds 50]

The network is a binary tree of depth 5: 31 Modules, each with four layers that compute nothing. A
call should take less than 1 ms. Names are those in the graph's text, which are resolved later.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import farrier as fr
from farrier_compiler.graph import topological

LIMIT = 1.0


class Nothing(fr.Module):
    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return x


class One(fr.Module):
    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return fr.tanh(x)


class Tree(fr.Module):
    def __init__(self, depth: int, layer: type[fr.Module]) -> None:
        super().__init__()
        self.layers = [layer() for _ in range(4)]
        self.trees = [Tree(depth - 1, layer) for _ in range(2)] if depth > 1 else []

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        for part in (*self.layers, *self.trees):
            x = part(x)
        return x


def milliseconds(prepare: Callable[[], Any], run: Callable[[Any], Any], rounds: int) -> float:
    """Return the best time of `run`, called each time with a new result of `prepare`."""
    best = float("inf")
    for _ in range(rounds):
        prepared = prepare()
        start = time.perf_counter()
        run(prepared)
        best = min(best, time.perf_counter() - start)
    return best * 1e3


def locations(result: fr.Tensor) -> list[Any]:
    return [node.location for node in topological([result.value])]


def name_all(places: list[Any]) -> list[str]:
    return [place.layer for place in places if place is not None]


def cases(rounds: int) -> Iterator[tuple[str, float]]:
    """Yield the name of each case, and its milliseconds."""
    x = fr.ones((1,)).eval()
    empty, tree = Tree(5, Nothing), Tree(5, One)
    line = fr.Sequential(*(One() for _ in range(1000)))
    yield "31 modules, 124 empty layers: a call", milliseconds(lambda: x, empty, rounds)
    for label, net in (("its 124 layers", tree), ("1000 layers in a Sequential", line)):
        prepare = lambda net=net: locations(net(x))  # noqa: E731
        yield f"names of {label}", milliseconds(prepare, name_all, max(rounds // 10, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    for label, time_taken in cases(parser.parse_args().rounds):
        print(f"{label:40}{time_taken:10.3f} ms")


if __name__ == "__main__":
    main()
