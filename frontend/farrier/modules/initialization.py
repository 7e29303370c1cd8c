"""Initial values of parameters, by torch's rules."""

from __future__ import annotations

import numpy as np

from farrier.modules.module import Module
from farrier.modules.state import derived_seed
from farrier.tensor import Tensor


def reset_uniform(layer: Module, fan_in: int, seed: int) -> None:
    """Draw `weight` and `bias` uniformly from -1 / sqrt(fan_in) to 1 / sqrt(fan_in).

    For weights, torch calls this Kaiming-uniform with a = sqrt(5).

    Args:
        layer: a layer whose `bias` may be None.
        fan_in: the number of inputs that each output sums over.
        seed: the same seed gives the same values.
    """
    bound = fan_in**-0.5
    for name in ("weight", "bias"):
        parameter: Tensor | None = getattr(layer, name)
        if parameter is not None:
            generator = np.random.default_rng(derived_seed(seed, name))
            drawn = generator.uniform(-bound, bound, parameter.shape)
            setattr(layer, name, Tensor(drawn.astype(parameter.dtype.numpy)))


def reset_normal(layer: Module, seed: int) -> None:
    """Draw `weight` from the normal distribution with mean 0 and variance 1."""
    parameter: Tensor = getattr(layer, "weight")  # noqa: B009 - a layer of any class
    generator = np.random.default_rng(derived_seed(seed, "weight"))
    drawn = generator.standard_normal(parameter.shape)
    setattr(layer, "weight", Tensor(drawn.astype(parameter.dtype.numpy)))  # noqa: B010


def reset_constant(layer: Module, **values: float) -> None:
    """Fill each named parameter with a number."""
    for name, value in values.items():
        parameter: Tensor = getattr(layer, name)
        setattr(layer, name, Tensor(np.full(parameter.shape, value, parameter.dtype.numpy)))
