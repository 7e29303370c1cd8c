"""Two thousand random programs on static and dynamic sizes, of 0 and 1 too.

Seven minutes on one core, nearly all of them in IREE: a fifth of a second for each program.
"""

from __future__ import annotations

import pytest

from farrier_compiler.graph import REGISTRY
from support.graphs import operations
from support.random_programs import check_together, program

CHUNK = 50


@pytest.mark.parametrize("first", range(0, 2000, CHUNK))
def test_compiled_gives_what_the_references_do(first: int) -> None:
    check_together(range(first, first + CHUNK))


@pytest.mark.parametrize("first", range(2000, 2100, CHUNK))
def test_compiled_for_x86_64_v3_gives_the_same(first: int) -> None:
    check_together(range(first, first + CHUNK), "cpu:x86-64-v3")


def test_programs_hold_every_op() -> None:
    names = {name for seed in range(2000) for name in operations(program(seed, "p").graph)}
    assert REGISTRY.keys() - names == set()
