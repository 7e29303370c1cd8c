"""Models with dynamic batch, image and sequence sizes, compiled once, against eager."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from support.dynamic import assert_as_eager, interpreted, together
from support.tolerances import assert_close

BATCH = fr.NamedDimension("batch", 1, 2, 4)
TOKENS = fr.NamedDimension("tokens", 1, 5, 12)
PAST = fr.NamedDimension("past", 0, 6, 12)
HEIGHT, WIDTH = (fr.NamedDimension(name, 4, 8, 20) for name in ("height", "width"))
IMAGE = fr.InputInfo((BATCH, 3, HEIGHT, WIDTH), fr.float32)
IMAGES = [(1, 3, 4, 5), (2, 3, 8, 8), (4, 3, 17, 20)]
SEQUENCE = fr.InputInfo((BATCH, TOKENS, 16), fr.float32)
SEQUENCES = [(1, 1, 16), (2, 5, 16), (4, 12, 16)]
# Deep networks in float32: errors of single ops add up.
SCALE = 30


def random(shape: Sequence[int], seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def filled(module: fr.Module) -> Any:
    """Return a module with random parameters, positive because variances are among them."""
    module.load_state_dict(
        {
            name: fr.Tensor(np.abs(random(tuple(tensor.shape), index)) * 0.3 + 0.1)
            for index, (name, tensor) in enumerate(module.state_dict().items())
        }
    )
    return module


def compiled(function: Any, infos: Sequence[fr.InputInfo], **options: Any) -> fr.Executable:
    return fr.compile(function, args=infos, target="cpu", **options)


class Classifier(fr.Module):
    """A network that takes images of any size: its features are averaged over them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = fr.Conv(3, 8, (3, 3), padding=((1, 1), (1, 1)))
        self.norm = fr.BatchNorm(8)
        self.depthwise = fr.Conv(8, 8, (3, 3), groups=8, stride=(2, 2), padding=((1, 1), (1, 1)))
        self.head = fr.Linear(8, 5)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        x = fr.relu(self.norm(self.stem(x)))
        x = fr.maxpool(x, (2, 2), stride=(2, 2))
        x = fr.relu(self.depthwise(x)) + fr.mean(x, dim=(2, 3), keepdim=True)
        return self.head(fr.mean(x, dim=(2, 3)))


class Attention(fr.Module):
    """A block of causal self-attention."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = fr.LayerNorm(16)
        self.qkv = fr.Linear(16, 48)
        self.out = fr.Linear(16, 16)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        batch, tokens, width = x.shape
        parts = fr.split(self.qkv(self.norm(x)), 3, dim=2)
        q, k, v = (
            fr.transpose(fr.reshape(part, (batch, tokens, 4, width // 4)), 1, 2) for part in parts
        )
        scores = q @ fr.transpose(k, 2, 3) * 0.5
        seen = fr.tril(fr.ones((tokens, tokens)))
        scores = fr.where(seen == 0, fr.full((1,), -1e9), scores)
        mixed = fr.transpose(fr.softmax(scores, 3) @ v, 1, 2)
        return x + self.out(fr.reshape(mixed, (batch, tokens, width)))


class Embeddings(fr.Module):
    """Tokens and their positions."""

    def __init__(self) -> None:
        super().__init__()
        self.words = fr.Embedding(30, 8)
        self.places = fr.Embedding(12, 8)

    def forward(self, ids: fr.Tensor) -> fr.Tensor:
        return self.words(ids) + self.places(fr.arange(ids.shape[1], dtype=fr.int32))


class Upsampling(fr.Module):
    """A transposed convolution whose result is resized to the input's size."""

    def __init__(self) -> None:
        super().__init__()
        self.up = fr.ConvTranspose(3, 4, (3, 3), stride=(2, 2))

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        large = self.up(x)
        return fr.resize(large, (*large.shape[:2], *x.shape[2:])) + fr.mean(x, 1, keepdim=True)


MODELS: dict[str, tuple[Callable[[], fr.Module], fr.InputInfo, list[tuple[int, ...]]]] = {
    "classifier": (Classifier, IMAGE, IMAGES),
    "attention": (Attention, SEQUENCE, SEQUENCES),
    "upsampling": (Upsampling, IMAGE, IMAGES),
    "group_norm": (lambda: fr.GroupNorm(1, 3), IMAGE, IMAGES),
    "instance_norm": (lambda: fr.InstanceNorm(3), IMAGE, IMAGES),
    "layer_norm": (lambda: fr.LayerNorm(16), SEQUENCE, SEQUENCES),
    "rms_norm": (lambda: fr.RMSNorm(16), SEQUENCE, SEQUENCES),
}


@functools.cache
def programs() -> dict[str, tuple[fr.Module, farrier_runtime.Executable]]:
    """Return all models with their compiled functions, which share a module."""
    models = {name: filled(make()) for name, (make, _, _) in MODELS.items()}
    loaded = together({name: (models[name], [MODELS[name][1]]) for name in MODELS})
    return {name: (models[name], loaded[name]) for name in MODELS}


@pytest.mark.parametrize("name", MODELS)
def test_models_take_any_size(name: str) -> None:
    model, program = programs()[name]
    for shape in MODELS[name][2]:
        assert assert_as_eager(program, model, [random(shape)], SCALE)


def test_external_weights_are_exchanged(tmp_path: Path) -> None:
    model, other = filled(Classifier()), filled(Classifier())
    other.head.bias = fr.Tensor(np.full(5, 7, np.float32))
    paths = [
        compiled(net, [IMAGE], name="net", weights="external").save(tmp_path / f"{index}.vmfb")
        for index, net in enumerate((model, other))
    ]
    loaded = farrier_runtime.load(paths[0])
    weights = tmp_path / "1.weights.safetensors"
    swapped = farrier_runtime.load(paths[0], weights=weights, exchange_weights=True)
    for shape in IMAGES:
        x = random(shape)
        for program, net in ((loaded, model), (swapped, other)):
            assert_close(np.asarray(program(x)), interpreted(net, [x])[0], SCALE)


def test_embeddings_take_any_size() -> None:
    model = filled(Embeddings())
    program = compiled(model, [fr.InputInfo((BATCH, TOKENS), fr.int32)])
    for shape in ((1, 1), (2, 5), (4, 12)):
        ids = np.random.default_rng(0).integers(0, 30, shape).astype(np.int32)
        assert assert_as_eager(program, model, [ids])


def cached(q: fr.Tensor, k: fr.Tensor, v: fr.Tensor, ks: fr.Tensor, vs: fr.Tensor) -> Any:
    """Attend to the cached keys and values too, and return them with the new ones appended."""
    k, v = fr.concatenate([ks, k], 2), fr.concatenate([vs, v], 2)
    now, whole = q.shape[2], k.shape[2]
    seen = fr.tril(fr.ones((whole, whole)))[whole - now :]
    scores = fr.where(seen == 0, fr.full((1,), -1e9), q @ fr.transpose(k, 2, 3) * 0.5)
    return fr.softmax(scores, 3) @ v, k, v


NEW = fr.InputInfo((BATCH, 2, TOKENS, 4), fr.float32)
OLD = fr.InputInfo((BATCH, 2, PAST, 4), fr.float32)


@pytest.fixture(scope="module")
def attending() -> fr.Executable:
    return compiled(cached, [NEW, NEW, NEW, OLD, OLD])


def test_attention_takes_a_cache_of_any_size(attending: fr.Executable) -> None:
    for batch, tokens, past in ((1, 1, 0), (2, 1, 6), (4, 12, 12), (2, 3, 1)):
        arrays = [
            random((batch, 2, size, 4), i) for i, size in enumerate([tokens] * 3 + [past] * 2)
        ]
        assert assert_as_eager(attending, cached, arrays, SCALE)


def test_generating_token_by_token_is_attending_at_once(attending: fr.Executable) -> None:
    q, k, v = (random((1, 2, 8, 4), seed) for seed in range(3))
    empty = np.zeros((1, 2, 0, 4), np.float32)
    whole, *_ = attending(q, k, v, empty, empty)
    ks, vs, parts = empty, empty, []
    for place in range(8):
        step = [x[:, :, place : place + 1] for x in (q, k, v)]
        part, ks, vs = (tensor.numpy() for tensor in attending(*step, ks, vs))
        parts.append(part)
    assert_close(np.concatenate(parts, 2), whole.numpy(), SCALE)


def test_batch_norm_takes_dynamic_features() -> None:
    def function(x: fr.Tensor, scale: fr.Tensor) -> fr.Tensor:
        return fr.batch_norm(x, scale, scale, scale, fr.abs(scale))

    features = fr.NamedDimension("features", 0, 4, 8)
    infos = [fr.InputInfo((BATCH, features, 3), fr.float32), fr.InputInfo((features,), fr.float32)]
    program = compiled(function, infos)
    for batch, size in ((1, 0), (1, 1), (4, 8)):
        arrays = [random((batch, size, 3)), random((size,))]
        assert assert_as_eager(program, function, arrays, SCALE)


def resized(mode: Any, align_corners: bool) -> Callable[[fr.Tensor, fr.Tensor], fr.Tensor]:
    def function(x: fr.Tensor, y: fr.Tensor) -> fr.Tensor:
        return fr.resize(x, (*x.shape[:2], x.shape[2] * 2, y.shape[0]), mode, align_corners)

    return function


RESIZING = {
    "nearest": resized("nearest", False),
    "linear": resized("linear", False),
    "aligned": resized("linear", True),
    "cubic": resized("cubic", False),
}


@functools.cache
def resizing() -> dict[str, farrier_runtime.Executable]:
    infos = [IMAGE, fr.InputInfo(((1, 4, 30),), fr.float32)]
    return together({name: (function, infos) for name, function in RESIZING.items()})


@pytest.mark.parametrize("name", RESIZING)
def test_any_size_is_resized_to_another(name: str) -> None:
    for shape, width in zip([*IMAGES, (1, 3, 7, 9)], (1, 30, 7, 9), strict=True):
        arrays = [random(shape), random((width,))]
        assert assert_as_eager(resizing()[name], RESIZING[name], arrays, SCALE)


def test_any_size_is_scaled() -> None:
    def function(x: fr.Tensor) -> Any:
        return fr.resize(x, scales=(1, 1, 1.5, 0.5))

    program = compiled(function, [IMAGE])
    for shape in IMAGES:
        assert assert_as_eager(program, function, [random(shape)], SCALE)


def test_a_program_for_two_devices_runs_on_the_cpu(tmp_path: Path) -> None:
    model = filled(Attention())
    path = fr.compile(model, args=[SEQUENCE], target=["cuda:sm_80", "cpu"]).save(
        tmp_path / "a.vmfb"
    )
    program = farrier_runtime.load(path, device="cpu")
    for shape in SEQUENCES:
        assert assert_as_eager(program, model, [random(shape)], SCALE)
