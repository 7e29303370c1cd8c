"""Initial values: torch's rules, reproducible by seed and name; and the dummy fill."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import farrier as fr


class Net(fr.Module):
    def __init__(self) -> None:
        self.body = fr.Sequential(fr.Linear(8, 4), fr.Linear(8, 4))
        self.head = fr.Linear(8, 4)


# Each row: a layer and 1 / sqrt(fan_in).
LAYERS: list[tuple[fr.Module, float]] = [
    (fr.Linear(400, 300), 400**-0.5),
    (fr.Linear(400, 300, dtype=fr.bfloat16), 400**-0.5),
    (fr.Conv(16, 64, (3, 5)), (16 * 15) ** -0.5),
    (fr.Conv(16, 640, (3, 3), groups=8), (2 * 9) ** -0.5),
    (fr.ConvTranspose(64, 160, (3, 5), groups=8), (20 * 15) ** -0.5),
    (fr.NLinear((10, 10), 25, 20), 25**-0.5),
]


@pytest.mark.parametrize(("layer", "bound"), LAYERS)
def test_uniform_within_the_bound(layer: fr.Module, bound: float) -> None:
    layer.reset_parameters(0)
    for tensor in layer.state_dict().values():
        drawn = tensor.numpy().astype(np.float64) / bound
        assert np.abs(drawn).max() <= 1 + 1 / 256  # bfloat16 rounds by up to 1 / 256
        # Of n draws, the mean deviates by sqrt(1 / 3n), that of the squares by sqrt(4 / 45n).
        assert abs(drawn.mean()) < 5 * (1 / 3 / drawn.size) ** 0.5
        assert abs((drawn**2).mean() - 1 / 3) < 5 * (4 / 45 / drawn.size) ** 0.5 + 1e-3


def test_batch_norm_starts_as_the_identity() -> None:
    norm = fr.BatchNorm(2, dtype=fr.float16)
    norm.reset_parameters()
    assert {name: tensor.tolist() for name, tensor in norm.state_dict().items()} == {
        "weight": [1, 1],
        "bias": [0, 0],
        "running_mean": [0, 0],
        "running_var": [1, 1],
    }
    assert all(tensor.dtype is fr.float16 for tensor in norm.state_dict().values())


@pytest.mark.parametrize(
    "norm", [fr.LayerNorm((2, 3)), fr.GroupNorm(2, 6), fr.InstanceNorm(6), fr.RMSNorm(6)]
)
def test_norms_start_as_the_identity(norm: fr.Module) -> None:
    norm.reset_parameters()
    for name, tensor in norm.state_dict().items():
        assert set(tensor.numpy().ravel().tolist()) == {1.0 if name == "weight" else 0.0}


def test_embeddings_start_standard_normal() -> None:
    embedding = fr.Embedding(300, 100, fr.float16)
    embedding.reset_parameters(0)
    drawn = embedding.weight.numpy().astype(np.float64)
    assert embedding.weight.dtype is fr.float16
    # Of n draws, the mean deviates by sqrt(1 / n), that of the squares by sqrt(2 / n).
    assert abs(drawn.mean()) < 5 * (1 / drawn.size) ** 0.5
    assert abs((drawn**2).mean() - 1) < 5 * (2 / drawn.size) ** 0.5 + 1e-3


def drawn(seed: int) -> dict[str, Any]:
    net = Net()
    net.reset_parameters(seed)
    return {name: tensor.tolist() for name, tensor in net.state_dict().items()}


def test_a_seed_repeats() -> None:
    assert drawn(3) == drawn(3)
    assert drawn(0) != drawn(3)


def test_parameters_differ_by_name() -> None:
    values = [str(value) for name, value in drawn(0).items() if name.endswith("weight")]
    assert len(set(values)) == 3


def test_names_decide_not_the_order() -> None:
    class Longer(Net):
        def __init__(self) -> None:
            self.first = fr.Linear(2, 2)
            super().__init__()

    net = Longer()
    net.reset_parameters(3)
    assert net.head.weight.tolist() == drawn(3)["head.weight"]


def test_a_class_may_set_its_own() -> None:
    class Scaled(fr.Module):
        def __init__(self) -> None:
            self.scale: fr.Tensor = fr.Parameter((2,))
            self.linear = fr.Linear(2, 2)

        def reset_parameters(self, seed: int = 0) -> None:
            super().reset_parameters(seed)
            self.scale = fr.ones((2,))

    net = fr.Sequential(Scaled())
    net.reset_parameters(0)
    assert all(tensor.eval() is tensor for tensor in net.state_dict().values())
    assert net.state_dict()["0.scale"].tolist() == [1, 1]


def test_dummy_fill() -> None:
    net: Any = fr.Sequential(fr.Linear(3, 2, dtype=fr.float16), fr.BatchNorm(2))
    net.kept = fr.ones((2,))
    net.flags = [fr.Parameter((2, 2), fr.bool), fr.Parameter((), fr.int8)]
    net.initialize_dummy_parameters()
    assert net.kept.tolist() == [1, 1]
    assert net.flags[0].tolist() == [[False, True], [True, True]]
    assert net.flags[1].tolist() == 0
    assert repr(net[0].weight) == (
        "tensor(\n    [[0, 1, 2],\n     [3, 4, 5]], \n    dtype=float16, loc=cpu:0, shape=(2, 3))"
    )
    assert net[1].running_var.tolist() == [0, 1]
