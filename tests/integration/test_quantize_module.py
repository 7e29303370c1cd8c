"""Compiled networks from quantize_module: eager's results, with calls of several sizes."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.dynamic import together

SCHEMES = ("int8", "int8-weight-only", "int4-weight-only", "float8")


class Net(fr.Module):
    """A layer of each kind, with inputs of both signs and of one sign."""

    def __init__(self) -> None:
        self.words = fr.Embedding(16, 64)
        self.mix = fr.Linear(64, 32)
        self.conv = fr.Conv(1, 8, (3, 3), padding=((1, 1), (1, 1)))
        self.up = fr.ConvTranspose(8, 4, (2, 2), stride=(2, 2))
        self.head = fr.Linear(32 + 4, 10)

    def forward(self, tokens: fr.Tensor, image: fr.Tensor) -> fr.Tensor:
        text = fr.gelu(self.mix(fr.mean(self.words(tokens), dim=1)))
        picture = fr.mean(self.up(fr.relu(self.conv(image))), dim=(2, 3))
        return self.head(fr.concatenate([text, picture], dim=1))


def inputs(batch: int, seed: int = 0) -> tuple[Any, Any]:
    generator = np.random.default_rng(seed)
    tokens = generator.integers(0, 16, (batch, 5)).astype(np.int32)
    return tokens, generator.normal(0, 1, (batch, 1, 6, 6)).astype(np.float32)


def network() -> Net:
    net = Net()
    net.reset_parameters(1)
    return net


@functools.cache
def quantized_networks(per_channel: bool) -> dict[str, tuple[Any, Any]]:
    """Return a quantised network for each scheme, and the same compiled: all in one module."""
    batch = fr.NamedDimension("batch", 1, 8, 16)
    infos = [fr.InputInfo((batch, 5), fr.int32), fr.InputInfo((batch, 1, 6, 6), fr.float32)]
    data = [inputs(8), inputs(8, 1)]
    nets = {scheme: fr.quantize_module(network(), data, scheme, per_channel) for scheme in SCHEMES}
    names = {scheme: scheme.replace("-", "_") for scheme in SCHEMES}
    programs = together({names[scheme]: (nets[scheme], infos) for scheme in SCHEMES})
    return {scheme: (nets[scheme], programs[names[scheme]]) for scheme in SCHEMES}


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_compiled_is_eager(scheme: str, per_channel: bool) -> None:
    net = network()
    small, run = quantized_networks(per_channel)[scheme]
    for count in (1, 8, 3):
        arrays = inputs(count, seed=count)
        arguments = [fr.Tensor(x) for x in arrays]
        exact, expected = net(*arguments).numpy(), small(*arguments).numpy()
        result = np.asarray(run(*arrays))
        noise = np.abs(expected - exact).max()
        assert noise > 1e-4
        # Another order of summation may round an input to the next integer: far below the noise.
        assert np.abs(result - expected).max() < (1e-6 if "only" in scheme else noise / 4)
