"""Small programs for tests of the compiler process."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import farrier_runtime
from farrier_compiler.driver import Options, compile_graphs
from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import Graph
from farrier_runtime.errors import ArgumentError, CompileError
from support.programs import expected_affine, random

CPU = [Target("cpu")]
UNCACHED = Options(cache=False)
X = random(4, 32, seed=5)


def compiled(graph: Graph, *flags: str, **options: Any) -> bytes:
    """Return the artifact of a graph."""
    chosen = Options(cache=False, flags=flags, **options)
    return compile_graphs([graph], CPU, chosen).to_bytes()


def refusal(graph: Graph, *flags: str, **options: Any) -> CompileError | ArgumentError:
    """Return the error that compiling a graph raises."""
    with pytest.raises((CompileError, ArgumentError)) as raised:
        compiled(graph, *flags, **options)
    return raised.value


def assert_computes(artifact: Any, seed: int = 0) -> None:
    """Check what an artifact of `affine` computes."""
    result = farrier_runtime.load(artifact)(X)
    np.testing.assert_allclose(result, expected_affine(X, seed=seed), rtol=0, atol=2e-5)


def wait_until(holds: Any) -> None:
    """Wait until a condition holds, for a minute at most."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
