"""Rows of normalisation."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

from typing import Any

import numpy as np

import farrier as fr
from farrier_runtime import dtypes
from support.records import FLOATS, Operand, Record, Refusal, unfit, wrong_dtype

FEATURES = (Operand((3,)), Operand((3,)), Operand((3,)), Operand((3,), 0.1, 3))


def _batch_norm(eps: float) -> Any:
    def reference(x: Any, *statistics: Any) -> Any:
        columns = [array.reshape(3, *[1] * (x.ndim - 2)) for array in statistics]
        weight, bias, mean, variance = columns
        return (x - mean) / np.sqrt(variance + eps) * weight + bias

    return reference


def _torch(eps: float) -> Any:
    def call(x: Any, weight: Any, bias: Any, mean: Any, variance: Any) -> Any:
        import torch

        return torch.nn.functional.batch_norm(x, mean, variance, weight, bias, eps=eps)

    return call


def _over(axes: tuple[int, ...], center: bool = True) -> Any:
    """Return the normalisation over axes, with factors and terms that broadcast from the end."""

    def reference(x: Any, weight: Any = 1.0, bias: Any = 0.0) -> Any:
        deviation = x - x.mean(axis=axes, keepdims=True) if center else x
        square = (deviation**2).mean(axis=axes, keepdims=True)
        return deviation / np.sqrt(square + 1e-5) * weight + bias

    return reference


def _by_channels(reference: Any) -> Any:
    """Return a reference whose factors and terms belong to dimension 1."""

    def call(x: Any, *parameters: Any) -> Any:
        return reference(x, *(array.reshape(-1, *[1] * (x.ndim - 2)) for array in parameters))

    return call


def _groups(count: int) -> Any:
    def reference(x: Any, weight: Any, bias: Any) -> Any:
        grouped = x.reshape(len(x), count, -1)
        return _over((2,))(grouped).reshape(x.shape) * weight + bias

    return _by_channels(reference)


def _functional(name: str, *arguments: Any, **options: Any) -> Any:
    def call(x: Any, *parameters: Any) -> Any:
        import torch

        named = dict(zip(("weight", "bias"), parameters, strict=False))
        return getattr(torch.nn.functional, name)(x, *arguments, **named, **options)

    return call


SIX = (Operand((6,)), Operand((6,)))
FLOAT32 = (dtypes.float32,)
IMAGE, THREE, FOUR = fr.ones((2, 3, 4)), fr.ones((3,)), fr.ones((4,))

ROWS = [
    Record(
        "layer_norm",
        lambda x, w, b: fr.layer_norm(x, 6, w, b),
        (Operand((2, 3, 6)), *SIX),
        reference=_over((-1,)),
        torch=_functional("layer_norm", (6,)),
        static=(6,),
        tolerance=4,
        refused=(
            *unfit(
                lambda: fr.layer_norm(IMAGE, (3,)),
                "layer_norm got float32 (2, 3, 4), which does not end in normalized_shape=(3,). It "
                "normalises over the last dimensions, at least one.",
            ),
            Refusal(
                lambda: fr.layer_norm(IMAGE, 4, fr.ones((4,), fr.float16)),
                fr.DtypeError,
                "layer_norm got float32 (2, 3, 4), but its weight is float16 (4,). Cast one of "
                "them: nothing is cast silently.",
            ),
        ),
    ),
    Record(
        "layer_norm/two_dims",
        lambda x: fr.layer_norm(x, (3, 6)),
        (Operand((2, 3, 6)),),
        FLOAT32,
        _over((-2, -1)),
        _functional("layer_norm", (3, 6)),
        static=(3, 6),
        tolerance=4,
    ),
    Record(
        "layer_norm/large_mean",  # a variance from mean squares would cancel to noise
        lambda x: fr.layer_norm(x, 64),
        (Operand((5, 64), 1000, 1003),),
        FLOAT32,
        _over((-1,)),
        _functional("layer_norm", (64,)),
        static=(64,),
        tolerance=100,  # float32 holds 1000 to 6e-5, the deviations to 4e-5
    ),
    Record(
        "rms_norm",
        lambda x, w: fr.rms_norm(x, (6,), w),
        (Operand((2, 3, 6)), Operand((6,))),
        reference=_over((-1,), center=False),
        torch=_functional("rms_norm", (6,), eps=1e-5),
        static=(6,),
        tolerance=4,
        refused=(wrong_dtype("rms_norm", lambda x: fr.rms_norm(x, 3), FLOATS),),
    ),
    Record(
        "group_norm",
        lambda x, w, b: fr.group_norm(x, 3, w, b),
        (Operand((2, 6, 5, 4)), *SIX),
        reference=_groups(3),
        torch=_functional("group_norm", 3),
        tolerance=4,
        refused=unfit(
            lambda: fr.group_norm(IMAGE, 2),
            "group_norm got 3 channels in dimension 1 of float32 (2, 3, 4), which cannot be "
            "divided into num_groups=2.",
        ),
    ),
    Record(
        "group_norm/no_spatial_dims",
        lambda x, w, b: fr.group_norm(x, 2, w, b),
        (Operand((4, 6)), *SIX),
        FLOAT32,
        _groups(2),
        _functional("group_norm", 2),
        tolerance=4,
    ),
    Record(
        "instance_norm",
        lambda x, w, b: fr.instance_norm(x, w, b),
        (Operand((2, 6, 5, 4)), *SIX),
        reference=_by_channels(_over((2, 3))),
        torch=_functional("instance_norm"),
        tolerance=4,
        refused=unfit(
            lambda: fr.instance_norm(fr.ones((2, 3))),
            "instance_norm takes an input of shape (N, channels, *), with at least one spatial "
            "dimension, but got float32 (2, 3).",
        ),
    ),
    Record(
        "instance_norm/one_spatial_dim",
        fr.instance_norm,
        (Operand((2, 6, 9)),),
        FLOAT32,
        _over((2,)),
        _functional("instance_norm"),
        tolerance=4,
    ),
    Record(
        "batch_norm",
        fr.batch_norm,
        (Operand((2, 3, 5, 4)), *FEATURES),
        reference=_batch_norm(1e-5),
        torch=_torch(1e-5),
        tolerance=2,
        refused=unfit(
            lambda: fr.batch_norm(IMAGE, THREE, THREE, FOUR, THREE),
            "batch_norm got 3 features in dimension 1 of float32 (2, 3, 4), but its "
            "running_mean is float32 (4,). It must have the shape (3,).",
        ),
    ),
    Record(
        "batch_norm/eps",
        lambda *tensors: fr.batch_norm(*tensors, eps=0.1),
        (Operand((2, 3)), *FEATURES),
        reference=_batch_norm(0.1),
        torch=_torch(0.1),
        tolerance=2,
    ),
]
