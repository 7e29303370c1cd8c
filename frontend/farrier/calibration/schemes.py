"""Quantisation schemes, and the checked settings of `quantize_module`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from farrier.calibration.observers import Observer, observers
from farrier.ops.arguments import is_one_of
from farrier_compiler.diagnostics import explain
from farrier_compiler.graph.syntax import did_you_mean
from farrier_runtime.dtypes import dtype, float8, int4, int8
from farrier_runtime.errors import ArgumentError
from farrier_runtime.wording import shown


@dataclass(frozen=True)
class Scheme:
    """What is quantised, and to which data type.

    Attributes:
        storage: the data type of quantised weights and inputs.
        inputs: whether inputs are quantised.
    """

    storage: dtype
    inputs: bool


SCHEMES = {
    "int8": Scheme(int8, True),
    "int8-weight-only": Scheme(int8, False),
    "int4-weight-only": Scheme(int4, False),
    "float8": Scheme(float8, True),
}

OBSERVERS = tuple(observers())


@dataclass(frozen=True)
class Settings:
    """The arguments of `quantize_module`.

    Attributes:
        scheme: the scheme's name.
        per_channel: whether a weight has several scales.
        observer: the observer's name.
        percentile: the percentile at which the observer "percentile" clips.
    """

    scheme: str
    per_channel: bool
    observer: str
    percentile: float

    @property
    def storage(self) -> dtype:
        """The data type of quantised numbers."""
        return SCHEMES[self.scheme].storage

    @property
    def inputs(self) -> bool:
        """Whether inputs are quantised."""
        return SCHEMES[self.scheme].inputs

    def new_observer(self) -> Observer:
        """Return an observer of one layer's inputs."""
        return observers(self.percentile)[self.observer]()

    def check(self) -> None:
        """Refuse an unknown scheme or observer, and a percentile out of range.

        Raises:
            ArgumentError: naming it, and what is valid.
        """
        check_name("scheme", self.scheme, SCHEMES)
        check_name("observer", self.observer, OBSERVERS)
        cut: Any = self.percentile
        is_number = isinstance(cut, int | float) and not isinstance(cut, bool)
        if not (is_number and 50 < cut <= 100):
            problem = f"quantize_module takes a percentile above 50, up to 100, not {shown(cut)}."
            raise explain(ArgumentError(problem))

    def check_data(self, batches: Any) -> None:
        """Refuse to quantise inputs without calibration batches."""
        if self.inputs and batches is None:
            raise explain(
                ArgumentError(
                    f"The scheme '{self.scheme}' quantizes the inputs of layers, so it needs "
                    "calibration_batches, such as a list of inputs of the model. "
                    "'int8-weight-only' and 'int4-weight-only' can do without."
                )
            )


def check_name(noun: str, name: Any, valid: Iterable[str]) -> None:
    """Refuse an unknown name.

    Raises:
        ArgumentError: with the nearest valid name, or all of them.
    """
    names = list(valid)
    if not is_one_of(name, names):
        hint = did_you_mean(shown(name), names)
        end = hint if hint.endswith("?") else f"{hint}."
        raise explain(ArgumentError(f"There is no {noun} {shown(name)}{end}"))
