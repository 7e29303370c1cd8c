"""Random graphs compiled on llvm-cpu, against the ops' references."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

import farrier_runtime
from farrier_compiler.driver import Options, compile_graphs
from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import Array, Graph
from support.graphs import run
from support.random_graphs import sketched

# One graph costs 0.3 s, twenty in a module 1 s; test_random_programs.py has more in the oracles.
COUNT = 24


@functools.cache
def samples(special: bool) -> list[tuple[Graph, list[Array]]]:
    """Return graphs of different names, with elements for their inputs."""
    samples = [sketched(1000 + seed, 2 + seed % 10, special) for seed in range(COUNT)]
    return [(replace(g, name=f"net{index}"), arrays) for index, (g, arrays) in enumerate(samples)]


@pytest.mark.parametrize("special", [False, True])
def test_compiled_equals_eager(special: bool) -> None:
    graphs = [graph for graph, _ in samples(special)]
    compiled = compile_graphs(graphs, [Target.parse("cpu")], Options(cache=False))
    loaded = farrier_runtime.load(compiled.to_bytes(), device="cpu")
    for graph, arrays in samples(special):
        result = loaded[graph.name](*arrays)
        results = result if isinstance(result, tuple) else (result,)
        for left, right in zip(results, run(graph, arrays), strict=True):
            assert np.asarray(left).dtype == right.dtype
            np.testing.assert_array_equal(left, right, err_msg=str(graph))
