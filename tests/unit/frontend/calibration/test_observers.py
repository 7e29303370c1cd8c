"""Calibration's observers and scales, against numpy on all values at once."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import farrier as fr
from farrier.calibration.observers import (
    CLIPPING_RATIOS,
    HistogramObserver,
    MinMaxObserver,
    MseObserver,
    Observer,
    PercentileObserver,
)
from farrier.calibration.scales import InputScale, fit_input, round_trip, usable

OBSERVERS = [MinMaxObserver, lambda: PercentileObserver(99.0), MseObserver]


def batches(seed: int, *sizes: float) -> list[np.ndarray]:
    """Return batches whose numbers have given standard deviations."""
    generator = np.random.default_rng(seed)
    return [generator.normal(0, size, (50, 40)).astype(np.float32) for size in sizes]


def seen(observer: Observer, arrays: list[np.ndarray]) -> Observer:
    for array in arrays:
        observer.observe(array)
    return observer


def test_minmax_is_that_of_all_batches() -> None:
    arrays = batches(0, 1, 3, 2)
    bounds = seen(MinMaxObserver(), arrays).range(fr.int8)
    assert bounds == (min(a.min() for a in arrays), max(a.max() for a in arrays))


@pytest.mark.parametrize("order", [*itertools.permutations([1e-3, 1, 40])])
def test_a_histogram_that_grows_is_that_of_all_numbers(order: tuple[float, ...]) -> None:
    """The range grows by powers of 2, so every number stays in the bin that it belongs to."""
    arrays = batches(1, *order)
    observer = HistogramObserverOfAll()
    seen(observer, arrays)
    whole = np.concatenate([a.reshape(-1) for a in arrays]).astype(np.float64)
    expected, _ = np.histogram(whole, observer.edges())
    np.testing.assert_array_equal(observer.counts, expected)
    assert observer.counts.sum() == whole.size


class HistogramObserverOfAll(HistogramObserver):
    def range(self, storage: fr.dtype) -> tuple[float, float]:
        return self.low, self.high


def test_zeros_before_the_first_number() -> None:
    observer = HistogramObserverOfAll()
    observer.observe(np.zeros(5, np.float32))
    observer.observe(np.zeros(0, np.float32))
    observer.observe(np.array([3.0, 0.0], np.float32))
    assert observer.bound == 4
    assert observer.counts[observer.counts.nonzero()].tolist() == [6, 1]
    assert observer.counts[len(observer.counts) // 2] == 6


@pytest.mark.parametrize("percentile", [90.0, 99.0, 99.9])
def test_percentile(percentile: float) -> None:
    arrays = batches(2, 1, 2, 1)
    low, high = seen(PercentileObserver(percentile), arrays).range(fr.int8)
    whole = np.concatenate([a.reshape(-1) for a in arrays])
    bin_width = 2 * 16 / (1 << 14)
    assert high == pytest.approx(np.quantile(whole, percentile / 100), abs=2 * bin_width)
    assert low == pytest.approx(np.quantile(whole, 1 - percentile / 100), abs=2 * bin_width)


def test_percentile_leaves_a_bound_that_many_numbers_share() -> None:
    x = np.maximum(batches(3, 1)[0], 0)
    low, high = seen(PercentileObserver(99.0), [x]).range(fr.int8)
    assert (low, high < x.max()) == (0, True)
    assert seen(PercentileObserver(100), [x]).range(fr.int8) == (0, x.max())
    assert seen(PercentileObserver(99.0), [np.full(3, 2.0)]).range(fr.int8) == (
        pytest.approx(2, abs=1e-3),
        2,
    )


@pytest.mark.parametrize("storage", [fr.int8, fr.int4])
def test_mse_is_the_best_of_all_parts(storage: fr.dtype) -> None:
    """The error on the histogram is that on the numbers, as bins are finer than steps."""
    x = np.random.default_rng(4).standard_t(3, 20_000)
    low, high = seen(MseObserver(), [x]).range(storage)

    def error(end: float) -> float:
        parameters = fit_input(max(float(x.min()), -end), min(float(x.max()), end), storage)
        return float(
            ((x - round_trip(x, parameters.scale, storage, parameters.zero_point or 0)) ** 2).sum()
        )

    largest, end = float(np.abs(x).max()), max(-low, high)
    assert (low, high) == (max(x.min(), -end), min(x.max(), end))
    assert error(end) < 1.01 * min(map(error, largest * CLIPPING_RATIOS))
    assert error(end) < 0.95 * error(largest)


@pytest.mark.parametrize("make", OBSERVERS)
def test_only_zeros(make: type[Observer]) -> None:
    observer = seen(make(), [np.zeros((2, 3), np.float32)])
    low, high = observer.range(fr.int8)
    assert low <= 0 <= high
    assert fit_input(0, 0, fr.int8, fr.float32) == InputScale(1)


@pytest.mark.parametrize("make", OBSERVERS)
def test_empty_batches_are_ignored(make: type[Observer]) -> None:
    observer = seen(make(), [np.zeros((0, 3), np.float32)])
    assert not observer.seen


# ------------------------------------------------------------------ scales


@pytest.mark.parametrize(
    ("low", "high", "storage", "expected"),
    [
        (-1.27, 1.0, fr.int8, InputScale(0.01)),
        (0.0, 2.55, fr.int8, InputScale(0.01, -128)),
        (0.5, 2.55, fr.int8, InputScale(0.01, -128)),  # 0 is padding, so it is represented
        (-2.55, 0.0, fr.int8, InputScale(0.01, 127)),
        (-0.55, 2.0, fr.int8, InputScale(0.01, -73)),
        (-1.1, 2.0, fr.int8, InputScale(2 / 127)),  # would gain less than 2.5 dB
        (0.0, 448.0, fr.float8, InputScale(1)),
    ],
)
def test_scale_of_an_input(
    low: float, high: float, storage: fr.dtype, expected: InputScale
) -> None:
    parameters = fit_input(low, high, storage)
    assert parameters.scale == pytest.approx(expected.scale, rel=1e-12)
    assert parameters.zero_point == expected.zero_point


@pytest.mark.parametrize("dtype", [fr.float16, fr.bfloat16, fr.float32, fr.float64])
def test_no_scale_is_zero(dtype: fr.dtype) -> None:
    scales = usable(np.array([0.0, 1e-60, 0.5]), dtype)
    assert scales.dtype == dtype.numpy
    assert (scales.astype(np.float64) > 0).all()
    assert scales[[0, 2]].tolist() == [1, 0.5]


@pytest.mark.parametrize("storage", [fr.int8, fr.int4, fr.uint8, fr.float8])
def test_round_trip_is_that_of_the_ops(storage: fr.dtype) -> None:
    x = batches(5, 3)[0]
    offset = None if storage.is_floating else 3
    q = fr.quantize(fr.Tensor(x), 0.0625, storage, zero_point=offset)
    expected = fr.dequantize(q, 0.0625, fr.float32, zero_point=offset).numpy()
    np.testing.assert_array_equal(round_trip(x, np.float32(0.0625), storage, offset or 0), expected)
