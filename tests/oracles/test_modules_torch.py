# pyright: basic, reportMissingImports=false
"""Every layer against torch's, with the same state_dict.

Both compute in float64, so that only the order of sums differs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import farrier as fr

Case = tuple[Callable[[], fr.Module], Callable[[], Any], tuple[int, ...]]


def conv(rank: int, sizes: tuple[int, ...], channels: tuple[int, int], **options: Any) -> Case:
    """Return a convolution of both, torch's padded by `F.pad`."""
    kernel = options.pop("kernel")
    padding = options.pop("padding", ((0, 0),) * rank)
    layer_class: Any = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[rank]

    def padded() -> Any:
        layer = layer_class(*channels, kernel, dtype=torch.float64, **options)
        flat = [amount for pair in reversed(padding) for amount in pair]
        layer.register_forward_pre_hook(lambda _, inputs: (functional.pad(inputs[0], flat),))
        return layer

    return (
        lambda: fr.Conv(*channels, kernel, padding=padding, dtype=fr.float64, **options),
        padded,
        (2, channels[0], *sizes),
    )


def linear(shape: tuple[int, ...], bias: bool = True) -> Case:
    return (
        lambda: fr.Linear(shape[-1], 5, bias, fr.float64),
        lambda: nn.Linear(shape[-1], 5, bias, dtype=torch.float64),
        shape,
    )


def norm(layer_class: Any, shape: tuple[int, ...], eps: float = 1e-5) -> Case:
    return (
        lambda: fr.BatchNorm(shape[1], fr.float64, eps),
        lambda: layer_class(shape[1], eps=eps, dtype=torch.float64).eval(),
        shape,
    )


def conv_transpose(
    rank: int, sizes: tuple[int, ...], channels: tuple[int, int], **options: Any
) -> Case:
    """Return a transposed convolution of both; torch's padding and output_padding are given."""
    kernel = options.pop("kernel")
    crop, extra = (options.pop(name, (0,) * rank) for name in ("padding", "output_padding"))
    pairs = [(amount, amount - more) for amount, more in zip(crop, extra, strict=True)]
    layer_class: Any = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}[rank]
    theirs = {"padding": crop, "output_padding": extra, "dtype": torch.float64}
    return (
        lambda: fr.ConvTranspose(*channels, kernel, padding=pairs, dtype=fr.float64, **options),
        lambda: layer_class(*channels, kernel, **theirs, **options),
        (2, channels[0], *sizes),
    )


CASES: dict[str, Case] = {
    "linear-1d": linear((6,)),
    "linear-2d": linear((4, 6)),
    "linear-4d": linear((2, 3, 4, 6)),
    "linear-no-bias": linear((4, 6), bias=False),
    "conv1d": conv(1, (9,), (3, 4), kernel=(3,)),
    "conv1d-all": conv(
        1, (9,), (4, 6), kernel=(3,), stride=(2,), dilation=(2,), groups=2, padding=((2, 1),)
    ),
    "conv2d": conv(2, (8, 7), (3, 4), kernel=(3, 2)),
    "conv2d-no-bias": conv(2, (8, 7), (3, 4), kernel=(1, 1), bias=False),
    "conv2d-padding": conv(2, (8, 7), (3, 4), kernel=(3, 3), padding=((1, 2), (0, 3))),
    "conv2d-depthwise": conv(2, (8, 7), (4, 8), kernel=(3, 3), groups=4),
    "conv2d-all": conv(
        2,
        (12, 11),
        (6, 9),
        kernel=(3, 2),
        stride=(2, 3),
        dilation=(2, 3),
        groups=3,
        padding=((1, 0), (2, 3)),
    ),
    "conv3d": conv(3, (5, 6, 4), (2, 3), kernel=(2, 3, 1)),
    "conv3d-all": conv(
        3,
        (6, 7, 8),
        (4, 2),
        kernel=(2, 3, 2),
        stride=(1, 2, 3),
        dilation=(2, 1, 2),
        groups=2,
        padding=((0, 1), (1, 1), (2, 0)),
    ),
    "conv_transpose1d": conv_transpose(1, (9,), (3, 4), kernel=(3,)),
    "conv_transpose1d-all": conv_transpose(
        1, (9,), (4, 6), kernel=(4,), stride=(3,), padding=(2,), output_padding=(1,), groups=2
    ),
    "conv_transpose2d": conv_transpose(2, (5, 4), (3, 4), kernel=(2, 2), stride=(2, 2)),
    "conv_transpose2d-no-bias": conv_transpose(2, (5, 4), (3, 4), kernel=(3, 2), bias=False),
    "conv_transpose2d-all": conv_transpose(
        2,
        (5, 4),
        (6, 9),
        kernel=(3, 2),
        stride=(2, 3),
        dilation=(2, 3),
        padding=(1, 2),
        output_padding=(1, 2),
        groups=3,
    ),
    "conv_transpose3d-all": conv_transpose(
        3, (3, 4, 2), (4, 2), kernel=(2, 3, 2), stride=(1, 2, 3), padding=(1, 0, 1), groups=2
    ),
    "layer_norm": (
        lambda: fr.LayerNorm(6, fr.float64),
        lambda: nn.LayerNorm(6, dtype=torch.float64),
        (4, 3, 6),
    ),
    "layer_norm-2d": (
        lambda: fr.LayerNorm((3, 6), fr.float64, 1e-3),
        lambda: nn.LayerNorm([3, 6], 1e-3, dtype=torch.float64),
        (4, 3, 6),
    ),
    "rms_norm": (
        lambda: fr.RMSNorm(6, fr.float64, 1e-6),
        lambda: nn.RMSNorm(6, 1e-6, dtype=torch.float64),
        (4, 3, 6),
    ),
    "group_norm": (
        lambda: fr.GroupNorm(3, 6, fr.float64, 1e-3),
        lambda: nn.GroupNorm(3, 6, 1e-3, dtype=torch.float64),
        (2, 6, 4, 5),
    ),
    "instance_norm1d": (
        lambda: fr.InstanceNorm(3, fr.float64),
        lambda: nn.InstanceNorm1d(3, affine=True, dtype=torch.float64),
        (2, 3, 7),
    ),
    "instance_norm3d": (
        lambda: fr.InstanceNorm(3, fr.float64, 1e-3),
        lambda: nn.InstanceNorm3d(3, 1e-3, affine=True, dtype=torch.float64),
        (2, 3, 4, 2, 3),
    ),
    "batch_norm-2d": norm(nn.BatchNorm1d, (4, 3)),
    "batch_norm1d": norm(nn.BatchNorm1d, (2, 3, 7)),
    "batch_norm2d": norm(nn.BatchNorm2d, (2, 3, 4, 5), eps=1e-2),
    "batch_norm3d": norm(nn.BatchNorm3d, (2, 3, 4, 2, 3)),
}


def randomize(module: Any) -> None:
    """Give all parameters and statistics random values; variances are positive."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.uniform_(0.1, 2.0, generator=generator)


@pytest.mark.parametrize("name", CASES)
def test_layers_equal_torchs(name: str) -> None:
    make, make_theirs, shape = CASES[name]
    ours, theirs = make(), make_theirs()
    randomize(theirs)
    assert ours.load_state_dict(theirs.state_dict()) == (set(), set())
    x = np.random.default_rng(1).uniform(-1, 1, shape)
    with torch.no_grad():
        expected = theirs(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(ours(fr.Tensor(x)).numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", [(4,), (3, 2)])
def test_nlinear_equals_einsum(n: tuple[int, ...]) -> None:
    layer = fr.NLinear(n, 6, 7, dtype=fr.float64)
    generator = torch.Generator().manual_seed(0)
    weight = torch.rand(*n, 6, 7, generator=generator, dtype=torch.float64)
    bias = torch.rand(*n, 7, generator=generator, dtype=torch.float64)
    layer.load_state_dict({"weight": weight, "bias": bias})
    x = torch.rand(5, 2, *n, 6, generator=generator, dtype=torch.float64)
    expected = torch.einsum("...io,...i->...o", weight, x) + bias
    np.testing.assert_allclose(
        layer(fr.Tensor(x)).numpy(), expected.numpy(), rtol=1e-12, atol=1e-12
    )


def test_embedding_equals_torchs() -> None:
    ours, theirs = fr.Embedding(9, 4, fr.float64), nn.Embedding(9, 4, dtype=torch.float64)
    assert ours.load_state_dict(theirs.state_dict()) == (set(), set())
    tokens = torch.tensor([[0, 8, 3], [3, 7, 1]])
    np.testing.assert_array_equal(ours(fr.Tensor(tokens)).numpy(), theirs(tokens).detach().numpy())


def test_initial_values_have_torchs_spread() -> None:
    for ours, theirs in (
        (fr.Linear(64, 300), nn.Linear(64, 300)),
        (fr.Conv(16, 300, (3, 3), groups=4), nn.Conv2d(16, 300, 3, groups=4)),
        (fr.ConvTranspose(16, 600, (3, 3), groups=4), nn.ConvTranspose2d(16, 600, 3, groups=4)),
    ):
        ours.reset_parameters(0)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            theirs.reset_parameters()
        for name, tensor in ours.state_dict().items():
            largest = theirs.state_dict()[name].abs().max().item()
            assert np.abs(tensor.numpy()).max() == pytest.approx(largest, rel=0.03)


def test_a_network_takes_torchs_names() -> None:
    theirs = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 3)
    ).eval()
    ours = fr.Sequential(
        fr.Conv(1, 4, (3, 3), padding=((1, 1), (1, 1)), bias=False),
        fr.BatchNorm(4),
        fr.relu,
        fr.Conv(4, 2, (3, 3)),
    )
    randomize(theirs)
    assert "1.num_batches_tracked" in theirs.state_dict()
    assert ours.load_state_dict(theirs.state_dict()) == (set(), set())
    x = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = theirs(x).numpy()
    np.testing.assert_allclose(ours(fr.Tensor(x)).numpy(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_torch_tensors_are_shared_not_copied(dtype: torch.dtype) -> None:
    name = str(dtype).rpartition(".")[2]
    layer = fr.Linear(3, 2, bias=False, dtype=getattr(fr, name))
    weight = nn.Parameter(torch.ones(2, 3, dtype=dtype))
    layer.load_state_dict({"weight": weight})
    assert layer.weight.numpy().ctypes.data == weight.data_ptr()
    assert layer.weight.tolist() == [[1, 1, 1], [1, 1, 1]]
