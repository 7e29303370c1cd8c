"""Observers of the range of inputs, over all calibration batches."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from farrier.calibration.scales import InputScale, fit_input, round_trip
from farrier_compiler.graph import Array
from farrier_runtime.dtypes import dtype

Range = tuple[float, float]

# The number of bins of a histogram: each is at most half a step of int8 wide.
_BINS = 1 << 14

# The fractions of the range that "mse" tries.
CLIPPING_RATIOS = np.linspace(1, 0.1, 46)


class Observer(ABC):
    """Observes batches of numbers and chooses the range to represent."""

    def __init__(self) -> None:
        self.low = math.inf
        self.high = -math.inf

    def observe(self, array: Array) -> None:
        """Observe a batch; an empty one changes nothing.

        Args:
            array: finite numbers.
        """
        if array.size:
            self.low = min(self.low, float(array.min()))
            self.high = max(self.high, float(array.max()))

    @property
    def seen(self) -> bool:
        """Whether any number was observed."""
        return self.low <= self.high

    @abstractmethod
    def range(self, storage: dtype) -> Range:
        """Return the smallest and the largest number to represent, once some were observed."""


class MinMaxObserver(Observer):
    """Represents the whole range, from the smallest to the largest number."""

    def range(self, storage: dtype) -> Range:
        """Return the smallest and the largest number."""
        return self.low, self.high


class HistogramObserver(Observer):
    """Counts numbers in bins of equal width between -bound and bound.

    The bound is a power of 2. When a number exceeds it, the bound doubles and neighbouring bins
    are merged in pairs, so earlier batches need not be counted again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.counts = np.zeros(_BINS, np.int64)
        self.bound = 0.0

    def observe(self, array: Array) -> None:
        """Count the numbers of a batch."""
        super().observe(array)
        if not self.seen:
            return
        self._grow(max(-self.low, self.high))
        numbers = array.astype(np.float64).reshape(-1)
        bins = np.zeros_like(numbers) if self.bound == 0 else numbers * (_BINS / 2 / self.bound)
        index = np.clip(np.floor(bins).astype(np.int64) + _BINS // 2, 0, _BINS - 1)
        self.counts += np.bincount(index, minlength=_BINS)

    def _grow(self, largest: float) -> None:
        """Double the bound until a number fits; a bound of 0 means that only zeros were counted."""
        if self.bound == 0 and largest > 0:
            self.bound = 2.0 ** math.ceil(math.log2(largest))
        while self.bound < largest:
            self.bound *= 2
            pairs = self.counts.reshape(-1, 2).sum(axis=1)
            self.counts = np.pad(pairs, _BINS // 4)

    def edges(self) -> Array:
        """Return the edges of all bins, one more than there are bins."""
        return np.linspace(-self.bound, self.bound, _BINS + 1)


class PercentileObserver(HistogramObserver):
    """Clips the outermost numbers, by default a ten-thousandth on each side."""

    def __init__(self, percentile: float) -> None:
        super().__init__()
        self.percentile = percentile

    def range(self, storage: dtype) -> Range:
        """Return the outer edges of the bins that hold the percentiles of both sides."""
        total, edges = int(self.counts.sum()), self.edges()
        rank = max(math.ceil(total * self.percentile / 100), 1)
        upper = int(np.searchsorted(np.cumsum(self.counts), rank))
        lower = int(np.searchsorted(np.cumsum(self.counts[::-1]), rank))
        low, high = float(edges[_BINS - 1 - lower]), float(edges[upper + 1])
        return max(self.low, low), min(self.high, high)


class MseObserver(HistogramObserver):
    """Clips large numbers of both signs to minimise the squared error over all numbers."""

    def range(self, storage: dtype) -> Range:
        """Return the fraction of the whole range, of those tried, with the least error."""
        filled = self.counts.nonzero()[0]
        centres = ((self.edges()[:-1] + self.edges()[1:]) / 2)[filled]
        ends = max(-self.low, self.high) * CLIPPING_RATIOS
        ranges = [(max(self.low, -end), min(self.high, end)) for end in ends.tolist()]
        errors: list[float] = []
        for low, high in ranges:
            error = centres - _represented(centres, fit_input(low, high, storage), storage)
            errors.append(float((self.counts[filled] * error**2).sum()))
        return ranges[int(np.argmin(errors))]


def _represented(numbers: Array, scale: InputScale, storage: dtype) -> Array:
    return round_trip(numbers, np.float64(scale.scale), storage, scale.zero_point or 0)


def observers(percentile: float = 99.99) -> dict[str, Callable[[], Observer]]:
    """Return a factory for each observer, by the observer's name."""
    factories: dict[str, Any] = {
        "minmax": MinMaxObserver,
        "percentile": lambda: PercentileObserver(percentile),
        "mse": MseObserver,
    }
    return factories
