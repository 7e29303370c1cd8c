"""`config.eager = "compiled"`: the same numbers through IREE, with equal ops compiled once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.tensor import eager
from farrier_compiler import driver
from farrier_compiler.ops.evaluate import UnknownValueError
from support.messages import message
from support.records import Record
from support.rows import ROWS
from support.tolerances import assert_close


@pytest.fixture(autouse=True)
def by_iree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fr.config, "eager", "compiled")
    eager.compiled.cache_clear()


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of the graphs that the test compiles."""
    texts: list[str] = []
    original = driver.compile_graphs

    def compile_graphs(graphs: Any, *rest: Any) -> Any:
        texts.append(str(graphs[0]))
        return original(graphs, *rest)

    monkeypatch.setattr(driver, "compile_graphs", compile_graphs)
    return texts


@pytest.fixture
def no_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    original = eager.interpret

    def only_if_asked_for(values: Any) -> None:
        assert fr.config.eager == "reference"
        original(values)

    monkeypatch.setattr(eager, "interpret", only_if_asked_for)


# Every twelfth row, each on another of its data types; int4 cannot enter compiled programs.
SAMPLE = [
    pytest.param(row, row.dtypes[index % len(row.dtypes)], id=row.name)
    for index, row in enumerate([row for row in ROWS if "int4" not in row.name][::12])
]


@pytest.mark.usefixtures("no_reference")
@pytest.mark.parametrize(("row", "tested"), SAMPLE)
def test_rows_are_computed_as_by_the_reference(row: Record, tested: fr.dtype) -> None:
    arrays = row.sample(tested)
    results = row.function(*map(fr.Tensor, arrays))
    for result, expected in zip(
        results if isinstance(results, tuple) else (results,),
        _by_reference(row, arrays),
        strict=True,
    ):
        assert_close(result.numpy(), expected, row.tolerance, row.name)


def _by_reference(row: Record, arrays: list[Any]) -> list[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fr.config, "eager", "reference")
        result = row.function(*map(fr.Tensor, arrays))
        return [part.numpy() for part in (result if isinstance(result, tuple) else (result,))]


# ---------------------------------------------------------------------- what is compiled


@pytest.mark.usefixtures("no_reference")
def test_equal_ops_are_compiled_once(compilations: list[str]) -> None:
    weight = fr.Tensor(np.eye(3, dtype=np.float32) * 2)
    x = fr.ones((1, 3)).eval()
    compilations.clear()
    for step in range(4):
        x = x @ weight + float(step)
        assert x.eval() is x
    assert x.tolist() == [[27, 27, 27]]
    assert len(compilations) == 1


@pytest.mark.usefixtures("no_reference")
def test_the_state_of_a_loop_is_computed_too(compilations: list[str]) -> None:
    """The state is never read: only the tensor that holds it shows that it is needed again."""
    state, seen = fr.zeros((2,)).eval(), []
    compilations.clear()
    for _ in range(4):
        state = state + 1.0
        seen.append(fr.sum(state * 2.0).item())
        assert state.value.producer is None
    assert seen == [4, 8, 12, 16]
    assert len(compilations) == 1


def test_values_that_nothing_holds_are_not_computed(compilations: list[str]) -> None:
    x = fr.exp(fr.Tensor([0.0]) * 3.0)  # in an assert, pytest would hold the product
    assert x.tolist() == [1]
    assert compilations == [
        "graph @eager(%x0: f32[1], %x1: f32[]) -> f32[1] {\n"
        "  %0: f32[1] = multiply(%x0, %x1)\n"
        "  %1: f32[1] = exp(%0)\n"
        "  return %1\n"
        "}"
    ]


@pytest.mark.parametrize(("size", "dtype"), [(3, np.float32), (2, np.float16)])
def test_other_types_need_another_program(compilations: list[str], size: int, dtype: Any) -> None:
    for x in (np.ones(2, np.float32), np.ones(size, dtype)):
        fr.abs(fr.Tensor(x)).eval()
    assert len(compilations) == 2


def test_several_results_are_computed_at_once() -> None:
    values, indices = fr.sort(fr.Tensor([3.0, 1.0, 2.0]))
    assert values.tolist() == [1, 2, 3]
    assert indices.value.producer is None
    assert indices.tolist() == [1, 2, 0]


# ---------------------------------------------------------------------- what is not compiled


def test_four_bit_integers_are_left_to_the_reference(compilations: list[str]) -> None:
    x = fr.cast(fr.Tensor([7, -8]), fr.int4)
    assert x.tolist() == [7, -8]
    assert fr.cast(x, fr.int32).tolist() == [7, -8]
    assert compilations == []


def test_four_bit_integers_inside_are_compiled(compilations: list[str]) -> None:
    x = fr.cast(fr.cast(fr.Tensor([7, -8]), fr.int4), fr.int32)
    assert x.tolist() == [7, -8]
    assert len(compilations) == 1


def test_what_iree_refuses_is_left_to_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def refuse(graphs: Any, *_: Any) -> Any:
        calls.append(graphs)
        raise fr.CompileError("no")

    monkeypatch.setattr(driver, "compile_graphs", refuse)
    for _ in range(2):
        assert (fr.Tensor([1, 2]) + 1).tolist() == [2, 3]
    assert len(calls) == 1


def test_unset_parameters_are_named() -> None:
    with pytest.raises(UnknownValueError) as raised:
        fr.Linear(2, 2)(fr.ones((1, 2))).eval()
    assert message(raised.value) == (
        "The value of 'weight', float32 (2, 2), is not known: it is an unset parameter, or an "
        "input of a function that is being traced. Set the parameter (or call "
        "reset_parameters()), and do not evaluate inputs inside a function that is compiled."
    )


@pytest.mark.parametrize("look", [fr.Tensor.eval, repr, fr.Tensor.tolist])
def test_an_unknown_setting_is_refused(
    monkeypatch: pytest.MonkeyPatch, look: Callable[..., Any]
) -> None:
    monkeypatch.setattr(fr.config, "eager", "iree")
    with pytest.raises(fr.ArgumentError) as raised:
        look(fr.ones((1,)) + 1)
    assert message(raised.value) == (
        "farrier.config.eager must be 'reference' or 'compiled', not 'iree'."
    )
    assert "test_eager_compiled.py" in str(raised.value)
