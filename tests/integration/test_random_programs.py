"""Some random programs, compiled on llvm-cpu; `tests/oracles` has two thousand."""

from __future__ import annotations

from collections import Counter

import pytest

from farrier_compiler.graph import REGISTRY
from support.graphs import operations
from support.random_programs import check_together, program


@pytest.mark.parametrize("first", [10_000, 10_016])
def test_compiled_gives_what_the_references_do(first: int) -> None:
    check_together(range(first, first + 16))


def test_programs_hold_every_op() -> None:
    names = Counter(name for seed in range(2000) for name in operations(program(seed, "p").graph))
    assert REGISTRY.keys() - names.keys() == set()
