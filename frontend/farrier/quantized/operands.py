"""Validation and dequantisation of operands."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from farrier.ops.arguments import refuse
from farrier.ops.quantization import dequantize, quantize
from farrier.ops.shape import reshape
from farrier.tensor import Tensor
from farrier_compiler.ops.quantization import STORAGE, positive
from farrier_compiler.sizes.requirements import equal_shapes
from farrier_compiler.types.numbers import storage_limits
from farrier_compiler.types.uniform import MOST_SCALES, Quantization
from farrier_runtime.dtypes import DtypeLike, dtype, dtype_of
from farrier_runtime.errors import ArgumentError, DtypeError, ShapeError
from farrier_runtime.wording import shown

Activation = Callable[[Tensor], Tensor]

INTEGERS: tuple[dtype, ...] = tuple(storage for storage in STORAGE if storage.is_integer)
"""The data types that quantised integers are stored in."""


@dataclass(frozen=True, slots=True)
class Output:
    """The quantisation of a result: one constant scale and zero point."""

    scale: float
    zero_point: int
    dtype: dtype

    def of(self, x: Tensor) -> Tensor:
        """Return floats quantised in this way."""
        return quantize(x, self.scale, self.dtype, zero_point=self.zero_point)


def quantization(name: str, role: str, x: Any, example: str) -> Quantization:
    """Return the quantisation of a tensor.

    Args:
        name: the name of the function or layer in messages.
        role: the name of the tensor in messages.
        x: the tensor.
        example: a call that quantises it, for messages.

    Raises:
        ArgumentError: it is not a tensor, or its scales are not constant.
        DtypeError: it is quantised to floats.
    """
    if not isinstance(x, Tensor):
        cls = f"{type(x).__module__}.{type(x).__qualname__}".removeprefix("builtins.")
        raise refuse(ArgumentError(f"{name} takes a quantized Tensor as {role}, not a {cls}."))
    quantization, described = x.value.type.quantization, x.value.type.describe()
    if quantization is None:
        problem = (
            f"{name} takes a quantized {role}, but got {described}. Quantize it by constants, no "
            f"more than {MOST_SCALES} scales: {example}."
        )
        raise refuse(ArgumentError(problem), **{role: x})
    if x.dtype not in INTEGERS:
        problem = f"{name} takes integers as {role}, but got {described}."
        raise refuse(DtypeError(problem), **{role: x})
    return quantization


def input_quantization(name: str, input: Tensor) -> Quantization:
    """Return the quantisation of an input, which must have one scale.

    Raises:
        ArgumentError: it is not quantised, or has several scales.
        DtypeError: it is quantised to floats.
    """
    example = "fr.quantize(input, scale, fr.uint8, zero_point=zero_point)"
    parameters = quantization(name, "input", input, example)
    if parameters.axis is not None or parameters.block is not None:
        problem = (
            f"{name} takes an input with one scale for all elements, but got "
            f"{input.value.type.describe()}."
        )
        raise refuse(ArgumentError(problem), input=input)
    return parameters


def weight_quantization(name: str, weight: Tensor) -> Quantization:
    """Return the quantisation of a weight.

    Raises:
        ArgumentError: it is not quantised.
        DtypeError: it is quantised to floats.
    """
    return quantization(name, "weight", weight, "fr.quantize(weight, scale, fr.int8)")


def dequantized(x: Tensor) -> Tensor:
    """Return a quantised tensor's floats, from its own scales and zero points."""
    parameters = x.value.type.quantization
    assert parameters is not None
    offset = x.q_zero_point() if any(parameters.zero_point) else None
    return dequantize(x, x.q_scale(), parameters.expressed, parameters.axis, offset)


def check_mixed(name: str, input: Tensor, weight: Tensor) -> None:
    """Refuse operands that were quantised from different data types.

    Raises:
        DtypeError: naming them.
    """
    left, right = input.value.type, weight.value.type
    assert left.quantization is not None
    assert right.quantization is not None
    if left.quantization.expressed is not right.quantization.expressed:
        problem = (
            f"{name} takes an input and a weight that were quantized from one data type, but got "
            f"{left.describe()} and {right.describe()}. Quantize both from "
            f"{left.quantization.expressed}."
        )
        raise refuse(DtypeError(problem), input=input, weight=weight)


def check_spatial(name: str, input: Tensor, rank: int) -> None:
    """Refuse an input with the wrong number of spatial dimensions.

    Raises:
        ShapeError: naming the type.
    """
    if input.rank != rank + 2:
        sizes = ", ".join(["D"] * rank)
        problem = (
            f"{name} takes an input of shape (N, C, {sizes}), but got "
            f"{input.value.type.describe()}."
        )
        raise refuse(ShapeError(problem), input=input)


def checked_bias(name: str, bias: Any, weight: Tensor, dtype: dtype) -> Tensor | None:
    """Return a bias as a tensor of one float for each output.

    Raises:
        DtypeError: the data type is not `dtype`.
        ShapeError: there is not one float for each output.
    """
    if bias is None:
        return None
    tensor = bias if isinstance(bias, Tensor) else Tensor(bias)
    described = tensor.value.type.describe()
    if tensor.dtype is not dtype:
        problem = (
            f"{name} takes a bias of {dtype}, as it is added to the dequantized floats, but got "
            f"{described}. Cast it, for example with fr.cast(bias, fr.{dtype})."
        )
        raise refuse(DtypeError(problem), bias=tensor)
    if not equal_shapes(tensor.sizes, weight.sizes[:1]):
        problem = (
            f"{name} takes a bias of shape ({weight.sizes[0]},) for a weight of shape "
            f"{weight.sizes}, but got {described}."
        )
        raise refuse(ShapeError(problem), bias=tensor)
    return tensor


def with_bias(x: Tensor, bias: Tensor | None, spatial: int = 0) -> Tensor:
    """Return the sum with a bias, whose dimension is followed by that many spatial ones."""
    if bias is None:
        return x
    return x + (reshape(bias, (-1, *(1 for _ in range(spatial)))) if spatial else bias)


# ------------------------------------------------------------------ results


def output(name: str, input: Tensor, scale: Any, zero_point: Any) -> Output:
    """Return the quantisation of a result, in the input's data type.

    Args:
        name: the name of the function or layer in messages.
        input: a quantised tensor with one scale.
        scale: a number; None: the input's.
        zero_point: a whole number; None: the input's.

    Raises:
        ArgumentError: the scale is not finite and > 0, or the zero point is out of range.
    """
    own = input_quantization(name, input)
    step = own.scale[0] if scale is None else checked_scale(name, scale, own.expressed)
    if zero_point is None:
        return Output(step, own.zero_point[0], input.dtype)
    return Output(step, checked_zero_point(name, zero_point, input.dtype), input.dtype)


def checked_integers(name: str, given: DtypeLike) -> dtype:
    """Return the data type that quantised numbers are stored as.

    Raises:
        DtypeError: it is none of `INTEGERS`.
    """
    storage = dtype_of(given)
    if storage not in INTEGERS:
        listed = ", ".join(map(str, INTEGERS))
        raise refuse(DtypeError(f"{name} takes a dtype of {listed}, not {shown(given)}."))
    return storage


def checked_scale(name: str, scale: Any, dtype: dtype) -> float:
    """Return a scale as a number.

    Raises:
        ArgumentError: it is not finite and > 0 in this data type.
    """
    try:
        number = float("nan" if isinstance(scale, str) else _number(scale))
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    with np.errstate(over="ignore"):
        fits = bool(positive(np.asarray(number).astype(dtype.numpy)))
    if not fits:
        passed = number if isinstance(scale, Tensor) else scale
        problem = (
            f"{name} got scale={shown(passed)}. A scale must be a finite {dtype} greater than 0."
        )
        raise refuse(ArgumentError(problem))
    return number


def checked_zero_point(name: str, zero_point: Any, dtype: dtype) -> int:
    """Return a zero point as a whole number.

    Raises:
        ArgumentError: it is not a whole number that the data type can hold.
    """
    low, high = storage_limits(dtype)
    try:
        number = operator.index(_number(zero_point))
    except (TypeError, DtypeError):
        number = None
    if number is None or not low <= number <= high:
        passed = number if isinstance(zero_point, Tensor) and number is not None else zero_point
        problem = (
            f"{name} got zero_point={shown(passed)}. With {dtype} it must be a whole number from "
            f"{low} to {high}."
        )
        raise refuse(ArgumentError(problem))
    return number


def _number(given: Any) -> Any:
    """Return the number in a tensor, without a warning: it becomes part of a type."""
    single = isinstance(given, Tensor) and given.value.type.size == 1
    return given.elements().item() if single else given
