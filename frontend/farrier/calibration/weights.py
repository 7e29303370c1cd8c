"""Scales of a layer's weight: per tensor, per channel or per block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farrier.calibration.observers import CLIPPING_RATIOS
from farrier.calibration.scales import round_trip, usable
from farrier.calibration.schemes import Settings
from farrier.modules.conv import ConvTranspose
from farrier.modules.linear import Linear
from farrier.modules.quantizable import Quantizable
from farrier_compiler.graph import Array
from farrier_compiler.types.numbers import storage_limits
from farrier_runtime.dtypes import dtype, int4

# Block sizes of int4 weights along a Linear's inputs; the first that divides them is used.
BLOCK_SIZES = (64, 32, 16)

# The number of elements rounded at once when many scales are tried, to stay in the cache.
_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Grouping:
    """Which elements of a weight share a scale.

    Attributes:
        dim: the dimension with a scale for each position; None: per block or per tensor.
        block: the number of elements of a matrix's last dimension per scale; 0: no blocks.
    """

    dim: int | None = None
    block: int = 0

    def groups(self, weight: Array) -> Array:
        """Return the weight with a row for each scale."""
        if self.block:
            return weight.reshape(-1, self.block)
        rows = weight[None] if self.dim is None else np.moveaxis(weight, self.dim, 0)
        return rows.reshape(len(rows), -1)

    def shaped(self, scales: Array, weight: Array) -> Array:
        """Return the scales of all rows in the shape of the layer's `weight_scale`."""
        if self.block:
            return scales.reshape(weight.shape[0], -1)
        return scales.reshape(() if self.dim is None else (-1,))


def grouping(layer: Quantizable, storage: dtype, per_channel: bool) -> Grouping:
    """Return how a layer's weight is divided into groups that share a scale."""
    if not per_channel:
        return Grouping()
    if storage is int4 and isinstance(layer, Linear):
        for block in BLOCK_SIZES:
            if layer.weight.shape[1] % block == 0:
                return Grouping(block=block)
    return Grouping(1 if isinstance(layer, ConvTranspose) else 0)


def fit_weight(weight: Array, scale_dtype: dtype, group: Grouping, settings: Settings) -> Array:
    """Return the scales of a weight.

    Args:
        weight: the weight in float32 or float64.
        scale_dtype: the data type of the scales.
        group: which elements share a scale.
        settings: the data type to quantise to, and the observer that chooses the range.
    """
    rows, storage = group.groups(weight), settings.storage
    if settings.observer == "percentile":
        cut = settings.percentile / 100
        largest = np.quantile(np.abs(rows), cut, axis=1, method="higher")
    else:
        largest = np.abs(rows).max(axis=1)
    scales = largest / storage_limits(storage)[1]
    if settings.observer == "mse":
        scales = _with_least_error(rows, scales, storage)
    return usable(group.shaped(scales, weight), scale_dtype)


def _with_least_error(rows: Array, scales: Array, storage: dtype) -> Array:
    """Return for each row the tried fraction of its scale with the least squared error."""
    scales = np.where(scales == 0, 1.0, scales).astype(rows.dtype)
    count = max(_AT_ONCE // rows.shape[1], 1)
    parts = [slice(start, start + count) for start in range(0, len(rows), count)]
    return np.concatenate([_best(rows[part], scales[part], storage) for part in parts])


def _best(rows: Array, scales: Array, storage: dtype) -> Array:
    best, least = scales, np.full(len(rows), np.inf)
    for part in CLIPPING_RATIOS.astype(rows.dtype):
        tried = scales * part
        errors = ((rows - round_trip(rows, tried[:, None], storage)) ** 2).sum(axis=1)
        best, least = np.where(errors < least, tried, best), np.minimum(errors, least)
    return best
