"""InputInfo, NamedDimension, DimensionInputInfo and Bounds, and their meaning in tracing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from support.messages import message

N = fr.NamedDimension("n", 1, 4, 8)


def heads(function: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Return the head of the graph that a function traces to."""
    return str(trace(function, args, kwargs, name="f").graph).partition(" ->")[0]


def test_bounds() -> None:
    info = fr.InputInfo((N, (1, 2, 3), 4), fr.int8)
    assert info.shape_bounds == fr.Bounds((1, 1, 4), (4, 2, 4), (8, 3, 4))
    assert not info.shape_bounds.is_static()
    assert fr.InputInfo((2, (3, 3, 3)), fr.int8).shape_bounds.is_static()
    assert info.dimension_names == {0: "n"}
    assert info.dtype is fr.int8
    assert repr(info) == (
        "InputInfo(shape=(NamedDimension('n', 1, 4, 8), (1, 2, 3), 4), dtype=int8)"
    )


def test_input_infos_are_equal_by_bounds_and_data_type() -> None:
    info = fr.InputInfo((N, 3), fr.float32)
    assert info == fr.InputInfo([(1, 4, 8), fr.DimensionSize(3)], fr.float32)
    assert hash(info) == hash(fr.InputInfo(((1, 4, 8), 3), fr.float32))
    assert info != fr.InputInfo(((1, 4, 9), 3), fr.float32)
    assert info != fr.InputInfo((N, 3), fr.float16)
    assert info != (N, 3)
    assert fr.InputInfo(((np.int32(1), 2, 3),), fr.float32).shape == ((1, 2, 3),)


def test_named_dimensions() -> None:
    assert (N.name, N.bounds, repr(N)) == ("n", (1, 4, 8), "NamedDimension('n', 1, 4, 8)")
    assert fr.NamedDimension("n", 1, 4, 8) == N
    assert hash(fr.NamedDimension("n", 1, 4, 8)) == hash(N)
    assert fr.NamedDimension("n", 1, 4, 9) != N
    assert fr.NamedDimension("m", 1, 4, 8) != N


def test_dimension_input_infos() -> None:
    info = fr.DimensionInputInfo((1, 2, 3))
    assert info.value_bounds == fr.Bounds((1,), (2,), (3,))
    assert info == fr.DimensionInputInfo([1, 2, 3])  # pyright: ignore[reportArgumentType]
    assert info != fr.DimensionInputInfo((1, 2, 4))
    assert repr(info) == "DimensionInputInfo((1, 2, 3))"


ORDER = "they must be 0 <= min <= opt <= max."
SIZES = "InputInfo needs a shape of integers >= 0, of (min, opt, max) and of named dimensions, but"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: fr.InputInfo(((1, 2), 3), fr.float32),
            "Bounds are three integers, (min, opt, max), but got (1, 2).",
        ),
        (
            lambda: fr.InputInfo((cast(Any, (1, 2.5, 3)),), fr.float32),
            "Bounds are three integers, (min, opt, max), but got (1, 2.5, 3).",
        ),
        (
            lambda: fr.InputInfo(((True, 2, 3),), fr.float32),
            "Bounds are three integers, (min, opt, max), but got (True, 2, 3).",
        ),
        (
            lambda: fr.InputInfo(((3, 2, 1),), fr.float32),
            f"Dimension '(3, 2, 1)' got min=3, opt=2 and max=1: {ORDER}",
        ),
        (
            lambda: fr.InputInfo((None,), fr.float32),  # pyright: ignore[reportArgumentType]
            f"{SIZES} got (None,).",
        ),
        (
            lambda: fr.InputInfo((np.zeros(2, int), 1), fr.float32),
            f"{SIZES} got (array([0, 0]), 1).",
        ),
        (
            lambda: fr.InputInfo(3, fr.float32),  # pyright: ignore[reportArgumentType]
            "InputInfo needs a shape: a sequence of sizes, such as (2, 3), but got 3.",
        ),
        (
            lambda: fr.NamedDimension("", 1, 2, 3),
            "A dimension needs a name, but got ''.",
        ),
        (
            lambda: fr.NamedDimension(3, 1, 2, 3),  # pyright: ignore[reportArgumentType]
            "A dimension needs a name, but got 3.",
        ),
        (
            lambda: fr.NamedDimension("a", -1, 2, 3),
            f"Dimension 'a' got min=-1, opt=2 and max=3: {ORDER}",
        ),
        (
            lambda: fr.NamedDimension("a", 1, 2, "3"),  # pyright: ignore[reportArgumentType]
            "Bounds are three integers, (min, opt, max), but got (1, 2, '3').",
        ),
        (
            lambda: fr.DimensionInputInfo((1, 2)),
            "Bounds are three integers, (min, opt, max), but got (1, 2).",
        ),
        (
            lambda: fr.DimensionInputInfo(3),  # pyright: ignore[reportArgumentType]
            "Bounds are three integers, (min, opt, max), but got 3.",
        ),
        (
            lambda: fr.DimensionInputInfo((3, 2, 1)),
            f"Dimension 'value' got min=3, opt=2 and max=1: {ORDER}",
        ),
    ],
)
def test_what_is_refused(make: Callable[[], Any], text: str) -> None:
    with pytest.raises(fr.ArgumentError) as caught:
        make()
    assert message(caught.value) == text


# ---------------------------------------------------------------------- tracing

ROW = fr.InputInfo(((1, 4, 8),), fr.float32)
NAMED = fr.InputInfo((N,), fr.float32)


def test_dimensions_are_named_after_their_inputs() -> None:
    assert heads(lambda x: x, fr.InputInfo(((1, 4, 8), 3, (0, 1, 2)), fr.float32)) == (
        "graph @f[x_dim0 in (1, 4, 8), x_dim2 in (0, 1, 2)](%x: f32[x_dim0,3,x_dim2])"
    )
    assert heads(lambda x, y: x + y, NAMED, NAMED) == (
        "graph @f[n in (1, 4, 8)](%x: f32[n], %y: f32[n])"
    )
    assert heads(lambda x: x, fr.InputInfo(((3, 3, 3),), fr.float32)) == "graph @f(%x: f32[3])"


def test_dimensions_of_nested_inputs() -> None:
    def function(parts: Any, *, options: Any) -> Any:
        return parts[0] + parts[1][0] + options["a"]["b"]

    heads_of = heads(function, [NAMED, (NAMED,)], options={"a": {"b": ROW}})
    assert heads_of == (
        "graph @f[n in (1, 4, 8), options_a_b_dim0 in (1, 4, 8)]"
        '(%"parts[0]": f32[n], %"parts[1][0]": f32[n], %options.a.b: f32[options_a_b_dim0])'
    )


def test_names_that_are_given_stay_apart_from_those_that_are_not() -> None:
    """Equal names are equal sizes, which only the user's names may ask for."""
    other = fr.InputInfo((fr.NamedDimension("x_dim0", 1, 2, 3),), fr.float32)
    assert heads(lambda x, y: x + y, ROW, other) == (
        "graph @f[x_dim0_1 in (1, 4, 8), x_dim0 in (1, 2, 3)](%x: f32[x_dim0_1], %y: f32[x_dim0])"
    )
    assert heads(lambda a, a_b: a["b"] + a_b, {"b": ROW}, ROW) == (
        "graph @f[a_b_dim0 in (1, 4, 8), a_b_dim0_1 in (1, 4, 8)]"
        "(%a.b: f32[a_b_dim0], %a_b: f32[a_b_dim0_1])"
    )
    size = fr.DimensionInputInfo((1, 2, 3))
    assert heads(lambda x, n: x + n, NAMED, size) == (
        "graph @f[n in (1, 4, 8), n_1 in (1, 2, 3)](%x: f32[n], %n: i32[] = n_1)"
    )


def test_sizes_as_inputs() -> None:
    size = fr.DimensionInputInfo((1, 4, 8))
    assert heads(lambda x, count: fr.expand(x, (count,)), fr.InputInfo((1,), fr.float32), size) == (
        "graph @f[count in (1, 4, 8)](%x: f32[1], %count: i32[] = count)"
    )
    seen: list[Any] = []
    trace(lambda sizes: seen.append(sizes["a"]) or fr.zeros((sizes["a"],)), [{"a": size}])
    assert type(seen[0]) is fr.DimensionSize
    assert str(seen[0]) == "sizes_a"


def test_one_name_has_one_meaning() -> None:
    other = fr.InputInfo((fr.NamedDimension("n", 1, 4, 9),), fr.float32)
    with pytest.raises(fr.ArgumentError) as caught:
        trace(lambda x, y: x + y, [NAMED, other])
    assert message(caught.value) == (
        "Dimension 'n' has the bounds (1, 4, 8) and also (1, 4, 9). One name means one size: give "
        "it the same bounds, or another name."
    )


def test_compiled_functions_of_nested_dynamic_inputs() -> None:
    def function(parts: Any, scale: float, *, options: Any) -> Any:
        total = parts[0] * scale + parts[1]["x"]
        return {"total": total, "row": fr.expand(options["row"], (options["count"], 2))}

    compiled: Any = fr.compile(
        function,
        args=[[NAMED, {"x": NAMED}], 2.0],
        kwargs={
            "options": {
                "row": fr.InputInfo((1, 2), fr.float32),
                "count": fr.DimensionInputInfo((0, 2, 4)),
            }
        },
        target="cpu",
    )
    for n, count in ((1, 0), (5, 3)):
        options = {"row": fr.ones((1, 2)), "count": count}
        result = compiled([fr.ones((n,)), {"x": fr.ones((n,))}], options=options)
        assert result["total"].tolist() == [3.0] * n
        assert result["row"].shape == (count, 2)
    with pytest.raises(fr.InputError) as caught:
        compiled([fr.ones((2,)), {"x": fr.ones((3,))}], options=options)
    assert message(caught.value) == (
        "Input 'parts[1].x' of function: dimension 0, 'n', is 3, but input 'parts[0]' of function: "
        "dimension 0, 'n', is 2: all sizes 'n' must be equal"
    )
