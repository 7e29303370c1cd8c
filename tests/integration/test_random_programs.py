"""Some random programs, compiled on llvm-cpu; `tests/oracles` has two thousand."""

from __future__ import annotations

from support.random_programs import check_together


def test_compiled_gives_what_the_references_do() -> None:
    check_together(range(10_000, 10_016))
