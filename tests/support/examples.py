"""The models of `examples/` at tiny sizes, and random inputs for them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import farrier as fr

ROOT = Path(__file__).parents[2] / "examples"
Sizes = Mapping[str, Any]


def model_of(example: str) -> ModuleType:
    """Import an example's model.py under a name of its own: all have the same file name."""
    name = f"examples_{example}_model"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / example / "model.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@dataclass(frozen=True)
class Input:
    """An input of a model: a word in its shape stands for a size that is chosen later."""

    shape: tuple[int | str, ...]
    dtype: fr.dtype
    draw: Callable[[np.random.Generator, tuple[int, ...]], Any]

    def info(self, sizes: Sizes) -> fr.InputInfo:
        return fr.InputInfo([sizes.get(str(size), size) for size in self.shape], self.dtype)

    def sample(self, generator: np.random.Generator, sizes: Sizes) -> Any:
        shape = tuple(sizes.get(str(size), size) for size in self.shape)
        return self.draw(generator, shape).astype(self.dtype.numpy)


@dataclass(frozen=True)
class Example:
    """A model, its inputs, and how many parameters its `state_dict` has."""

    make: Callable[[], Any]
    inputs: tuple[Input, ...]
    parameters: int

    def infos(self, sizes: Sizes) -> list[fr.InputInfo]:
        return [each.info(sizes) for each in self.inputs]

    def sample(self, sizes: Sizes, seed: int = 0) -> list[Any]:
        generator = np.random.default_rng(seed)
        return [each.sample(generator, sizes) for each in self.inputs]


VOCABULARY, WIDTH, LAYERS, HEADS, INNER, POSITIONS = 50, 32, 2, 4, 48, 16
END = VOCABULARY - 1


def tokens(generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw token ids, none of which is the end token."""
    return generator.integers(0, END, shape)


def ended(generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw token ids with at least one end token in each row, anywhere."""
    ids = tokens(generator, shape)
    for row in ids:
        row[generator.integers(0, len(row), 2)] = END
    return ids


def beginnings(generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw masks: 1 for at least one position at the beginning of each row, 0 after them."""
    lengths = generator.integers(1, shape[1], (shape[0], 1), endpoint=True)
    return np.arange(shape[1]) < lengths


def pixels(generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw normalised images."""
    return generator.standard_normal(shape)


def gpt2() -> Any:
    model = model_of("gpt2")
    return model.GPT2(model.GPT2Config(VOCABULARY, POSITIONS, WIDTH, LAYERS, HEADS))


def resnet() -> Any:
    model = model_of("resnet")
    config = model.ResNetConfig(3, 8, hidden_sizes=(16, 32), depths=(2, 1), num_labels=5)
    return model.ResNetForImageClassification(config)


def clip() -> Any:
    model = model_of("clip")
    text = model.TextConfig(WIDTH, INNER, LAYERS, HEADS, VOCABULARY, POSITIONS, END)
    vision = model.VisionConfig(40, INNER, LAYERS, HEADS, 3, image_size=32, patch_size=8)
    return model.CLIP(model.CLIPConfig(text, vision, projection_dim=24))


def bert() -> Any:
    model = model_of("bert")
    config = model.BertConfig(VOCABULARY, WIDTH, LAYERS, HEADS, INNER, POSITIONS)
    return model.SentenceEncoder(config)


SENTENCES = ("batch", "length")
EXAMPLES: dict[str, Example] = {
    "gpt2": Example(gpt2, (Input(SENTENCES, fr.int32, tokens),), 28),
    "resnet": Example(resnet, (Input(("batch", 3, 64, 64), fr.float32, pixels),), 62),
    "clip": Example(
        clip,
        (
            Input(SENTENCES, fr.int32, ended),
            Input(("batch", 3, 32, 32), fr.float32, pixels),
        ),
        78,
    ),
    "bert": Example(
        bert, (Input(SENTENCES, fr.int32, tokens), Input(SENTENCES, fr.int64, beginnings)), 37
    ),
}

CALLS: tuple[Sizes, ...] = (
    {"batch": 1, "length": 1},
    {"batch": 3, "length": 9},
    {"batch": 4, "length": 16},
)
NAMED = {
    "batch": fr.NamedDimension("batch", 1, 2, 4),
    "length": fr.NamedDimension("length", 1, 8, 16),
}

# What a model is compiled for, and with which sizes it is then called.
VARIANTS: dict[str, tuple[Sizes, tuple[Sizes, ...]]] = {
    "static": (CALLS[1], CALLS[1:2]),
    "dynamic": (NAMED, CALLS),
    "unnamed": ({"batch": (1, 2, 4), "length": (1, 8, 16)}, CALLS),
}
