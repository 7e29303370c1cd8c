"""Every rule of `canonicalize`: where it applies, and where it must not."""

from __future__ import annotations

import numpy as np
import pytest

from farrier_compiler.passes import run_passes
from farrier_compiler.passes.rules import RULES
from support.graphs import body, random_arrays, run, written

# name: inputs, lines, remaining lines.
Case = tuple[str, list[str], list[str]]
X = ["return %x"]

ARITHMETIC: dict[str, Case] = {
    "x + 0 of integers": ("%x: i32[2]", ["add(%x, 0: i32) -> i32[2]"], X),
    "x + -0.0": ("%x: f32[2]", ["add(%x, -0.0: f32) -> f32[2]"], X),
    "x - 0.0": ("%x: f32[2]", ["subtract(%x, 0.0: f32) -> f32[2]"], X),
    "x or false": ("%x: bool[2]", ["add(%x, false: bool) -> bool[2]"], X),
    "x * 1": ("%x: bf16[2]", ["multiply(%x, 1.0: bf16) -> bf16[2]"], X),
    "1 * x": ("%x: f16[2]", ["multiply(1.0: f16, %x) -> f16[2]"], X),
    "x / 1": ("%x: f32[2]", ["divide(%x, 1.0: f32) -> f32[2]"], X),
    "x // 1 of integers": ("%x: u8[2]", ["floor_divide(%x, 1: u8) -> u8[2]"], X),
    "x ** 1": ("%x: f32[2]", ["power(%x, 1.0: f32) -> f32[2]"], X),
    "max(x, -inf)": ("%x: f32[2]", ["maximum(%x, -inf: f32) -> f32[2]"], X),
    "min(x, inf)": ("%x: f32[2]", ["minimum(%x, inf: f32) -> f32[2]"], X),
    "x & all ones": ("%x: i8[2]", ["bitwise_and(%x, -1: i8) -> i8[2]"], X),
    "x & all ones, unsigned": ("%x: u8[2]", ["bitwise_and(%x, 255: u8) -> u8[2]"], X),
    "x and true": ("%x: bool[2]", ["bitwise_and(%x, true: bool) -> bool[2]"], X),
    "x or 0": ("%x: i8[2]", ["bitwise_or(%x, 0: i8) -> i8[2]"], X),
    "x xor false": ("%x: bool[2]", ["bitwise_xor(false: bool, %x) -> bool[2]"], X),
    "a constant full of ones": (
        "%x: f32[2]",
        ["constant @w: f32[2] = [1.0, 1.0]", "multiply(%x, @w) -> f32[2]"],
        X,
    ),
    "-(-x)": ("%x: f32[2]", ["negative(%x) -> f32[2]", "negative(%0) -> f32[2]"], X),
    "not not x": ("%x: bool[2]", ["bitwise_not(%x) -> bool[2]", "bitwise_not(%0) -> bool[2]"], X),
    "rules follow each other": (
        "%x: f32[2]",
        ["negative(%x) -> f32[2]", "add(%0, -0.0: f32) -> f32[2]", "negative(%1) -> f32[2]"],
        X,
    ),
    "constants go to the right": (
        "%x: f32[2]",
        ["add(2.0: f32, %x) -> f32[2]"],
        ["%0: f32[2] = add(%x, 2.0: f32)", "return %0"],
    ),
}

CHOICES: dict[str, Case] = {
    "where(c, x, x)": ("%c: bool[2], %x: f32[2]", ["where(%c, %x, %x) -> f32[2]"], X),
    "where(true, x, y)": ("%x: f32[2], %y: f32[2]", ["where(true: bool, %x, %y) -> f32[2]"], X),
    "where(false, y, x)": ("%x: f32[2], %y: f32[2]", ["where(false: bool, %y, %x) -> f32[2]"], X),
}

CASTS: dict[str, Case] = {
    "to the same type": ("%x: f32[2]", ["cast(%x) {dtype = f32} -> f32[2]"], X),
    "f16 and back": (
        "%x: f16[2]",
        ["cast(%x) {dtype = f32} -> f32[2]", "cast(%0) {dtype = f16} -> f16[2]"],
        X,
    ),
    "i8 by f32 and back": (
        "%x: i8[2]",
        ["cast(%x) {dtype = f32} -> f32[2]", "cast(%0) {dtype = i8} -> i8[2]"],
        X,
    ),
    "bool by i32 and back": (
        "%x: bool[2]",
        ["cast(%x) {dtype = i32} -> i32[2]", "cast(%0) {dtype = bool} -> bool[2]"],
        X,
    ),
    "f16 by f32 to bf16": (
        "%x: f16[2]",
        ["cast(%x) {dtype = f32} -> f32[2]", "cast(%0) {dtype = bf16} -> bf16[2]"],
        ["%0: bf16[2] = cast(%x) {dtype = bf16}", "return %0"],
    ),
    "u8 by i32 to i16": (
        "%x: u8[2]",
        ["cast(%x) {dtype = i32} -> i32[2]", "cast(%0) {dtype = i16} -> i16[2]"],
        ["%0: i16[2] = cast(%x) {dtype = i16}", "return %0"],
    ),
}

SHAPES: dict[str, Case] = {
    "transpose of nothing": (
        "%x: f32[2,3]",
        ["transpose(%x) {permutation = (0, 1)} -> f32[2,3]"],
        X,
    ),
    "transpose and back": (
        "%x: f32[2,3,4]",
        [
            "transpose(%x) {permutation = (1, 2, 0)} -> f32[3,4,2]",
            "transpose(%0) {permutation = (2, 0, 1)} -> f32[2,3,4]",
        ],
        X,
    ),
    "transpose of transpose": (
        "%x: f32[2,3,4]",
        [
            "transpose(%x) {permutation = (1, 2, 0)} -> f32[3,4,2]",
            "transpose(%0) {permutation = (1, 2, 0)} -> f32[4,2,3]",
        ],
        ["%0: f32[4,2,3] = transpose(%x) {permutation = (2, 0, 1)}", "return %0"],
    ),
    "transpose of dims of size 1": (
        "%x: f32[1,3,1]",
        ["transpose(%x) {permutation = (0, 2, 1)} -> f32[1,1,3]"],
        ["%0: f32[1,1,3] = reshape(%x) {shape = (1, 1, 3)}", "return %0"],
    ),
    "reshape to the same": ("%x: f32[2,3]", ["reshape(%x) {shape = (2, 3)} -> f32[2,3]"], X),
    "reshape of reshape": (
        "%x: f32[2,3]",
        ["reshape(%x) {shape = (6,)} -> f32[6]", "reshape(%0) {shape = (3, 2)} -> f32[3,2]"],
        ["%0: f32[3,2] = reshape(%x) {shape = (3, 2)}", "return %0"],
    ),
    "broadcast to the same": (
        "%x: f32[2]",
        ["broadcast(%x) {shape = (2,), dims = (0,)} -> f32[2]"],
        X,
    ),
    "broadcast by dims of size 1": (
        "%x: f32[2]",
        ["broadcast(%x) {shape = (1, 2), dims = (1,)} -> f32[1,2]"],
        ["%0: f32[1,2] = reshape(%x) {shape = (1, 2)}", "return %0"],
    ),
    "broadcast of broadcast": (
        "%x: f32[2]",
        [
            "broadcast(%x) {shape = (2, 3), dims = (0,)} -> f32[2,3]",
            "broadcast(%0) {shape = (2, 4, 3), dims = (0, 2)} -> f32[2,4,3]",
        ],
        ["%0: f32[2,4,3] = broadcast(%x) {shape = (2, 4, 3), dims = (0,)}", "return %0"],
    ),
    "implicit broadcast": (
        "%x: f32[2,3], %y: f32[3]",
        ["broadcast(%y) {shape = (2, 3), dims = (1,)} -> f32[2,3]", "add(%x, %0) -> f32[2,3]"],
        ["%0: f32[2,3] = add(%x, %y)", "return %0"],
    ),
    "implicit filling": (
        "%x: f32[2,3]",
        [
            "full() {shape = (2, 3), value = 2, dtype = f32} -> f32[2,3]",
            "multiply(%x, %0) -> f32[2,3]",
        ],
        ["%0: f32[2,3] = multiply(%x, 2.0: f32)", "return %0"],
    ),
    "parts of one number": (
        "%x: f32[2]",
        [
            "full() {shape = (2, 3), value = 2, dtype = f32} -> f32[2,3]",
            "transpose(%0) {permutation = (1, 0)} -> f32[3,2]",
        ],
        ["%0: f32[3,2] = full() {shape = (3, 2), value = 2, dtype = f32}", "return %0"],
    ),
}

PARTS: dict[str, Case] = {
    "slice of all": (
        "%x: f32[4]",
        ["slice(%x) {start = (0,), limit = (4,), step = (1,)} -> f32[4]"],
        X,
    ),
    "slice of slice": (
        "%x: f32[10]",
        [
            "slice(%x) {start = (1,), limit = (9,), step = (2,)} -> f32[4]",
            "slice(%0) {start = (1,), limit = (4,), step = (2,)} -> f32[2]",
        ],
        ["%0: f32[2] = slice(%x) {start = (3,), limit = (9,), step = (4,)}", "return %0"],
    ),
    "slice of the end of a slice": (
        "%x: f32[10]",
        [
            "slice(%x) {start = (1,), limit = (9,), step = (3,)} -> f32[3]",
            "slice(%0) {start = (3,), limit = (3,), step = (1,)} -> f32[0]",
        ],
        ["%0: f32[0] = slice(%x) {start = (9,), limit = (9,), step = (3,)}", "return %0"],
    ),
    "pad by nothing": (
        "%x: f32[4]",
        ["pad(%x, 0.0: f32) {low = (0,), high = (0,), interior = (0,)} -> f32[4]"],
        X,
    ),
    "reverse of dims of size 1": ("%x: f32[1,2]", ["reverse(%x) {dims = (0,)} -> f32[1,2]"], X),
    "reverse and back": (
        "%x: f32[2,3]",
        ["reverse(%x) {dims = (0, 1)} -> f32[2,3]", "reverse(%0) {dims = (1,)} -> f32[2,3]"],
        ["%0: f32[2,3] = reverse(%x) {dims = (0,)}", "return %0"],
    ),
    "concatenate one": ("%x: f32[2]", ["concatenate(%x) {dim = 0} -> f32[2]"], X),
    "concatenate nothing": (
        "%x: f32[2], %y: f32[0]",
        ["concatenate(%y, %x, %y) {dim = 0} -> f32[2]"],
        X,
    ),
    "reduce no dims": ("%x: f32[2]", ["max(%x) {dim = ()} -> f32[2]"], X),
    "sum no dims, of integers": ("%x: i32[2]", ["sum(%x) {dim = ()} -> i32[2]"], X),
}
WEIGHT = "constant @w: f32[2,3] = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]"
PLAIN = "lhs_batch = (), rhs_batch = (), lhs_contracting = "
CONTRACTIONS: dict[str, Case] = {
    "x @ transposed weight": (
        "%x: f32[4,3]",
        [
            WEIGHT,
            "transpose(@w) {permutation = (1, 0)} -> f32[3,2]",
            f"dot_general(%x, %0) {{{PLAIN}(1,), rhs_contracting = (0,)}} -> f32[4,2]",
        ],
        [
            WEIGHT,
            f"%0: f32[4,2] = dot_general(%x, @w) {{{PLAIN}(1,), rhs_contracting = (1,)}}",
            "return %0",
        ],
    ),
    "transposed weight @ x": (
        "%x: f32[2,4]",
        [
            WEIGHT,
            "transpose(@w) {permutation = (1, 0)} -> f32[3,2]",
            f"dot_general(%0, %x) {{{PLAIN}(1,), rhs_contracting = (0,)}} -> f32[3,4]",
        ],
        [
            WEIGHT,
            f"%0: f32[3,4] = dot_general(@w, %x) {{{PLAIN}(0,), rhs_contracting = (0,)}}",
            "return %0",
        ],
    ),
}
CASES = {**ARITHMETIC, **CHOICES, **CASTS, **SHAPES, **PARTS, **CONTRACTIONS}

# Rules that look alike, but would change a result.
KEPT: dict[str, tuple[str, list[str]]] = {
    "x + 0.0 makes 0.0 of -0.0": ("%x: f32[2]", ["add(%x, 0.0: f32) -> f32[2]"]),
    "x - -0.0 makes 0.0 of -0.0": ("%x: f32[2]", ["subtract(%x, -0.0: f32) -> f32[2]"]),
    "x * 0 may be NaN": ("%x: f32[2]", ["multiply(%x, 0.0: f32) -> f32[2]"]),
    "x - x may be NaN": ("%x: f32[2]", ["subtract(%x, %x) -> f32[2]"]),
    "x // 1 rounds": ("%x: f32[2]", ["floor_divide(%x, 1.0: f32) -> f32[2]"]),
    "1 / x is not x": ("%x: f32[2]", ["divide(1.0: f32, %x) -> f32[2]"]),
    "max(x, inf)": ("%x: f32[2]", ["maximum(%x, inf: f32) -> f32[2]"]),
    "max(x, nan) is NaN": ("%x: f8e4m3fn[2]", ["maximum(%x, nan: f8e4m3fn) -> f8e4m3fn[2]"]),
    "the neutral element broadcasts": (
        "%x: f32[1]",
        ["constant @w: f32[2] = [1.0, 1.0]", "multiply(%x, @w) -> f32[2]"],
    ),
    "not all are neutral": (
        "%x: f32[2]",
        ["constant @w: f32[2] = [1.0, 2.0]", "multiply(%x, @w) -> f32[2]"],
    ),
    "a cast that loses digits": (
        "%x: f32[2]",
        ["cast(%x) {dtype = f16} -> f16[2]", "cast(%0) {dtype = f32} -> f32[2]"],
    ),
    "a cast that wraps, not saturates": (
        "%x: i32[2]",
        ["cast(%x) {dtype = f64} -> f64[2]", "cast(%0) {dtype = i8} -> i8[2]"],
    ),
    "a cast that loses infinity": (
        "%x: f8e5m2[2]",
        ["cast(%x) {dtype = f8e4m3fn} -> f8e4m3fn[2]", "cast(%0) {dtype = f32} -> f32[2]"],
    ),
    "a broadcast that others rely on": (
        "%x: f32[1,3], %y: f32[3]",
        ["broadcast(%y) {shape = (2, 3), dims = (1,)} -> f32[2,3]", "add(%x, %0) -> f32[2,3]"],
    ),
    "a broadcast along other dims": (
        "%x: f32[2,2], %y: f32[2]",
        ["broadcast(%y) {shape = (2, 2), dims = (0,)} -> f32[2,2]", "add(%x, %0) -> f32[2,2]"],
    ),
    "a choice that broadcasts": (
        "%x: f32[1], %y: f32[2]",
        ["where(true: bool, %x, %y) -> f32[2]"],
    ),
    "a contraction whose free dims change places": (
        "%x: f32[4]",
        [
            WEIGHT,
            "transpose(@w) {permutation = (1, 0)} -> f32[3,2]",
            "dot_general(%x, %0) {lhs_batch = (), rhs_batch = (), lhs_contracting = (), "
            "rhs_contracting = ()} -> f32[4,3,2]",
        ],
    ),
    "a transposed activation": (
        "%x: f32[4,3], %y: f32[2,3]",
        [
            "transpose(%y) {permutation = (1, 0)} -> f32[3,2]",
            f"dot_general(%x, %0) {{{PLAIN}(1,), rhs_contracting = (0,)}} -> f32[4,2]",
        ],
    ),
    "a sum makes 0.0 of -0.0": ("%x: f32[2]", ["sum(%x) {dim = ()} -> f32[2]"]),
}


@pytest.mark.parametrize("name", CASES)
def test_rule(name: str) -> None:
    inputs, lines, expected = CASES[name]
    graph = written(inputs, *lines)
    simple = run_passes(graph, "canonicalize", verify=True)
    assert body(simple) == expected
    arrays = random_arrays(graph)
    np.testing.assert_array_equal(run(simple, arrays), run(graph, arrays))


@pytest.mark.parametrize("name", KEPT)
def test_no_rule(name: str) -> None:
    inputs, lines = KEPT[name]
    graph = written(inputs, *lines)
    assert body(run_passes(graph, "canonicalize", verify=True)) == body(graph)


def test_every_rule_says_what_it_does() -> None:
    for rules in RULES.values():
        for rule in rules:
            assert rule.__doc__


def test_traced_values_stay_as_they_are() -> None:
    graph = written("%x: f32[2]", "negative(%x) -> f32[2]", "negative(%0) -> f32[2]")
    nodes, before = graph.nodes, body(graph)
    simple = run_passes(graph, "canonicalize")
    assert body(graph) == before
    assert graph.nodes is nodes
    assert simple.inputs == graph.inputs
