"""Elementwise functions: Python numbers, operators, simple powers and errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message

FLOATS = fr.Tensor([1.0, 2.0])
INTEGERS = fr.Tensor([1, 2])


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (
            lambda: fr.cast(FLOATS, int),  # pyright: ignore[reportArgumentType]
            fr.ArgumentError,
            "cast needs a data type such as fr.float32, not <class 'int'>.",
        ),
        (
            lambda: fr.equal(FLOATS, INTEGERS),
            fr.DtypeError,
            "equal takes operands of one data type, but got float32 (2,) and int32 (2,). "
            "Cast one of them, for example with fr.cast(x, fr.float32).",
        ),
    ],
)
def test_refusals(function: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        function()
    assert message(caught.value) == text


def test_refusal_shows_the_line_and_where_operands_were_made() -> None:
    short = fr.Tensor([1.0, 2.0])
    with pytest.raises(fr.ShapeError) as caught:
        _ = short + fr.ones(3)
    lines = str(caught.value).splitlines()
    assert "short + fr.ones(3)" in lines[2]
    marked = lines[2][lines[3].index("^") : lines[3].rindex("^") + 1]
    assert marked == "short + fr.ones(3)"
    assert "  input: float32 (2,), made here:" in lines
    assert "  other: float32 (3,), made here:" in lines


@pytest.mark.parametrize("dtype", [fr.float16, fr.bfloat16, fr.float64, fr.int8, fr.uint16])
def test_numbers_adapt_to_the_tensor(dtype: fr.dtype) -> None:
    x = fr.Tensor([3, 5], dtype=dtype)
    assert (x + 1).dtype is dtype
    assert (1 + x).tolist() == [4, 6]
    assert (10 - x).tolist() == [7, 5]
    assert fr.maximum(4, x).tolist() == [4, 5]


def test_numbers_are_kept_apart() -> None:
    for number in (0.0, -0.0, 0.0):
        sign = math.copysign(1, number)
        assert np.copysign(1, (FLOATS * number).numpy()).tolist() == [sign, sign]
    assert [(INTEGERS * number).tolist() for number in (1, True, 1)] == [[1, 2]] * 3
    with pytest.raises(fr.DtypeError):
        fr.multiply(INTEGERS, 1.0)


NUMPY_ONE: Any = np.float32(1)
WHOLE: list[tuple[Callable[[fr.Tensor], fr.Tensor], list[Any]]] = [
    (lambda x: fr.pad(x, ((0, 1),), value=7.0), [1, 2, 7]),
    (lambda x: fr.masked_fill(x, x > 1, 7.0), [1, 7]),
    (lambda x: fr.where(x > 1, x, 7.0), [7, 2]),
    (lambda x: fr.where(x > 1, 7.0, x), [1, 7]),
    (lambda x: fr.clamp(x, 2.0, 9.0), [2, 2]),
    (lambda x: fr.maximum(2.0, x), [2, 2]),
    (lambda x: fr.minimum(x, NUMPY_ONE), [1, 1]),
    (lambda x: fr.full_like(x, 7.0), [7, 7]),
    (lambda x: x == 1.0, [True, False]),
    (lambda x: x < 2.0, [True, False]),
]


@pytest.mark.parametrize(("function", "expected"), WHOLE)
@pytest.mark.parametrize("kind", [fr.int8, fr.int32, fr.int64, fr.uint16])
def test_whole_floats_stand_among_integers(
    function: Callable[[fr.Tensor], fr.Tensor], expected: list[Any], kind: fr.dtype
) -> None:
    x = fr.Tensor([1, 2], dtype=kind)
    result = function(x)
    assert result.tolist() == expected
    assert result.dtype in (kind, fr.bool)


@pytest.mark.parametrize("number", [1.5, math.inf, math.nan])
def test_other_floats_do_not(number: float) -> None:
    for function in (fr.maximum, fr.less, lambda x, y: fr.masked_fill(x, x > 1, y)):
        with pytest.raises(fr.DtypeError, match=r"Python floats are not cast to int32"):
            function(INTEGERS, number)


def test_operators() -> None:
    x = fr.Tensor([7, -7])
    assert (x // 2).tolist() == [3, -4]
    assert (x % 3).tolist() == [1, 2]
    assert (x / 2).tolist() == [3, -3]
    assert (-x).tolist() == [-7, 7]
    assert abs(x).tolist() == [7, 7]
    assert (2 ** fr.Tensor([1, 2])).tolist() == [2, 4]
    assert (x & 3).tolist() == [3, 1]
    assert (x | 8).tolist() == [15, -7]
    assert (x ^ 1).tolist() == [6, -8]
    assert (~x).tolist() == [-8, 6]
    assert (x >= 0).tolist() == [True, False]
    assert (x != 7).tolist() == [False, True]


def test_integers_divided_by_zero() -> None:
    x, zero = fr.Tensor([5, -5]), fr.Tensor([0, 0])
    assert (x / zero).tolist() == [-1, -1]
    assert (x // zero).tolist() == [-1, -1]
    assert (x % zero).tolist() == [5, -5]
    smallest = fr.Tensor([-(2**31)])
    assert (smallest / -1).tolist() == [-(2**31)]


@pytest.mark.parametrize("exponent", [2, 3, 4, -1, 0.5, -0.5])
def test_simple_powers_do_not_use_power(exponent: float) -> None:
    x = fr.Tensor([0.5, 2.0, 3.0], dtype=fr.float64)
    result = x**exponent
    assert result.value.producer is not None
    assert result.value.producer.op.name != "power"
    np.testing.assert_allclose(result.numpy(), x.numpy() ** exponent, rtol=1e-15)


def test_powers_of_integers_refuse_fractions() -> None:
    with pytest.raises(fr.DtypeError, match=r"Python floats are not cast to int32"):
        _ = INTEGERS**0.5
    with pytest.raises(fr.DtypeError, match=r"Python floats are not cast to int32"):
        _ = INTEGERS**2.0


def test_cast_saturates() -> None:
    x = fr.Tensor([1e10, -1e10, math.inf, -math.inf, math.nan, 2.9, -2.9])
    low, high = -(2**31), 2**31 - 1
    assert fr.cast(x, fr.int32).tolist() == [high, low, high, low, 0, 2, -2]
    assert fr.cast(x, fr.uint8).tolist() == [255, 0, 255, 0, 0, 2, 0]
    assert fr.cast(x, fr.bool).tolist() == [True] * 7
    assert fr.cast(fr.Tensor([300]), fr.int8).tolist() == [44]
    assert fr.cast(x, fr.float32) is x


def test_equal_and_allclose_are_python_bools() -> None:
    one = fr.Tensor([1.0])
    assert fr.equal(one, fr.Tensor([1.0])) is True
    assert fr.equal(one, fr.Tensor([2.0])) is False
    assert fr.equal(one, fr.Tensor([1.0, 1.0])) is False
    assert fr.allclose(one, fr.Tensor([1.000001])) is True
    assert fr.allclose(one, fr.Tensor([1.1])) is False
    assert fr.allclose(one, fr.Tensor([1.1]), atol=0.2) is True
    assert fr.allclose(one, [1.0]) is fr.equal(one, [1.0]) is True  # pyright: ignore[reportArgumentType]
    assert fr.allclose(fr.Tensor([math.nan]), fr.Tensor([math.nan])) is False


def test_16_bit_composites_round_once() -> None:
    x = fr.cast(fr.rand(64, seed=0) * 8 - 4, fr.bfloat16)
    for function in (fr.gelu, fr.softplus, fr.softmax, fr.hardswish):
        exact = function(fr.cast(x, fr.float32))
        assert fr.equal(function(x), fr.cast(exact, fr.bfloat16)), function.__name__


def test_float8_is_computed_in_float32() -> None:
    x = fr.Tensor([1.0, 448.0], dtype=fr.float8)
    assert (x + x).dtype is fr.float8
    assert math.isnan((x + x).tolist()[1])
    assert fr.cast(x, fr.float32).tolist() == [1.0, 448.0]


def test_lists_and_numbers_are_taken_for_tensors() -> None:
    assert fr.sum([1, 2]).tolist() == 3  # pyright: ignore[reportArgumentType]
    assert fr.relu([-1.0, 2.0]).tolist() == [0.0, 2.0]  # pyright: ignore[reportArgumentType]
    assert fr.cast(1.5, fr.int32).tolist() == 1  # pyright: ignore[reportArgumentType]


IMAGE = np.arange(18.0, dtype=np.float32).reshape(1, 2, 3, 3)
KERNEL: Any = np.ones((2, 2, 2, 2), np.float32)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: fr.expand(x, (2, 2, 3, 3)),
        lambda x: fr.flatten(x, 1),
        lambda x: fr.flip(x, -1),
        lambda x: fr.permute(x, (0, 2, 3, 1)),
        lambda x: fr.transpose(x, 1, 2),
        lambda x: fr.repeat(x, 2, 1),
        lambda x: fr.squeeze(x, 0),
        lambda x: fr.unsqueeze(x, 0),
        lambda x: fr.pad(x, ((0, 0), (0, 0), (1, 0), (0, 1))),
        lambda x: fr.split(x, 3, 2)[1],
        lambda x: fr.gather(x, 1, fr.Tensor([1])),
        lambda x: fr.masked_fill(x, fr.Tensor(True), 2),
        lambda x: fr.maxpool(x, (2, 2)),
        lambda x: fr.avgpool(x, (2, 2)),
        lambda x: fr.convolution(x, KERNEL, (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
        lambda x: fr.conv_transpose(x, KERNEL, (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
        lambda x: fr.dot_general(x, x, ((-1,), (-1,))),
        lambda x: fr.layer_norm(x, (3,)),
        lambda x: fr.rms_norm(x, (3,)),
        lambda x: fr.group_norm(x, 1),
        lambda x: fr.instance_norm(x),
        lambda x: dummy(fr.Linear(3, 2))(x),
        lambda x: dummy(fr.NLinear(3, 3, 2))(x),
        lambda x: dummy(fr.Conv(2, 1, (2, 2)))(x),
        lambda x: dummy(fr.LayerNorm(3))(x),
    ],
)
def test_arrays_and_lists_are_taken_for_tensors(function: Callable[[Any], fr.Tensor]) -> None:
    expected = function(fr.Tensor(IMAGE)).numpy()
    np.testing.assert_array_equal(function(IMAGE).numpy(), expected)
    np.testing.assert_array_equal(function(IMAGE.tolist()).numpy(), expected)


@pytest.mark.parametrize("pair", [(2.0, 1), (1, 2.0)])
def test_two_numbers_are_floats_if_one_is(pair: tuple[Any, Any]) -> None:
    assert fr.maximum(*pair).dtype is fr.float32
    chosen = fr.where(fr.Tensor([True, False]), *pair)
    assert (chosen.dtype, chosen.tolist()) == (fr.float32, list(pair))
    with pytest.raises(fr.DtypeError):  # a tensor keeps its data type beside a number
        fr.maximum(fr.Tensor(1), 2.5)


def dummy(layer: fr.Module) -> fr.Module:
    layer.initialize_dummy_parameters()
    return layer
