"""Observation of layers' inputs while a model runs on calibration batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from farrier.calibration.batches import calls
from farrier.calibration.observers import Observer
from farrier.modules.conv import Conv, ConvTranspose
from farrier.modules.embedding import Embedding
from farrier.modules.linear import Linear
from farrier.modules.module import Module
from farrier.modules.quantizable import Quantizable, input_hook
from farrier.tensor import Tensor
from farrier_compiler.diagnostics import explain, scope
from farrier_compiler.graph import Array
from farrier_runtime.errors import ArgumentError

FORWARD: dict[type[Quantizable], Callable[..., Tensor]] = {
    cls: cls.forward for cls in (Linear, Conv, ConvTranspose, Embedding)
}

# Inputs kept of each layer for its signal-to-noise ratio: how many calls, how many elements each.
_SAMPLES = 8
_SAMPLE_SIZE = 1 << 17


@dataclass
class ObservedLayer:
    """Statistics of a layer's inputs over all its calls.

    Attributes:
        name: the layer's name.
        observer: the observer of the inputs.
        samples: parts of the first inputs.
        called: whether the layer was called with elements.
    """

    name: str
    observer: Observer
    samples: list[Array] = field(default_factory=list["Array"])
    called: bool = False

    def observe(self, layer: Quantizable, x: Tensor, batch: int) -> None:
        """Observe the input of a call."""
        array = x.numpy()
        self.called = self.called or array.size > 0
        if layer.quantizes_input and array.size:
            numbers = array if array.dtype == np.float64 else array.astype(np.float32)
            _check_finite(self.name or type(layer).__name__, numbers, batch)
            self.observer.observe(numbers)
        if len(self.samples) < _SAMPLES and array.size:
            self.samples.append(_sample(layer, array))


def observe_layers(
    model: Module, layers: Mapping[str, Quantizable], batches: Any, observer: Callable[[], Observer]
) -> dict[str, ObservedLayer]:
    """Call a model with batches, and return the statistics of each layer's inputs by its name.

    The model is not changed: the hook is set in the context of these calls only.
    """
    observed = {id(layer): ObservedLayer(name, observer()) for name, layer in layers.items()}

    def run() -> None:
        scope.set(None)  # names begin at this model, wherever it is quantised
        for index, (args, kwargs) in enumerate(calls(model, batches)):
            input_hook.set(lambda layer, x, index=index: _observe(observed, layer, x, index))
            model(*args, **kwargs)
            input_hook.set(None)  # the iterable may call the model too

    copy_context().run(run)
    return {statistics.name: statistics for statistics in observed.values()}


def _observe(
    observed: Mapping[int, ObservedLayer], layer: Quantizable, x: Tensor, batch: int
) -> None:
    if (statistics := observed.get(id(layer))) is not None:  # layers made in `forward` are unnamed
        statistics.observe(layer, x, batch)


def _sample(layer: Quantizable, array: Array) -> Array:
    """Return the first rows, images or tokens of an input."""
    if isinstance(layer, Linear):
        array = array.reshape(-1, layer.in_features)
    elif isinstance(layer, Embedding):
        array = array.reshape(-1)
    size = array[0].size if array.ndim > 1 else layer.weight.shape[1]
    return array[: max(_SAMPLE_SIZE // size, 1)].copy()


def _check_finite(name: str, numbers: Array, batch: int) -> None:
    wrong = int(numbers.size - np.isfinite(numbers).sum())
    if wrong:
        raise explain(
            ArgumentError(
                f"With calibration batch {batch}, {wrong} of {numbers.size} elements of the input "
                f"of layer '{name}' are NaN or infinite: they have no scale. Look for such "
                "elements in the batch, and for overflow in the layers before."
            )
        )


def own_formula(layer: Quantizable) -> bool:
    """Return whether a layer overrides the `forward` or `__call__` of Farrier's class."""
    cls = type(layer)
    overridden = cls.forward is not formula(layer) or cls.__call__ is not Module.__call__
    return overridden or "forward" in vars(layer)


def formula(layer: Quantizable) -> Callable[..., Tensor]:
    """Return the `forward` of the Farrier class that a layer derives from."""
    return next(FORWARD[cls] for cls in type(layer).__mro__ if cls in FORWARD)


def output_snr(samples: list[Array], layer: Quantizable, quantized: Quantizable) -> float | None:
    """Return the signal-to-noise ratio of a quantised layer's outputs; None without samples."""
    if not samples:
        return None
    signal = noise = 0.0
    for sample in map(Tensor, samples):
        exact, rounded = (formula(layer)(one, sample).numpy() for one in (layer, quantized))
        power, error = powers(exact, rounded)
        signal, noise = signal + power, noise + error
    return decibel(signal, noise)


def powers(exact: Array, rounded: Array) -> tuple[float, float]:
    """Return the sums of the squares of exact numbers and of the errors of rounded ones."""
    signal = exact.astype(np.float64)
    return float((signal**2).sum()), float(((signal - rounded.astype(np.float64)) ** 2).sum())


def decibel(signal: float, noise: float) -> float:
    """Return `10 log10(signal / noise)`, infinite without noise."""
    if noise == 0:
        return np.inf
    return float(10 * np.log10(signal / noise)) if signal else -np.inf
