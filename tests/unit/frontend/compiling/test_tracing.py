"""Warnings about evaluation while a function is traced."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.ops.evaluate import UnknownValueError

ROW = fr.InputInfo((3,), fr.float32)
EVALUATED = (
    "is evaluated while a function is compiled: what Python computes from its elements is fixed "
    "in the program. Compute it with Farrier's ops instead."
)
PRINTED = (
    "is printed while a function is compiled: calls of the compiled function will print nothing. "
    "Return the tensor to see its elements."
)

EVALUATIONS: dict[str, Callable[[fr.Tensor], Any]] = {
    "numpy": lambda c: c.numpy(),
    "tolist": lambda c: c.tolist(),
    "item": lambda c: c.item(),
    "eval": lambda c: c.eval(),
    "bool": bool,
    "int": int,
    "float": float,
    "array": np.asarray,
    "dlpack": np.from_dlpack,
    "equal": lambda c: fr.equal(c, c),
    "allclose": lambda c: fr.allclose(c, c),
    "copy": lambda c: fr.copy(c, fr.device("cpu")),
}


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let warnings that an earlier test has raised be raised again."""
    monkeypatch.setattr(fr.logger, "_said", set[str]())


@pytest.mark.parametrize("name", EVALUATIONS)
def test_evaluation_is_warned_about(name: str, caplog: pytest.LogCaptureFixture) -> None:
    def function(x: fr.Tensor) -> fr.Tensor:
        EVALUATIONS[name](fr.ones((1,)) * 2)
        return x

    trace(function, [ROW])
    assert caplog.messages
    assert caplog.messages[0].startswith(f"float32 (1,) {EVALUATED}\n  --> {__file__}:")
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * len(caplog.records)


def test_evaluation_elsewhere_is_not_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    def function(x: fr.Tensor) -> fr.Tensor:
        return x * repr(scale).count("2") * len(scale)

    scale = fr.ones((1,)) * 2
    scale.numpy()
    trace(function, [ROW])
    print(scale)
    assert caplog.messages == []


def test_printing_is_warned_about_once(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def function(x: fr.Tensor) -> fr.Tensor:
        print(x)
        return x

    trace(function, [ROW])
    trace(function, [ROW])
    assert capsys.readouterr().out == "tensor(<x>, dtype=float32, loc=cpu:0, shape=(3,))\n" * 2
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(f"float32 (3,) {PRINTED}\n  --> {__file__}:")


def test_inputs_are_not_evaluated() -> None:
    def function(x: fr.Tensor) -> fr.Tensor:
        return x * (x + 1).tolist()[0]

    with pytest.raises(UnknownValueError, match="an input of a function that is being traced"):
        trace(function, [ROW])
