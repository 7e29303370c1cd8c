"""Hints at names of torch, numpy and jax, each of which names something that exists."""

from __future__ import annotations

import re
from typing import Any

import pytest

import farrier as fr
from farrier.other_names import ADVICE, METHODS, MODULE_METHODS, NAMES


def error_text(of: Any, name: str) -> str:
    with pytest.raises(AttributeError) as caught:
        getattr(of, name)
    return str(caught.value).partition(". ")[2]


@pytest.mark.parametrize("name", [*NAMES, *ADVICE])
def test_names_of_other_libraries_give_hints(name: str) -> None:
    expected = f"Did you mean: '{NAMES[name]}'?" if name in NAMES else ADVICE[name]
    assert error_text(fr, name) == expected


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_other_libraries_give_hints(name: str) -> None:
    assert error_text(fr.ones(2), name) == METHODS[name]


@pytest.mark.parametrize("name", MODULE_METHODS)
def test_methods_of_torch_modules_give_hints(name: str) -> None:
    assert error_text(fr.Linear(1, 1), name) == MODULE_METHODS[name]


def test_hints_name_what_exists() -> None:
    assert all(hasattr(fr, name) for name in NAMES.values())
    advice = " ".join([*ADVICE.values(), *METHODS.values(), *MODULE_METHODS.values()])
    assert all(hasattr(fr, name) for name in re.findall(r"\bfarrier\.(\w+)", advice))
    assert all(hasattr(fr.Tensor, name) for name in re.findall(r"\bx\.(\w+)", advice))
    assert all(hasattr(fr.Module, name) for name in re.findall(r"\bSee (\w+)", advice))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("view", "Did you mean: 'reshape'?"),
        ("clip", "Did you mean: 'clamp'?"),
        ("astype", "Did you mean: 'cast'?"),
        ("mul", "Did you mean: 'farrier.multiply'?"),
        ("add", "Did you mean: 'farrier.add'?"),
        ("cat", "Did you mean: 'farrier.concatenate'?"),
        ("std", "Write farrier.sqrt(farrier.var(x))."),
        ("add_", "Tensors cannot be changed in place: farrier.add returns a new one."),
        ("mul_", "Tensors cannot be changed in place: farrier.multiply returns a new one."),
        ("scatter_", "Tensors cannot be changed: write farrier.where or farrier.concatenate."),
        ("reshap_", "Did you mean: 'reshape'?"),
    ],
)
def test_functions_of_other_libraries_give_hints_as_methods(name: str, hint: str) -> None:
    assert error_text(fr.ones(2), name) == hint
