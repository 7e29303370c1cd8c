"""Functions of one tensor, elementwise."""

from __future__ import annotations

from typing import Any

from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.diagnostics import explain
from farrier_compiler.graph import Op
from farrier_compiler.ops import elementwise as primitive, float_function
from farrier_compiler.ops.checks import check_domain
from farrier_runtime.errors import DtypeError

__all__ = [
    "abs",
    "ceil",
    "cos",
    "erf",
    "exp",
    "expm1",
    "floor",
    "log",
    "log1p",
    "negative",
    "reciprocal",
    "round",
    "rsqrt",
    "sign",
    "sin",
    "sqrt",
    "square",
    "tan",
    "tanh",
]


def binary(op: Op, left: Any, right: Any) -> Tensor:
    """Record an op on two operands, one of which may be a Python number."""
    if isinstance(left, Tensor):
        other = as_tensor(right, like=left)
        return apply(op, left.adapted_to(other), other)
    other = as_tensor(beside(left, right))
    return apply(op, as_tensor(left, like=other), other)


def beside(left: Any, right: Any) -> Any:
    """Return the right one of two operands: of two Python numbers, both are floats if one is."""
    return float(right) if isinstance(left, float) and type(right) is int else right


def floating(name: str, input: Tensor) -> Tensor:
    """Return `input` as a tensor, which must hold floating-point numbers.

    Raises:
        DtypeError: naming the function and the tensor's type.
    """
    return taken(name, input, "floating")


def taken(name: str, input: Tensor, domain: str, label: str = "input") -> Tensor:
    """Return `input` as a tensor, whose data type must belong to one of `ops.base.DOMAINS`.

    Raises:
        DtypeError: naming the function and the tensor's type.
    """
    tensor = as_tensor(input)
    try:
        check_domain(name, tensor.value.type, domain)
    except DtypeError as error:
        raise explain(error, [(label, tensor.value)]) from None
    return tensor


def abs(input: Tensor) -> Tensor:
    """Compute the absolute value elementwise.

    Args:
        input: a tensor of numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds bools.

    Example:
        >>> fr.abs(fr.Tensor([-2, 3]))
        tensor([2, 3], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Abs(), input)


def negative(input: Tensor) -> Tensor:
    """Negate elementwise: `-input`.

    Args:
        input: a tensor of numbers; unsigned ones wrap around.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds bools.

    Example:
        >>> fr.negative(fr.Tensor([-2, 3]))
        tensor([2, -3], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Negative(), input)


def sign(input: Tensor) -> Tensor:
    """Compute the sign elementwise: -1, 0 or 1; NaN stays NaN.

    Args:
        input: a tensor of numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds bools.

    Example:
        >>> fr.sign(fr.Tensor([-2.5, 0.0, 3.0]))
        tensor([-1, 0, 1], dtype=float32, loc=cpu:0, shape=(3,))
    """
    return apply(primitive.Sign(), input)


def exp(input: Tensor) -> Tensor:
    """Compute the exponential elementwise.

    `output = e^input`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.exp(fr.Tensor([0.0, 1.0]))
        tensor([1, 2.71828], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(float_function.Exp(), input)


def expm1(input: Tensor) -> Tensor:
    """Compute the exponential less 1 elementwise, precisely near 0.

    `output = e^input - 1`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.expm1(fr.Tensor([0.0, 1e-9]))
        tensor([0, 1e-09], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(float_function.Expm1(), input)


def log(input: Tensor) -> Tensor:
    """Compute the natural logarithm elementwise.

    `output = ln(input)`

    Args:
        input: a tensor of floating-point numbers; negative ones give NaN, 0 gives -inf.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.log(fr.Tensor([1.0, 10.0]))
        tensor([0, 2.30259], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(float_function.Log(), input)


def log1p(input: Tensor) -> Tensor:
    """Compute the natural logarithm of 1 + input elementwise, precisely near 0.

    `output = ln(1 + input)`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.log1p(fr.Tensor([0.0, 1e-9]))
        tensor([0, 1e-09], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(float_function.Log1p(), input)


def sqrt(input: Tensor) -> Tensor:
    """Compute the square root elementwise.

    Args:
        input: a tensor of floating-point numbers; negative ones give NaN.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.sqrt(fr.Tensor([4.0, 2.0]))
        tensor([2, 1.41421], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(float_function.Sqrt(), input)


def rsqrt(input: Tensor) -> Tensor:
    """Compute the reciprocal of the square root elementwise.

    `output = 1 / sqrt(input)`

    Args:
        input: a tensor of floating-point numbers; negative ones give NaN.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.rsqrt(fr.Tensor([4.0, 0.25]))
        tensor([0.5, 2], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(float_function.Rsqrt(), input)


def sin(input: Tensor) -> Tensor:
    """Compute the sine elementwise.

    Compiled results lose digits for giant angles: beyond 2e5 in float32, 8e8 in float64.

    Args:
        input: a tensor of angles in radians, floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.sin(fr.Tensor([0.0, 1.0]))
        tensor([0, 0.841471], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(float_function.Sin(), input)


def cos(input: Tensor) -> Tensor:
    """Compute the cosine elementwise.

    Compiled results lose digits for giant angles: beyond 2e5 in float32, 8e8 in float64.

    Args:
        input: a tensor of angles in radians, floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.cos(fr.Tensor([0.0, 1.0]))
        tensor([1, 0.540302], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(float_function.Cos(), input)


def tan(input: Tensor) -> Tensor:
    """Compute the tangent elementwise.

    Compiled results lose digits for giant angles: beyond 2e5 in float32, 8e8 in float64.

    Args:
        input: a tensor of angles in radians, floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.tan(fr.Tensor([0.0, 1.0]))
        tensor([0, 1.55741], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(float_function.Tan(), input)


def tanh(input: Tensor) -> Tensor:
    """Compute the hyperbolic tangent elementwise.

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.tanh(fr.Tensor([0.0, 1.0]))
        tensor([0, 0.761594], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(float_function.Tanh(), input)


def erf(input: Tensor) -> Tensor:
    """Compute the Gauss error function elementwise.

    `output = 2 / sqrt(pi) * integral of e^(-t^2) for t from 0 to input`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.erf(fr.Tensor([0.0, 1.0]))
        tensor([0, 0.842701], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(float_function.Erf(), input)


def floor(input: Tensor) -> Tensor:
    """Round down to whole numbers elementwise.

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.floor(fr.Tensor([-1.5, 1.5]))
        tensor([-2, 1], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(float_function.Floor(), input)


def ceil(input: Tensor) -> Tensor:
    """Round up to whole numbers elementwise.

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.ceil(fr.Tensor([-1.5, 1.5]))
        tensor([-1, 2], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return apply(float_function.Ceil(), input)


def round(input: Tensor) -> Tensor:
    """Round to the nearest whole numbers elementwise, halves to the even one.

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.round(fr.Tensor([0.5, 1.5, 2.6]))
        tensor([0, 2, 3], dtype=float32, loc=cpu:0, shape=(3,))
    """
    return apply(float_function.Round(), input)


def reciprocal(input: Tensor) -> Tensor:
    """Compute the reciprocal elementwise.

    `output = 1 / input`

    Args:
        input: a tensor of floating-point numbers.

    Returns:
        A tensor of the same shape and data type.

    Raises:
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.reciprocal(fr.Tensor([2.0, 4.0]))
        tensor([0.5, 0.25], dtype=float32, loc=cpu:0, shape=(2,))
    """
    return binary(primitive.Divide(), 1, floating("reciprocal", input))


def square(input: Tensor) -> Tensor:
    """Compute the square elementwise.

    `output = input * input`

    Args:
        input: a tensor of any data type; integers wrap around, bools stay.

    Returns:
        A tensor of the same shape and data type.

    Example:
        >>> fr.square(fr.Tensor([-2, 3]))
        tensor([4, 9], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return apply(primitive.Multiply(), input, input)
