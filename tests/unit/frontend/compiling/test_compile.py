"""InputInfo and tracing: inputs, constants, outputs and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from support.messages import message

ROW = fr.InputInfo((3,), fr.float32)


class Pair(NamedTuple):
    left: Any
    right: Any


class Net(fr.Module):
    def __init__(self) -> None:
        self.scale = fr.ones((3,))
        self.layers = [fr.Linear(3, 2), fr.Linear(2, 3, bias=False)]
        self.reset_parameters(0)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x * self.scale

    def head(self, x: fr.Tensor) -> fr.Tensor:
        return self.layers[0](x)


def names(func: Callable[..., Any], *args: Any, **kwargs: Any) -> list[str | None]:
    return [value.name for value in trace(func, args, kwargs).graph.inputs]


def test_input_info_is_a_value() -> None:
    info = fr.InputInfo([1, np.int64(2)], fr.int8)
    assert info.shape == (1, 2)
    assert info == fr.InputInfo((1, 2), fr.int8)
    assert info != fr.InputInfo((1, 2), fr.int32)
    assert repr(info) == "InputInfo(shape=(1, 2), dtype=int8)"


@pytest.mark.parametrize("shape", [(1, -1), (1.5,), (True,), ("2",)])
def test_input_info_refuses_shapes(shape: Any) -> None:
    with pytest.raises(fr.ArgumentError) as caught:
        fr.InputInfo(shape, fr.float32)
    text = (
        "InputInfo needs a shape of integers >= 0, of (min, opt, max) and of named dimensions, but "
        f"got {shape!r}."
    )
    assert message(caught.value) == text


def test_input_info_refuses_other_data_types() -> None:
    wrong: Any = np.complex64
    with pytest.raises(fr.DtypeError) as caught:
        fr.InputInfo((1,), wrong)
    assert message(caught.value) == (
        "InputInfo needs a data type such as fr.float32, not <class 'numpy.complex64'>."
    )


def test_inputs_keep_the_order_of_the_signature() -> None:
    def function(a: Any, b: Any, c: Any) -> Any:
        return a + b + c

    assert names(function, ROW, c=ROW, b=ROW) == ["a", "b", "c"]


def test_arguments_other_than_input_infos_are_constants() -> None:
    graph = trace(lambda a, b, count: a * b * count, [ROW, fr.ones((3,)), 2]).graph
    assert [value.name for value in graph.inputs] == ["a"]


def test_variadic_and_nested_inputs_have_names() -> None:
    def function(*args: Any, **options: Any) -> Any:
        return args[0] + args[1] + options["d"]["a"]["inner"] + options["d"]["b"][1]

    nested = {"a": {"inner": ROW}, "b": [1, ROW]}
    assert names(function, ROW, ROW, d=nested) == ["args0", "args1", "d.a.inner", "d.b[1]"]


def test_named_tuples_stay_named_tuples() -> None:
    graph = trace(lambda pair: pair.left - pair.right, [Pair(ROW, ROW)]).graph
    assert [value.name for value in graph.inputs] == ["pair[0]", "pair[1]"]


@pytest.mark.parametrize(
    ("function", "tree"),
    [
        (lambda x: x, 0),
        (lambda x: (x, x + 1), {"tuple": [0, 1]}),
        (lambda x: [x], {"list": [0]}),
        (lambda x: {"y": x, "z": (x, [x])}, {"dict": {"y": 0, "z": {"tuple": [1, {"list": [2]}]}}}),
    ],
)
def test_results_are_nested_as_they_were_returned(function: Any, tree: Any) -> None:
    assert trace(function, [ROW]).result == tree


def test_parameters_have_the_names_of_the_state_dict() -> None:
    net = Net()
    expected = ["layers.0.weight", "layers.0.bias", "layers.1.weight", "scale"]
    assert list(trace(net, [ROW]).graph.constants) == expected
    assert list(trace(net.head, [ROW]).graph.constants) == expected[:2]


def test_parameters_that_a_function_encloses_have_names() -> None:
    layer, bias = fr.Linear(3, 2), fr.Tensor([1.0, 2.0])
    layer.reset_parameters(0)
    graph = trace(lambda x: layer(x) + bias, [ROW]).graph
    assert list(graph.constants) == ["layer.weight", "layer.bias", "bias"]


def test_graph_is_named_after_what_was_traced() -> None:
    assert trace(Net(), [ROW]).graph.name == "Net"
    assert trace(lambda x: x, [ROW]).graph.name == "lambda"
    assert trace(fr.relu, [ROW], name="first layer").graph.name == "first_layer"


def test_no_inputs_are_possible() -> None:
    assert trace(lambda: fr.ones((2,)), []).graph.inputs == ()


def test_unset_parameters_are_named() -> None:
    net = fr.Sequential(fr.Linear(3, 2), fr.relu)
    with pytest.raises(fr.ArgumentError) as caught:
        trace(net, [ROW])
    assert message(caught.value) == (
        "0.weight, 0.bias: no value is known. Set these parameters (load_state_dict, load_weights "
        "or reset_parameters), or pass them as arguments."
    )


def test_arguments_that_do_not_fit() -> None:
    with pytest.raises(fr.ArgumentError) as caught:
        trace(Net(), [])
    assert message(caught.value) == (
        "The arguments do not fit Net(x: fr.Tensor) -> fr.Tensor: missing a required argument: "
        "'x'. Pass an InputInfo or a constant for each parameter in args= and kwargs=."
    )


def test_what_cannot_be_called() -> None:
    number: Any = 3
    with pytest.raises(fr.ArgumentError) as caught:
        trace(number)
    assert message(caught.value) == "compile takes a Module or a function, not 3."


def test_arguments_that_are_not_a_list() -> None:
    alone: Any = fr.InputInfo((3,), fr.float32)
    with pytest.raises(fr.ArgumentError) as caught:
        trace(Net(), alone)
    assert message(caught.value) == (
        "compile's args= takes a list of arguments, not InputInfo(shape=(3,), dtype=float32)."
    )


def test_sizes_are_results_known_or_not() -> None:
    for size in (3, (1, 3, 8)):
        graph = trace(lambda x: x.shape[0], [fr.InputInfo((size,), fr.float32)]).graph
        assert [str(value.type) for value in graph.outputs] == ["i32[]"]


def test_results_that_are_not_tensors() -> None:
    with pytest.raises(fr.ArgumentError) as caught:
        trace(lambda x: (x, 0.5), [ROW])
    assert message(caught.value) == (
        "A compiled function returns tensors, or lists, tuples and dicts of them, but this one "
        "returned a float: 0.5"
    )


def test_inputs_cannot_be_evaluated() -> None:
    def function(x: fr.Tensor) -> fr.Tensor:
        return x if x[0] > 0 else -x

    with pytest.raises(fr.FarrierError) as caught:
        trace(function, [ROW])
    assert message(caught.value).startswith("The value of 'x', float32 (3,), is not known: ")
    assert "return x if x[0] > 0 else -x" in str(caught.value)
