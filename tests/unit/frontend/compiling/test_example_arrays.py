"""Example arrays among the arguments of `compile`, which stand for inputs of their type."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from support.foreign import Foreign
from support.messages import message


def types(*args: Any, **kwargs: Any) -> list[str]:
    """Return names and types of the inputs that arguments become."""

    def function(*args: Any, **kwargs: Any) -> fr.Tensor:
        return fr.ones(1)

    return [f"{value.name}: {value.type}" for value in trace(function, args, kwargs).graph.inputs]


def test_arrays_are_inputs_of_their_shape_and_type() -> None:
    assert types(np.ones(3), np.array(2, np.int8)) == ["args0: f64[3]", "args1: i8[]"]
    assert types(np.zeros((2, 0), ml_dtypes.bfloat16)) == ["args0: bf16[2,0]"]
    assert types(np.ones(2, ">f4")[::-1]) == ["args0: f32[2]"]
    assert types(Foreign(np.ones((1, 2), np.float32))) == ["args0: f32[1,2]"]


def test_nested_arrays_are_inputs_too() -> None:
    pair = (np.ones(2), [np.ones(3, np.float32), 5])
    assert types(pair, table={"x": np.ones(1, bool)}) == [
        "args0[0]: f64[2]",
        "args0[1][0]: f32[3]",
        "table.x: bool[1]",
    ]


def test_tensors_numbers_and_lists_are_constants() -> None:
    assert types(fr.ones(2), 2.0, np.float32(3), [1, 2], None) == []


def test_an_array_of_another_type_is_refused() -> None:
    with pytest.raises(fr.DtypeError) as raised:
        types(np.ones(2, np.complex64))
    assert message(raised.value).startswith("Arrays of complex64 cannot become tensors.")
