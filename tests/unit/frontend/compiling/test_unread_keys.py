"""Inputs under keys of dicts that a traced function does not read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import farrier as fr
from farrier.compiling.trace import trace

ROW = fr.InputInfo((3,), fr.float32)


def names(func: Callable[..., Any], *args: Any) -> list[str | None]:
    return [value.name for value in trace(func, args).graph.inputs]


def test_keys_that_are_not_read_are_not_inputs() -> None:
    nest = {"x": ROW, "y": ROW, "z": [ROW, {"w": ROW}]}
    assert names(lambda d: d["x"] * 2, nest) == ["d.x"]
    assert names(lambda d: d["z"][1]["w"], nest) == ["d.z[1].w"]
    assert names(lambda d: d["x"], nest) == ["d.x"]


def test_arguments_that_are_not_read_stay_inputs() -> None:
    assert names(lambda d, x: x, {"x": ROW, "y": ROW}, ROW) == ["d.x", "d.y", "x"]
    assert names(lambda x, y: x, ROW, ROW) == ["x", "y"]
    assert names(lambda pair: pair[0], [ROW, ROW]) == ["pair[0]", "pair[1]"]


def test_keys_of_which_only_a_size_is_read_are_inputs() -> None:
    n = fr.NamedDimension("n", 1, 2, 3)
    rows, other = fr.InputInfo((n, 3), fr.float32), fr.InputInfo((n,), fr.float32)
    read: Callable[[Any], Any] = lambda d: fr.zeros((d["y"].shape[0],)) + d["x"][0]  # noqa: E731
    assert names(read, {"x": ROW, "y": fr.InputInfo(((1, 2, 3),), fr.float32)}) == ["d.x", "d.y"]
    assert names(lambda d: d["y"] * 2, {"x": rows, "y": other}) == ["d.y"]
    size = fr.DimensionInputInfo((1, 2, 3))
    assert names(lambda d: fr.zeros((d["n"],)), {"x": ROW, "n": size}) == ["d.n"]
    assert names(lambda d: d["x"], {"x": ROW, "n": size}) == ["d.x"]
