"""Errors of quantize_module and quantization_report, in full."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.modules.quantizable import input_hook
from support.messages import message


def net() -> fr.Sequential:
    network: Any = fr.Sequential(fr.Linear(3, 4), fr.relu, fr.Linear(4, 2))
    network.reset_parameters()
    return network


def already() -> fr.Sequential:
    network = fr.Sequential(fr.Linear(3, 4, quant_dtype=fr.int8))
    network.reset_parameters()
    return network


def unset() -> fr.Sequential:
    return fr.Sequential(*(fr.Linear(3, 3) for _ in range(3)))


def with_nan_weight() -> fr.Sequential:
    network: Any = net()
    network[0].weight = np.full((4, 3), np.inf, np.float32)
    return network


class Locked(fr.Module):
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.linear = fr.Linear(3, 3)
        self.linear.reset_parameters()

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return self.linear(x)


X = np.ones((2, 3), np.float32)
BAD = np.array([[1, np.nan, 2], [np.inf, 1, 1]], np.float32)
FORMS = (
    "A batch is a tensor or an array, a tuple of positional arguments, or a dict of keyword "
    "arguments."
)

CASES: dict[str, tuple[Callable[[], Any], str]] = {
    "scheme": (
        lambda: fr.quantize_module(net(), [X], "int8_weight_only"),
        "There is no scheme 'int8_weight_only'; did you mean 'int8-weight-only'?",
    ),
    "scheme_unlike_any": (
        lambda: fr.quantize_module(net(), [X], "w8a8"),
        "There is no scheme 'w8a8'; known are float8, int4-weight-only, int8, int8-weight-only.",
    ),
    "observer": (
        lambda: fr.quantize_module(net(), [X], observer="min_max"),
        "There is no observer 'min_max'; did you mean 'minmax'?",
    ),
    "percentile": (
        lambda: fr.quantize_module(net(), [X], observer="percentile", percentile=0.9999),
        "quantize_module takes a percentile above 50, up to 100, not 0.9999.",
    ),
    "function": (
        lambda: fr.quantize_module(fr.relu, [X]),  # pyright: ignore[reportArgumentType]
        "quantize_module takes a Module, not a function.",
    ),
    "no_layers": (
        lambda: fr.quantize_module(fr.Sequential(fr.BatchNorm(3)), [X]),
        "Sequential has no layer that can be quantized: those are Linear, Conv, ConvTranspose and "
        "Embedding.",
    ),
    "already": (
        lambda: fr.quantize_module(already(), [X]),
        "Sequential has no layer left to quantize: its 1 are quantized already.",
    ),
    "unset": (
        lambda: fr.quantize_module(unset(), [X]),
        "These parameters of Sequential are not set: 0.weight, 0.bias, 1.weight, 1.bias, 2.weight "
        "and 1 more. Set them (load_state_dict, load_weights or reset_parameters) before it is "
        "quantized.",
    ),
    "no_copy": (
        lambda: fr.quantize_module(Locked(), [X]),
        "quantize_module works on a copy, but Locked has none: cannot pickle '_thread.lock' "
        "object.",
    ),
    "weight": (
        lambda: fr.quantize_module(with_nan_weight(), scheme="int8-weight-only"),
        "The weight of layer '0' has elements that are NaN or infinite.",
    ),
    "no_data": (
        lambda: fr.quantize_module(net()),
        "The scheme 'int8' quantizes the inputs of layers, so it needs calibration_batches, such "
        "as a list of inputs of the model. 'int8-weight-only' and 'int4-weight-only' can do "
        "without.",
    ),
    "empty": (
        lambda: fr.quantize_module(net(), iter(())),
        "quantize_module got no calibration batches: the iterable is empty.",
    ),
    "array": (
        lambda: fr.quantize_module(net(), X),
        "quantize_module takes calibration_batches as an iterable of batches, such as a list of "
        f"tensors, not one ndarray. {FORMS}",
    ),
    "dict": (
        lambda: fr.quantize_module(net(), {"x": X}, "int8-weight-only"),
        "quantize_module takes calibration_batches as an iterable of batches, such as a list of "
        f"tensors, not a dict. {FORMS}",
    ),
    "number": (
        lambda: fr.quantize_module(net(), 64),
        "quantize_module takes calibration_batches as an iterable of batches, such as a list of "
        f"tensors, not a int. {FORMS}",
    ),
    "list": (
        lambda: fr.quantize_module(net(), [X, [1.0, 2.0, 3.0]]),
        f"Calibration batch 1 is a list. {FORMS}",
    ),
    "arguments": (
        lambda: fr.quantize_module(net(), [(X, X)]),
        "Calibration batch 0 does not fit Sequential(input: Tensor) -> Tensor: too many "
        f"positional arguments. {FORMS}",
    ),
    "keywords": (
        lambda: fr.quantize_module(net(), [{"input": X}, {"x": X}]),
        "Calibration batch 1 does not fit Sequential(input: Tensor) -> Tensor: missing a "
        f"required argument: 'input'. {FORMS}",
    ),
    "nan": (
        lambda: fr.quantize_module(net(), [X, BAD]),
        "With calibration batch 1, 2 of 6 elements of the input of layer '0' are NaN or infinite: "
        "they have no scale. Look for such elements in the batch, and for overflow in the layers "
        "before.",
    ),
    "report_of_a_plain_module": (
        lambda: fr.quantization_report(net()),
        "There is no report on this Sequential: quantization_report takes what quantize_module "
        "returned.",
    ),
    "report_of_a_number": (
        lambda: fr.quantization_report(3),
        "There is no report on this int: quantization_report takes what quantize_module returned.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refused(case: str) -> None:
    call, text = CASES[case]
    with pytest.raises(fr.ArgumentError) as raised:
        call()
    assert message(raised.value) == text
    assert "test_quantize_module_errors.py" in str(raised.value)  # the user's line


def test_a_batch_of_another_shape_is_refused_by_the_layer() -> None:
    with pytest.raises(fr.ShapeError) as raised:
        fr.quantize_module(net(), [np.ones((2, 5), np.float32)])
    assert message(raised.value) == (
        "Linear(3, 4) takes an input of shape (*, 3), but got float32 (2, 5)."
    )


def test_an_error_leaves_no_traces() -> None:
    model = net()
    before = [dict(vars(layer)) for _, layer in model.named_modules()]
    with pytest.raises(fr.ArgumentError):
        fr.quantize_module(model, [X, BAD])
    with pytest.raises(ZeroDivisionError):
        fr.quantize_module(model, (X / 0 if i == 3 else [X, 1 // (2 - i)][0] for i in range(4)))
    assert [dict(vars(layer)) for _, layer in model.named_modules()] == before
    assert input_hook.get() is None
    model(fr.Tensor(BAD)).eval()  # inputs are no longer observed
