"""Networks and error measures for tests of calibration."""

from __future__ import annotations

from typing import Any

import numpy as np

import farrier as fr


def draw(*shape: int, seed: int = 0) -> Any:
    """Return normally distributed numbers."""
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def rows(module: fr.Module) -> dict[str, fr.QuantizationRow]:
    """Return the rows of a module's report by name."""
    return {row.name: row for row in fr.quantization_report(module).rows}


def snr(expected: Any, result: Any) -> float:
    """Return the signal-to-noise ratio in decibels."""
    expected, result = (np.asarray(x).astype(np.float64) for x in (expected, result))
    return float(10 * np.log10((expected**2).sum() / ((expected - result) ** 2).sum()))


class Scaled(fr.Linear):
    """Calls the base class's `forward` on a changed input."""

    def forward(self, x: fr.Tensor, factor: float = 3.0) -> fr.Tensor:
        return super().forward(x * factor)


class Normalized(fr.Linear):
    """Has a formula of its own, without the base class's `forward`."""

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return x @ fr.transpose(self.weight / fr.max(fr.abs(self.weight)), 0, 1)


class Users(fr.Module):
    def __init__(self) -> None:
        self.scaled = Scaled(6, 6)
        self.normalized = Normalized(6, 6)
        self.plain = fr.Linear(6, 4)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return self.plain(self.normalized(self.scaled(x)))
