"""Executables from `farrier.compile` and `Executable.load`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from support.messages import message

ROW = fr.InputInfo((3,), fr.float32)
VALUES = np.array([1.0, -2.0, 3.5], np.float32)


def compiled(func: Callable[..., Any], *args: Any, **kwargs: Any) -> fr.Executable:
    return fr.compile(func, args=args, kwargs=kwargs, target="cpu")


@pytest.fixture(scope="module")
def nested() -> fr.Executable:
    def function(x: fr.Tensor, options: Any, count: int) -> Any:
        total = x + options["shift"][0] * count
        return {"total": total, "parts": [x * 2, (options["shift"][0],)]}

    return compiled(function, ROW, {"shift": [ROW]}, 3)


def test_arguments_and_results_may_be_nested(nested: fr.Executable) -> None:
    result = nested(fr.Tensor(VALUES), {"shift": [VALUES]})
    np.testing.assert_allclose(result["total"].numpy(), VALUES * 4)
    np.testing.assert_allclose(result["parts"][0].numpy(), VALUES * 2)
    np.testing.assert_array_equal(result["parts"][1][0].numpy(), VALUES)
    assert isinstance(result["parts"][1], tuple)


def test_signature_has_the_run_time_inputs(nested: fr.Executable) -> None:
    assert list(inspect.signature(nested).parameters) == ["x", "options"]
    assert [str(spec.name) for spec in nested.inputs] == ["x", "options.shift[0]"]
    assert [spec.shape for spec in nested.outputs] == [(3,), (3,), (3,)]


def test_signature_says_what_comes_out(nested: fr.Executable) -> None:
    assert inspect.signature(nested).return_annotation is dict
    pair = compiled(lambda x: (x, x), ROW)
    assert inspect.signature(pair).return_annotation == tuple[fr.Tensor, fr.Tensor]
    assert inspect.signature(compiled(lambda x: [x], ROW)).return_annotation is list
    assert inspect.signature(compiled(lambda x: x, ROW)).return_annotation is fr.Tensor


def test_input_infos_compile_the_same_again(tmp_path: Path) -> None:
    infos = {
        "x": fr.InputInfo((fr.NamedDimension("n", 1, 2, 4), (2, 3, 6), 1), fr.float32),
        "count": fr.DimensionInputInfo((1, 2, 8)),
    }
    run = compiled(lambda x, count: x * count, *infos.values())
    loaded = fr.Executable.load(run.save(tmp_path / "run.vmfb"))
    assert run.input_infos == loaded.input_infos == infos
    info = loaded.input_infos["x"]
    assert isinstance(info, fr.InputInfo)
    assert info.dimension_names[0] == "n"


def test_arguments_may_be_passed_by_name(nested: fr.Executable) -> None:
    result = nested(options={"shift": [VALUES]}, x=VALUES)
    np.testing.assert_allclose(result["total"].numpy(), VALUES * 4)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "Input 'options' needs the key 'shift', but got {}."),
        ({"shift": []}, "Input 'options.shift' needs 1 items, but got []."),
        ({"shift": 1}, "Input 'options.shift' needs 1 items, but got 1."),
    ],
)
def test_nests_that_do_not_match_are_refused(
    nested: fr.Executable, options: Any, text: str
) -> None:
    with pytest.raises(fr.InputError) as caught:
        nested(VALUES, options)
    assert message(caught.value) == text


def test_a_missing_argument_is_refused(nested: fr.Executable) -> None:
    with pytest.raises(fr.InputError) as caught:
        nested(VALUES)
    assert message(caught.value) == (
        "function(x, options) was called wrongly: missing a required argument: 'options'."
    )


def test_a_saved_function_is_loaded_again(nested: fr.Executable, tmp_path: Path) -> None:
    path = nested.save(tmp_path / "nested.vmfb")
    again = fr.Executable.load(path)
    np.testing.assert_allclose(again(VALUES, VALUES)["total"].numpy(), VALUES * 4)
    np.testing.assert_allclose(farrier_runtime.load(path)(VALUES, VALUES)["total"], VALUES * 4)
    assert repr(again) == repr(nested)


def test_loaded_functions_take_what_they_took_before(tmp_path: Path) -> None:
    def function(pair: Any, options: Any) -> fr.Tensor:
        return pair[1] - options["a.b"][0]["c"] * options[2]

    run = compiled(function, [1, ROW], {"a.b": [{"c": ROW}], 2: ROW})
    again = fr.Executable.load(run.save(tmp_path / "new" / "deep" / "run.vmfb"))
    options: dict[Any, Any] = {"a.b": [{"c": VALUES}], 2: VALUES, "more": None}
    assert list(inspect.signature(again).parameters) == ["pair", "options"]
    np.testing.assert_array_equal(again([0, VALUES], options=options), VALUES - VALUES**2)
    np.testing.assert_array_equal(again(VALUES, VALUES, VALUES), VALUES - VALUES**2)
    with pytest.raises(fr.InputError) as caught:
        again([0, VALUES], {"a.b": [], 2: VALUES})
    assert message(caught.value) == (
        f"Input 'options.a.b[0].c' is missing in {{'a.b': [], 2: {VALUES!r}}}."
    )


def test_keys_that_were_not_read_are_ignored(tmp_path: Path) -> None:
    def function(batch: Any) -> fr.Tensor:
        return batch["ids"] * batch["inner"][0]["used"]

    inner = [{"used": ROW, "mask": ROW}, ROW]
    run = compiled(function, {"ids": ROW, "labels": ROW, "inner": inner, "name": "x", "all": [ROW]})
    again = fr.Executable.load(run.save(tmp_path / "run.vmfb"))
    for executable in (run, again):
        assert list(executable.input_infos) == ["batch.ids", "batch.inner[0].used"]
        for more in ({}, {"labels": VALUES, "name": "y", "unheard": None}):
            given = {"ids": VALUES, "inner": [{"used": VALUES}, None], **more}
            np.testing.assert_array_equal(executable(given).numpy(), VALUES**2)
    with pytest.raises(fr.InputError) as caught:
        run({"labels": 1})
    assert message(caught.value) == "Input 'batch' needs the key 'ids', but got {'labels': 1}."


def test_a_function_needs_no_inputs() -> None:
    np.testing.assert_array_equal(compiled(lambda: fr.iota((3,)))().numpy(), [0, 1, 2])


def test_an_input_that_is_also_an_output_is_copied() -> None:
    given = VALUES.copy()
    result = compiled(lambda x: (x, x), ROW)(given)
    given[:] = 0
    for part in result:
        np.testing.assert_array_equal(part.numpy(), VALUES)


def test_bound_methods_of_modules_compile() -> None:
    class Scaled(fr.Module):
        def __init__(self) -> None:
            self.scale = fr.Tensor(VALUES)

        def twice(self, x: fr.Tensor) -> fr.Tensor:
            return x * self.scale * 2

    result = compiled(Scaled().twice, ROW)(VALUES)
    np.testing.assert_allclose(result.numpy(), VALUES**2 * 2)


def test_results_of_one_call_are_arguments_of_another() -> None:
    double = compiled(lambda x: x * 2, ROW)
    np.testing.assert_array_equal(double(double(VALUES)).numpy(), VALUES * 4)


def test_keys_of_arguments_may_be_any_text(tmp_path: Path) -> None:
    keys = ("a b", "c,d", "e(f)", "x: tensor<2xf32>) -> (", "%x", 'é\n"q\\')
    function = compiled(lambda given: sum(given.values()), dict.fromkeys(keys, ROW))
    given = {key: VALUES * index for index, key in enumerate(keys)}
    for run in (function, fr.Executable.load(function.save(tmp_path / "net.vmfb"))):
        np.testing.assert_allclose(run(given).numpy(), VALUES * 15)
