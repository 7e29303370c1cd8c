"""Activation functions."""

from __future__ import annotations

import math
from typing import Literal

from farrier.ops.arguments import dims_over, is_one_of
from farrier.ops.arithmetic import add, clamp, divide, maximum, minimum, multiply, subtract
from farrier.ops.averages import widen
from farrier.ops.comparison import greater
from farrier.ops.conversion import cast
from farrier.ops.elementwise import floating, negative, taken
from farrier.ops.error_function import erf
from farrier.ops.exponential import exp, expm1, log, log1p
from farrier.ops.hyperbolic import tanh
from farrier.ops.logic import where
from farrier.ops.reduction import max, sum
from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.diagnostics import explain
from farrier_compiler.ops import elementwise as primitive
from farrier_compiler.ops.exponential import Sigmoid
from farrier_compiler.ops.shape import Pad
from farrier_compiler.sizes import lower_bound
from farrier_runtime.errors import ArgumentError
from farrier_runtime.wording import shown

__all__ = [
    "elu",
    "gelu",
    "hardswish",
    "leaky_relu",
    "log_softmax",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
]


def relu(input: Tensor) -> Tensor:
    """Replace negative elements by 0.

    `output = max(input, 0)`

    Args:
        input: a tensor of numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds bools.

    Example:
        >>> fr.relu(fr.Tensor([-1.0, 2.0]))
        tensor([0, 2], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return maximum(taken("relu", input, "number"), 0)


def sigmoid(input: Tensor) -> Tensor:
    """Apply the logistic function elementwise, which maps to (0, 1).

    `output = 1 / (1 + e^-input)`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.sigmoid(fr.Tensor([0.0, 2.0]))
        tensor([0.5, 0.880797], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(Sigmoid(), input)


def silu(input: Tensor) -> Tensor:
    """Multiply elements by their sigmoid; also called swish.

    `output = input * sigmoid(input)`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.silu(fr.Tensor([0.0, 2.0]))
        tensor([0, 1.76159], dtype=float32, loc=cpu:0, shape=(2,))
    """
    input = as_tensor(input)
    return multiply(input, sigmoid(input))


def gelu(input: Tensor, approximate: Literal["none", "tanh"] = "none") -> Tensor:
    """Multiply elements by the normal distribution's cumulative function.

    `output = input / 2 * (1 + erf(input / sqrt(2)))`, or, with approximate="tanh",
    `output = input / 2 * (1 + tanh(sqrt(2 / pi) * (input + 0.044715 * input^3)))`

    Args:
        input: a tensor of floating-point numbers; 16-bit ones are computed in float32.
        approximate: "none" or "tanh".

    Returns:
        A tensor of the same shape and data type.

    Raises:
        ArgumentError: `approximate` is something else.
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.gelu(fr.Tensor([-1.0, 0.0, 1.0]))
        tensor([-0.158655, 0, 0.841345], dtype=float32, loc=cpu:0, shape=(3,))
    """
    input = floating("gelu", input)
    x = widen(input)
    if not is_one_of(approximate, ("none", "tanh")):
        problem = f"gelu's approximate is 'none' or 'tanh', but got {shown(approximate)}."
        raise explain(ArgumentError(problem))
    if approximate == "none":
        bell = erf(multiply(x, math.sqrt(0.5)))
    else:
        cubic = multiply(multiply(x, x), multiply(x, 0.044715))
        bell = tanh(multiply(add(x, cubic), math.sqrt(2 / math.pi)))
    return cast(multiply(multiply(x, 0.5), add(bell, 1)), input.dtype)


def softplus(input: Tensor) -> Tensor:
    """Compute a smooth relu.

    `output = ln(1 + e^input)`

    Args:
        input: a tensor of floating-point numbers; 16-bit ones are computed in float32.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.softplus(fr.Tensor([0.0, 100.0]))
        tensor([0.693147, 100], dtype=float32, loc=cpu:0, shape=(2,))
    """
    input = floating("softplus", input)
    x = widen(input)
    tail = log1p(exp(negative(apply(primitive.Abs(), x))))
    return cast(add(maximum(x, 0), tail), input.dtype)


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Scale negative elements down.

    `output = input where input > 0, negative_slope * input elsewhere`

    Args:
        input: a tensor of floating-point numbers.
        negative_slope: the factor of negative elements.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.leaky_relu(fr.Tensor([-1.0, 2.0]))
        tensor([-0.01, 2], dtype=float32, loc=cpu:0, shape=(2,))
    """
    input = floating("leaky_relu", input)
    return where(greater(input, 0), input, multiply(input, negative_slope))


def elu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """Let negative elements decay towards -alpha.

    `output = input where input > 0, alpha * (e^input - 1) elsewhere`

    Args:
        input: a tensor of floating-point numbers.
        alpha: the negated limit for negative elements.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.elu(fr.Tensor([-1.0, 2.0]))
        tensor([-0.632121, 2], dtype=float32, loc=cpu:0, shape=(2,))
    """
    input = floating("elu", input)
    decay = multiply(expm1(minimum(input, 0)), alpha)
    return where(greater(input, 0), input, decay)


def hardswish(input: Tensor) -> Tensor:
    """Multiply elements by a piecewise linear sigmoid.

    `output = input * clamp(input + 3, 0, 6) / 6`

    Args:
        input: a tensor of floating-point numbers; 16-bit ones are computed in float32.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.hardswish(fr.Tensor([-4.0, 1.0, 4.0]))
        tensor([-0, 0.666667, 4], dtype=float32, loc=cpu:0, shape=(3,))
    """
    input = floating("hardswish", input)
    x = widen(input)
    gate = clamp(add(x, 3), 0, 6)
    return cast(divide(multiply(x, gate), 6), input.dtype)


def softmax(input: Tensor, dim: int | None = None) -> Tensor:
    """Turn numbers into probabilities that add up to 1.

    `output = e^input / sum(e^input)`

    Args:
        input: a tensor of floating-point numbers; 16-bit ones are computed in float32.
        dim: the dimension along which they add up to 1; None: over all elements.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        ShapeError: the input has no such dimension.
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.softmax(fr.Tensor([1.0, 2.0, 3.0]))
        tensor([0.0900306, 0.244728, 0.665241], dtype=float32, loc=cpu:0, shape=(3,))
    """
    input = floating("softmax", input)
    dims = dims_over("softmax", input, dim)
    x = widen(input)
    weights = exp(subtract(x, _largest(x, dims)))
    return cast(divide(weights, sum(weights, dims, keepdim=True)), input.dtype)


def log_softmax(input: Tensor, dim: int | None = None) -> Tensor:
    """Compute the logarithm of `softmax`, precisely.

    `output = input - ln(sum(e^input))`

    Args:
        input: a tensor of floating-point numbers; 16-bit ones are computed in float32.
        dim: the dimension along which the probabilities add up to 1; None: over all elements.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        ShapeError: the input has no such dimension.
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.log_softmax(fr.Tensor([1.0, 2.0, 3.0]))
        tensor([-2.40761, -1.40761, -0.407606], dtype=float32, loc=cpu:0, shape=(3,))
    """
    input = floating("log_softmax", input)
    dims = dims_over("log_softmax", input, dim)
    x = widen(input)
    below = subtract(x, _largest(x, dims))
    return cast(subtract(below, log(sum(exp(below), dims, keepdim=True))), input.dtype)


def _largest(x: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Return the maxima over dims, which stay with size 1; -infinity of no elements."""
    added = tuple([int(dim in dims and lower_bound(x.sizes[dim]) < 1) for dim in range(x.rank)])
    if any(added):
        none = (0,) * x.rank
        x = apply(Pad(added, none, none), x, as_tensor(-math.inf, like=x))
    return max(x, dims, keepdim=True)
