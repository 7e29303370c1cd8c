"""Functions of one tensor, elementwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.diagnostics import explain
from farrier_compiler.graph import Op
from farrier_compiler.ops import elementwise as primitive
from farrier_compiler.ops.checks import check_domain
from farrier_compiler.ops.comparison import Comparison
from farrier_runtime.errors import DtypeError

__all__ = [
    "abs",
    "negative",
    "sign",
]


def binary(op: Op, left: Any, right: Any) -> Tensor:
    """Record an op on two operands, one of which may be a Python number."""
    operand = as_element if isinstance(op, _CHOOSING) else as_tensor
    if isinstance(left, Tensor):
        other = operand(right, left)
        return apply(op, left.adapted_to(other), other)
    other = as_tensor(beside(left, right))
    return apply(op, operand(left, other), other)


# These return or compare their operands, so 2.0 means the same as 2.
_CHOOSING: tuple[type[Op], ...] = (Comparison, primitive.Maximum, primitive.Minimum)


_FLOATS: tuple[type, ...] = (float, np.floating)


def as_element(number: Any, like: Tensor) -> Tensor:
    """Return a number as an element of a tensor's data type; integers take whole floats too.

    Raises:
        DtypeError: the number does not fit into the tensor's data type.
    """
    whole = isinstance(number, _FLOATS) and float(number).is_integer()
    return as_tensor(int(number) if whole and like.dtype.is_integer else number, like)


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
