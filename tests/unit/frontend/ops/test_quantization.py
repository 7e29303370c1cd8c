"""quantize and dequantize: rounding, limits, special numbers and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier_runtime.dtypes import dtype
from support.messages import message

FLOATS = [fr.float32, fr.float16, fr.bfloat16, fr.float64]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("zero_point", "expected"), [(0, [0, 2, 2, 0, -2, -2]), (1, [1, 3, 3, 1, -1, -1])]
)
def test_halves_go_to_the_even_number_before_the_zero_point(
    dtype: dtype, zero_point: int, expected: list[int]
) -> None:
    x = fr.Tensor([0.5, 1.5, 2.5, -0.5, -1.5, -2.5], dtype)
    assert fr.quantize(x, 1.0, fr.int8, zero_point=zero_point).tolist() == expected


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("storage", "zero_point", "low", "high"),
    [
        (fr.int4, -3, -8, 7),
        (fr.int8, 3, -128, 127),
        (fr.uint8, 200, 0, 255),
        (fr.int16, -5, -32768, 32767),
        (fr.uint16, 5, 0, 65535),
    ],
)
def test_what_is_out_of_range_saturates_and_nan_is_the_zero_point(
    dtype: dtype, storage: dtype, zero_point: int, low: int, high: int
) -> None:
    x = fr.Tensor(np.array([-np.inf, -60000, np.nan, 60000, np.inf], dtype.numpy))
    result = fr.quantize(x, 0.5, storage, zero_point=zero_point)
    assert result.dtype is storage
    assert result.tolist() == [low, low, zero_point, high, high]


@pytest.mark.parametrize(("storage", "high"), [(fr.float8, 448.0), (fr.float8_e5m2, 57344.0)])
def test_small_floats_saturate_and_keep_fractions_and_nan(storage: dtype, high: float) -> None:
    x = fr.Tensor([float("-inf"), -1e30, 0.75, 1e30, float("inf"), float("nan")])
    result = fr.quantize(x, 0.5, storage).numpy().astype(np.float64)
    np.testing.assert_array_equal(result, [-high, -high, 1.5, high, high, np.nan])


def test_there_and_back_is_within_half_a_step() -> None:
    x = np.random.default_rng(0).uniform(-12, 12, (64, 64)).astype(np.float32)
    q = fr.quantize(fr.Tensor(x), 0.1, fr.uint8, zero_point=128)
    back = fr.dequantize(q, 0.1, fr.float32, zero_point=128).numpy()
    assert np.abs(back - x).max() <= 0.05 * (1 + 1e-5)
    again = fr.quantize(fr.Tensor(back), 0.1, fr.uint8, zero_point=128)
    assert again.tolist() == q.tolist()


def test_scales_may_be_numbers_lists_arrays_and_tensors() -> None:
    x = fr.Tensor([[1.0, 2.0], [3.0, 4.0]])
    vectors: list[Any] = [[0.5, 0.25], (0.5, 0.25), np.array([0.5, 0.25], np.float32)]
    vectors += [fr.Tensor([0.5, 0.25]), fr.Tensor([1.0, 0.5]) / 2.0]
    for scale in vectors:
        assert fr.quantize(x, scale, fr.int8, 0).tolist() == [[2, 4], [12, 16]]
        assert fr.quantize(x, scale, fr.int8, -1).tolist() == [[2, 8], [6, 16]]
    numbers: list[Any] = [1, 1.0, np.float32(1), fr.Tensor(1.0)]
    for number in numbers:
        assert fr.quantize(x, number, fr.int8).tolist() == [[1, 2], [3, 4]]


def test_blocks_divide_every_dimension() -> None:
    x = fr.ones((4, 6))
    scale = [[1.0, 0.5], [0.25, 0.125]]
    result = fr.quantize(x, scale, fr.int4)
    assert result.tolist() == [[1, 1, 1, 2, 2, 2]] * 2 + [[4, 4, 4, 7, 7, 7]] * 2
    back = fr.dequantize(result, scale, fr.float32)
    assert back.tolist() == [[1, 1, 1, 1, 1, 1]] * 2 + [[1, 1, 1, 0.875, 0.875, 0.875]] * 2


def test_a_zero_point_for_each_channel() -> None:
    x = fr.Tensor([[1.0, 2.0], [3.0, 4.0]])
    q = fr.quantize(x, [1.0, 0.5], fr.uint8, 1, [10, 20])
    assert q.tolist() == [[11, 24], [13, 28]]
    assert fr.dequantize(q, [1.0, 0.5], fr.float32, 1, [10, 20]).tolist() == x.tolist()


def test_a_scale_of_zero_that_is_computed_saturates() -> None:
    x = fr.Tensor([0.0, 1.0, -1.0])
    assert fr.quantize(x, fr.Tensor(0.0) * 1.0, fr.int8).tolist() == [0, 127, -128]


# ---------------------------------------------------------------------- what tensors say


def test_scale_and_zero_point_are_known() -> None:
    x = fr.ones((2, 4))
    q = fr.quantize(x, 0.25, fr.uint8, zero_point=3)
    assert (q.q_scale(), q.q_zero_point()) == (0.25, 3)
    q.eval()
    assert (q.q_scale(), q.q_zero_point()) == (0.25, 3)
    assert q.int_repr().tolist() == q.tolist() == [[7] * 4] * 2
    with pytest.raises(fr.ArgumentError):
        q.int_repr().q_scale()
    plain = fr.zeros((2,), fr.int8)
    assert plain.int_repr() is plain


def test_scales_and_zero_points_of_channels_and_blocks() -> None:
    x = fr.ones((2, 4))
    rows: Any = fr.quantize(x, [0.5, 0.25], fr.int16, 0, 7)
    assert repr(rows.q_scale()) == "tensor([0.5, 0.25], dtype=float32, loc=cpu:0, shape=(2,))"
    assert repr(rows.q_zero_point()) == "tensor([7, 7], dtype=int16, loc=cpu:0, shape=(2,))"
    blocks: Any = fr.quantize(x, [[0.5, 0.25]], fr.int4)
    assert blocks.q_scale().tolist() == [[0.5, 0.25]]
    back = fr.dequantize(blocks, blocks.q_scale(), fr.float32, zero_point=blocks.q_zero_point())
    assert back.tolist() == x.tolist()


def test_computed_scales_are_known_once_they_are_evaluated() -> None:
    x, scale = fr.ones((2, 4)), fr.Tensor(0.25) * 2.0
    with pytest.raises(fr.ArgumentError):
        fr.quantize(x, scale, fr.int8).q_scale()
    assert fr.quantize(x, scale.eval(), fr.int8).q_scale() == 0.5


def test_quantised_tensors_mix_with_plain_numbers_and_their_own_kind() -> None:
    x = fr.ones((2, 4))
    q = fr.quantize(x, 0.5, fr.int8)
    assert (q + q).tolist() == (q + 2).tolist() == [[4] * 4] * 2
    other = fr.quantize(x, 0.25, fr.int8)
    assert (q + other.int_repr()).tolist() == [[6] * 4] * 2
    assert fr.dequantize(q.int_repr(), 0.25, fr.float32).tolist() == [[0.5] * 4] * 2


# ---------------------------------------------------------------------- what is refused

X = fr.ones((2, 4))
Q = fr.zeros((2, 4), fr.int8)
HALF = fr.ones((2, 4), fr.float16)

REFUSED: list[tuple[Any, type[fr.FarrierError], str]] = [
    (
        lambda: fr.quantize(X, 0.0, fr.int8),
        fr.ArgumentError,
        "quantize got the scale 0.0. Scales must be finite and greater than 0.",
    ),
    (
        lambda: fr.quantize(X, [1.0, 2.0, -3.0, 1.0], fr.int8, 1),
        fr.ArgumentError,
        "quantize got the scale -3.0 at (2,). Scales must be finite and greater than 0.",
    ),
    (
        lambda: fr.dequantize(Q, float("nan"), fr.float32),
        fr.ArgumentError,
        "dequantize got the scale nan. Scales must be finite and greater than 0.",
    ),
    (
        lambda: fr.dequantize(Q, [[1.0, float("inf")]], fr.float32),
        fr.ArgumentError,
        "dequantize got the scale inf at (0, 1). Scales must be finite and greater than 0.",
    ),
    (
        lambda: fr.quantize(X, 1.0, fr.int8, 1),
        fr.ShapeError,
        "quantize got dim=1 of float32 (2, 4) and the scale float32 (). "
        "Along that dimension it takes one scale for each position, (4,).",
    ),
    (
        lambda: fr.dequantize(Q, [1.0, 2.0], fr.float32),
        fr.ShapeError,
        "dequantize got the scale float32 (2,) for int8 (2, 4). It takes a scalar; a vector, with "
        "dim=; or a scale for each block, whose sizes divide those of the 2 dimensions.",
    ),
    (
        lambda: fr.quantize(X, [[1.0, 2.0, 3.0]], fr.int4),
        fr.ShapeError,
        "quantize got the scale float32 (1, 3) for float32 (2, 4). It takes a scalar; a vector, "
        "with dim=; or a scale for each block, whose sizes divide those of the 2 dimensions.",
    ),
    (
        lambda: fr.quantize(X, 1.0, fr.int8, 2),
        fr.ShapeError,
        "quantize got dim=2, but the tensor has 2 dimensions: dim must be in [-2, 1].",
    ),
    (
        lambda: fr.quantize(X, 1.0, fr.int8, zero_point=128),
        fr.ArgumentError,
        "quantize got the zero_point 128. With int8 it must be a whole number from -128 to 127.",
    ),
    (
        lambda: fr.dequantize(Q, 1.0, fr.float32, zero_point=0.5),
        fr.ArgumentError,
        "dequantize got the zero_point 0.5. With int8 it must be a whole number from -128 to 127.",
    ),
    (
        lambda: fr.quantize(X, [1.0] * 4, fr.uint8, 1, [0, 1]),
        fr.ShapeError,
        "quantize got the scale float32 (4,) and the zero_point uint8 (2,). "
        "The zero_point must be a scalar, or have the scale's shape.",
    ),
    (
        lambda: fr.quantize(X, 1.0, fr.uint8, zero_point=fr.Tensor(3)),
        fr.DtypeError,
        "quantize takes a zero_point of the data type of the integers, uint8, but got int32 (). "
        "Cast it, for example with fr.cast(zero_point, fr.uint8).",
    ),
    (
        lambda: fr.quantize(X, 1.0, fr.float8, zero_point=0),
        fr.DtypeError,
        "quantize takes no zero_point with float8: its zero is 0.",
    ),
    (
        lambda: fr.quantize(HALF, fr.Tensor(1.0), fr.int8),
        fr.DtypeError,
        "quantize takes a scale of the data type of the floats, float16, but got float32 (). "
        "Cast it, for example with fr.cast(scale, fr.float16).",
    ),
    (
        lambda: fr.dequantize(Q, fr.Tensor(1.0), fr.float16),
        fr.DtypeError,
        "dequantize takes a scale of the data type of the floats, float16, but got float32 (). "
        "Cast it, for example with fr.cast(scale, fr.float16).",
    ),
    (
        lambda: fr.dequantize(Q, 1, fr.int8),
        fr.DtypeError,
        "dequantize works on float32, float16, bfloat16 and float64, not on int8.",
    ),
    (
        lambda: fr.quantize(X, 0.5, fr.int8) + fr.quantize(X, 0.25, fr.int8),
        fr.ArgumentError,
        "add got operands that are quantized in different ways, "
        "!quant.uniform<i8:f32, 0.5> (2, 4) and !quant.uniform<i8:f32, 0.25> (2, 4). "
        "Dequantize them first, or pass the plain numbers: x.int_repr().",
    ),
    (
        lambda: fr.concatenate(
            [fr.quantize(X, 0.5, fr.int8), fr.quantize(X, 0.5, fr.int8, zero_point=1)], 0
        ),
        fr.ArgumentError,
        "concatenate got operands that are quantized in different ways, "
        "!quant.uniform<i8:f32, 0.5> (2, 4) and !quant.uniform<i8:f32, 0.5:1> (2, 4). "
        "Dequantize them first, or pass the plain numbers: x.int_repr().",
    ),
    (
        lambda: fr.dequantize(fr.quantize(X, 0.5, fr.int8), 0.25, fr.float32),
        fr.ArgumentError,
        "dequantize got the parameters of !quant.uniform<i8:f32, 0.25> (2, 4) for a tensor that "
        "was quantized to !quant.uniform<i8:f32, 0.5> (2, 4). Pass the same, or the plain "
        "numbers: x.int_repr().",
    ),
    (
        lambda: X.q_scale(),
        fr.ArgumentError,
        "q_scale() needs a tensor that fr.quantize made by constant scales and zero points (no "
        "more than 4096), but got float32 (2, 4).",
    ),
    (
        lambda: fr.quantize(X, fr.max(X), fr.int8).q_zero_point(),
        fr.ArgumentError,
        "q_zero_point() needs a tensor that fr.quantize made by constant scales and zero points "
        "(no more than 4096), but got int8 (2, 4).",
    ),
    (
        lambda: fr.quantize(X, 1.0, "int8"),  # pyright: ignore[reportArgumentType]
        fr.ArgumentError,
        "quantize needs a data type such as fr.float32, not 'int8'.",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_refused(call: Any, error: type[fr.FarrierError], text: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert message(raised.value) == text
