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


def _whole(name: str) -> Record:
    function: Any = getattr(fr, name)
    flat = _torch(name, dim=0)
    return _row(
        name,
        torch=lambda x: flat(x.flatten()).reshape(x.shape),
        refused=(wrong_dtype(name, function, FLOATS),),
    )


ROWS = [
    _row(
        "relu",
        dtypes=NUMBERS,
        torch=lambda x: x.clamp(min=0),
        refused=(wrong_dtype("relu", fr.relu, NUMBERS),),
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
    _row("silu"),
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
    _whole("softmax"),
    _whole("log_softmax"),
    Record("softmax/empty", lambda x: fr.softmax(x, 1), (Operand((3, 0)),)),
    Record("log_softmax/scalar", lambda x: fr.log_softmax(x, 0), (Operand(()),)),
]
