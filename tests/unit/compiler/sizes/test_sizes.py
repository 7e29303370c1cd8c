"""Symbolic sizes, against ints for every value of their dimensions."""

from __future__ import annotations

import itertools
import operator
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from farrier_compiler.graph.graph import print_graph
from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.sizes import (
    SymbolicSize,
    UndecidedError,
    broadcast,
    calls_of,
    dimension_of,
    dimensions_of,
    floor_divide,
    is_never,
    is_size,
    is_static,
    lower_bound,
    maximum,
    minimum,
    opt_of,
    substitute,
    symbol,
    upper_bound,
)
from farrier_runtime.dimension import Dimension
from support.messages import message

N, M = Dimension("n", 1, 4, 8), Dimension("m", 0, 3, 9)
n, m = symbol(N), symbol(M)
Evaluate = Callable[[Mapping[str, int]], int]
quick = settings(derandomize=True, database=None, deadline=None, max_examples=400)


@dataclass
class Expression:
    """A size, and how it is computed with ints."""

    size: int
    evaluate: Evaluate


def _leaf(chance: random.Random, dimensions: list[Dimension]) -> Expression:
    if chance.random() < 0.35:
        number = chance.randint(-4, 5)
        return Expression(number, lambda _: number)
    dimension = chance.choice(dimensions)
    return Expression(symbol(dimension), lambda sizes: sizes[dimension.name])


OPERATIONS: dict[str, tuple[Callable[[int, int], int], Callable[[int, int], int]]] = {
    "add": (operator.add, operator.add),
    "subtract": (operator.sub, operator.sub),
    "multiply": (operator.mul, operator.mul),
    "divide": (operator.floordiv, operator.floordiv),
    "remainder": (operator.mod, operator.mod),
    "minimum": (minimum, min),
    "maximum": (maximum, max),
}


def _expression(chance: random.Random, dimensions: list[Dimension], depth: int) -> Expression:
    if depth == 0 or chance.random() < 0.2:
        return _leaf(chance, dimensions)
    left, right = (_expression(chance, dimensions, depth - 1) for _ in range(2))
    name = chance.choice(sorted(OPERATIONS))
    if (
        name in ("divide", "remainder")
        and lower_bound(right.size) < 1
        and upper_bound(right.size) >= 0
    ):
        right = Expression(3, lambda _: 3)
    make, compute = OPERATIONS[name]
    return Expression(
        make(left.size, right.size),
        lambda sizes: compute(left.evaluate(sizes), right.evaluate(sizes)),
    )


def dimensions_by(chance: random.Random) -> list[Dimension]:
    """Return one to three dimensions."""
    bounds = (sorted(chance.randint(0, 7) for _ in range(3)) for _ in range(chance.randint(1, 3)))
    return [Dimension(name, *three) for name, three in zip("abc", bounds, strict=False)]


def every_value(dimensions: list[Dimension]) -> Iterator[dict[str, int]]:
    """Yield all combinations of the dimensions' sizes."""
    ranges = [range(dimension.min, dimension.max + 1) for dimension in dimensions]
    for values in itertools.product(*ranges):
        yield {d.name: value for d, value in zip(dimensions, values, strict=True)}


SEEDS = st.integers(0, 2**32 - 1)


@quick
@given(SEEDS)
def test_expressions_are_what_they_are_of_ints_within_their_bounds(seed: int) -> None:
    chance = random.Random(seed)
    dimensions = dimensions_by(chance)
    expression = _expression(chance, dimensions, 4)
    low, high = lower_bound(expression.size), upper_bound(expression.size)
    for sizes in every_value(dimensions):
        expected = expression.evaluate(sizes)
        assert substitute(expression.size, sizes) == expected
        assert low <= expected <= high


@quick
@given(SEEDS)
def test_comparisons_say_what_holds_for_all_sizes(seed: int) -> None:
    chance = random.Random(seed)
    dimensions = dimensions_by(chance)
    left, right = (_expression(chance, dimensions, 3) for _ in range(2))
    comparisons: list[Callable[[Any, Any], bool]] = [
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ]
    for compare in comparisons:
        try:
            decided = compare(left.size, right.size)
        except UndecidedError:
            continue
        for sizes in every_value(dimensions):
            assert compare(left.evaluate(sizes), right.evaluate(sizes)) is decided


@quick
@given(SEEDS)
def test_equal_polynomials_are_one_size(seed: int) -> None:
    chance = random.Random(seed)
    dimensions = dimensions_by(chance)
    a, b, c = (_expression(chance, dimensions, 2).size for _ in range(3))
    for left, right in (
        (a + b, b + a),
        (a + b + c, c + (b + a)),
        (a * b, b * a),
        ((a + b) * c, a * c + b * c),
        (a - b, -(b - a)),
        (a - a, 0),
        (a * 3 // 3, a),
        (minimum(a, b), minimum(b, a)),
        (maximum(a, b, a), maximum(b, a)),
        (broadcast(a, broadcast(b, c)), broadcast(c, broadcast(b, a))),
    ):
        assert left == right
        assert hash(left) == hash(right)
        assert str(left) == str(right)


@quick
@given(SEEDS)
def test_sizes_in_graph_text_are_read_back(seed: int) -> None:
    chance = random.Random(seed)
    dimensions = dimensions_by(chance)
    size = maximum(_expression(chance, dimensions, 4).size, 0)
    names = ", ".join(f"{d} in ({d.min}, {d.opt}, {d.max})" for d in dimensions)
    inputs = ", ".join(f"%{d}: f32[{d}]" for d in dimensions)
    text = f"graph @f[{names}]({inputs}) -> i32[] {{\n"
    text += f"  %0: i32[] = size_of() {{size = {size}}}\n  return %0\n}}"
    parsed = parse_graph(text)
    assert vars(parsed.nodes[0].op) == {"size": size}
    assert print_graph(parse_graph(print_graph(parsed))) == print_graph(parsed)


@quick
@given(SEEDS)
def test_broadcasts_are_the_size_that_is_not_one(seed: int) -> None:
    chance = random.Random(seed)
    dimensions = dimensions_by(chance)
    parts = [symbol(chance.choice(dimensions)) for _ in range(3)]
    size = broadcast(*parts)
    for sizes in every_value(dimensions):
        values = {substitute(part, sizes) for part in parts}
        if len(values - {1}) <= 1:
            assert substitute(size, sizes) == (values - {1} or {1}).pop()
        assert min(values) >= lower_bound(size)
        assert max(values) <= upper_bound(size)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (n * 4 + 2, "4*n + 2"),
        (2 - n, "-n + 2"),
        (n * m * 2 - 1, "2*m*n - 1"),
        ((n * 4 + 2) // 2, "2*n + 1"),
        ((n + 1) // 2, "(n + 1)//2"),
        (n // 2 * 3 + 1, "3*(n//2) + 1"),
        (n % 2, "n - 2*(n//2)"),
        (n // (m + 1), "n//(m + 1)"),
        (8 // n, "8//n"),
        (m + floor_divide(-8, n), "(-8)//n + m"),
        (n // -2, "-n + n//2"),
        (n * m // n, "m"),
        ((n * m + n) // n, "m + 1"),
        ((n * 6 + 4) // 4, "n + n//2 + 1"),
        (minimum(n, 3), "min(3, n)"),
        (maximum(n, m, 2), "max(2, m, n)"),
        (minimum(n, n + 1), "n"),
        (maximum(n, 0), "n"),
        (maximum(n, 9), 9),
        (broadcast(n, m), "broadcast(m, n)"),
        (n - n, 0),
        (n // 16, 0),
        ((n - 1) // 8, 0),
        (n * 0, 0),
    ],
)
def test_what_sizes_look_like(size: int, text: str | int) -> None:
    assert (size if isinstance(text, int) else str(size)) == text
    assert f"{size}" == repr(size) == str(size)


def test_sizes_are_decided_by_bounds() -> None:
    assert n > 0
    assert n >= 1
    assert n < 9
    assert n <= 8
    assert not n > 8
    assert not n < 1
    assert n + m >= n
    assert n * m <= 72
    assert n // 2 <= n
    assert bool(n)
    assert minimum(n, m) <= n
    assert maximum(n, m) >= m
    assert 0 < n <= 8
    assert n != m
    assert n != 3
    assert n == symbol(Dimension("n", 1, 4, 8))
    assert n != symbol(Dimension("n", 1, 4, 9))


ADVICE = (
    "Narrow the bounds in InputInfo so that one answer is right for all sizes, or compare nothing "
    "here."
)


@pytest.mark.parametrize(
    ("compare", "question"),
    [
        (lambda: n < 3, "n < 3 depends on 'n' (1 to 8)"),
        (lambda: n <= m, "n <= m depends on 'n' (1 to 8) and 'm' (0 to 9)"),
        (lambda: n > 3, "n > 3 depends on 'n' (1 to 8)"),
        (lambda: n * 2 - m >= 3, "-m + 2*n >= 3 depends on 'm' (0 to 9) and 'n' (1 to 8)"),
        (lambda: bool(m), "m > 0 depends on 'm' (0 to 9)"),
        (lambda: max(n, 3), "n < 3 depends on 'n' (1 to 8)"),
    ],
)
def test_comparisons_that_bounds_leave_open(compare: Callable[[], Any], question: str) -> None:
    with pytest.raises(UndecidedError) as caught:
        compare()
    assert message(caught.value) == f"Whether {question}. {ADVICE}"


def test_what_is_not_a_size_is_left_to_others() -> None:
    for operation in (
        lambda: n + 1.5,
        lambda: 1.5 - n,
        lambda: n * "a",
        lambda: n // 1.5,
        lambda: 1.5 % n,
        lambda: n < 1.5,
        lambda: n >= None,  # pyright: ignore[reportOperatorIssue]
    ):
        with pytest.raises(TypeError):
            operation()
    assert n != "n"
    assert not is_size(1.5)
    assert is_size(n)
    assert is_size(3)


def test_dimensions_and_functions_of_sizes() -> None:
    size = minimum(n, m) * 2 + n // 3
    assert list(dict.fromkeys(dimensions_of(size))) == [M, N] or set(dimensions_of(size)) == {M, N}
    assert sorted(map(str, calls_of(size))) == ["min(m, n)", "n//3"]
    assert dimension_of(n) is N
    assert [dimension_of(other) for other in (n + 1, n * 2, size, 3)] == [None] * 4
    assert opt_of(n * m + 1) == 13
    assert symbol(Dimension("three", 3, 3, 3)) == 3
    assert is_static((1, 2))
    assert not is_static((1, n))


def test_numbers_that_sizes_never_are() -> None:
    assert is_never(n, 0)
    assert is_never(n, 9)
    assert not is_never(n, 4)
    assert is_never(m + 1, 0)
    assert is_never(3, 4)


def test_some_dimensions_may_be_left() -> None:
    assert substitute(n * m + m, {"n": 3}) == m * 4
    assert substitute(n, {"m": 3}) == n
    assert substitute(minimum(n, m), {"m": 0}) == 0
    assert substitute(7, {"n": 3}) == 7


def test_divisors_are_positive_or_negative_throughout() -> None:
    for by in (1 - n - 1, n, n + m, -3):
        for left in (n, -n, m - 5, 7, -7):
            for a, b in itertools.product(range(1, 9), range(10)):
                sizes = {"n": a, "m": b}
                expected = substitute(left, sizes) // substitute(by, sizes)
                assert substitute(floor_divide(left, by), sizes) == expected
    with pytest.raises(ZeroDivisionError):
        floor_divide(n, 0)


def test_sizes_are_not_plain_ints() -> None:
    assert isinstance(n, SymbolicSize)
    assert not isinstance(n, int)
