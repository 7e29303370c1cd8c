"""Rows of the activation functions."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import farrier as fr
from support.records import FLOATS, NUMBERS, Operand, Record, Refusal, no_such_dim, wrong_dtype

INPUT = Operand((4, 17), -6, 6)


def _torch(name: str, **options: Any) -> Callable[..., Any]:
    def call(x: Any) -> Any:
        import torch

        return getattr(torch.nn.functional, name)(x, **options)

    return call


def _row(name: str, **options: Any) -> Record:
    function = getattr(fr, name)
    options.setdefault("torch", _torch(name))
    options.setdefault("refused", (wrong_dtype(name, function, FLOATS),))
    return Record(name, function, (INPUT,), **options)


def _softmax(name: str, dim: int) -> Record:
    function: Any = getattr(fr, name)
    return Record(
        f"{name}/{dim}",
        lambda x: function(x, dim=dim),
        (Operand((3, 5, 7), -6, 6),),
        torch=_torch(name, dim=dim),
        refused=(no_such_dim(name, function),),
    )


def _whole(name: str) -> Callable[[Any], Any]:
    function = _torch(name, dim=0)
    return lambda x: function(x.flatten()).reshape(x.shape)


ROWS = [
    _row(
        "relu",
        dtypes=NUMBERS,
        torch=lambda x: x.clamp(min=0),
        refused=(
            Refusal(
                lambda: fr.relu(fr.ones((2,), fr.bool)),
                fr.DtypeError,
                "Python numbers are not cast to bool. Write True or False.",
            ),
        ),
    ),
    _row("gelu"),
    Record(
        "gelu/tanh",
        lambda x: fr.gelu(x, approximate="tanh"),
        (INPUT,),
        torch=_torch("gelu", approximate="tanh"),
        refused=(
            Refusal(
                lambda: fr.gelu(fr.ones((2,)), approximate="fast"),  # pyright: ignore[reportArgumentType]
                fr.ArgumentError,
                "gelu's approximate is 'none' or 'tanh', but got 'fast'.",
            ),
        ),
    ),
    _row("silu", refused=(wrong_dtype("sigmoid", fr.silu, FLOATS),)),
    _row("softplus"),
    _row("leaky_relu"),
    Record(
        "leaky_relu/slope",
        lambda x: fr.leaky_relu(x, 0.3),
        (INPUT,),
        torch=_torch("leaky_relu", negative_slope=0.3),
    ),
    _row("elu"),
    Record("elu/alpha", lambda x: fr.elu(x, 2.0), (INPUT,), torch=_torch("elu", alpha=2.0)),
    _row("hardswish"),
    _softmax("softmax", 1),
    _softmax("softmax", -1),
    _softmax("log_softmax", 1),
    _row("softmax", torch=_whole("softmax")),
    _row("log_softmax", torch=_whole("log_softmax")),
]
