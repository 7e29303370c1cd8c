"""Reductions over dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from farrier.ops.arguments import dim_along, dims_over, flag, whole_number
from farrier.ops.averages import average, widen
from farrier.ops.conversion import cast
from farrier.ops.elementwise import binary, floating
from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.ops import reduction as primitive
from farrier_compiler.ops.elementwise import Divide, Multiply, Subtract
from farrier_compiler.ops.shape import Reshape
from farrier_compiler.sizes import maximum

__all__ = ["all", "any", "argmax", "argmin", "max", "mean", "min", "prod", "sum", "var"]

Dims = int | Sequence[int] | None


def sum(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Add up elements over dimensions.

    Integers keep their data type and wrap around; 16-bit floats are added in float32.

    Args:
        input: a tensor of numbers.
        dim: the dimension or dimensions to reduce; None: all.
        keepdim: whether these are kept, with size 1.

    Returns:
        The sums; 0 where there is nothing to add.

    Raises:
        ShapeError: the input has no such dimension.
        DtypeError: the input holds bools.

    Example:
        >>> fr.sum(fr.Tensor([[1, 2], [3, 4]]), dim=0)
        tensor([4, 6], dtype=int32, loc=cpu:0, shape=(2,))
    """
    input = as_tensor(input)
    return apply(primitive.Sum(dims_over("sum", input, dim), flag("sum's keepdim", keepdim)), input)


def prod(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Multiply elements over dimensions.

    Integers keep their data type and wrap around; 16-bit floats are multiplied in float32.

    Args:
        input: a tensor of numbers.
        dim: the dimension or dimensions to reduce; None: all.
        keepdim: whether these are kept, with size 1.

    Returns:
        The products; 1 where there is nothing to multiply.

    Raises:
        ShapeError: the input has no such dimension.
        DtypeError: the input holds bools.

    Example:
        >>> fr.prod(fr.Tensor([[1, 2], [3, 4]]), dim=0)
        tensor([3, 8], dtype=int32, loc=cpu:0, shape=(2,))
    """
    input = as_tensor(input)
    return apply(
        primitive.Prod(dims_over("prod", input, dim), flag("prod's keepdim", keepdim)), input
    )


def max(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Find the largest element over dimensions; NaN if any is NaN.

    Args:
        input: a tensor of any data type.
        dim: the dimension or dimensions to reduce; None: all.
        keepdim: whether these are kept, with size 1.

    Returns:
        The largest elements.

    Raises:
        ShapeError: the input has no such dimension, or it has size 0.

    Example:
        >>> fr.max(fr.Tensor([[1, 2], [3, 4]]), dim=0)
        tensor([3, 4], dtype=int32, loc=cpu:0, shape=(2,))
    """
    input = as_tensor(input)
    return apply(primitive.Max(dims_over("max", input, dim), flag("max's keepdim", keepdim)), input)


def min(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Find the smallest element over dimensions; NaN if any is NaN.

    Args:
        input: a tensor of any data type.
        dim: the dimension or dimensions to reduce; None: all.
        keepdim: whether these are kept, with size 1.

    Returns:
        The smallest elements.

    Raises:
        ShapeError: the input has no such dimension, or it has size 0.

    Example:
        >>> fr.min(fr.Tensor([[1, 2], [3, 4]]), dim=0)
        tensor([1, 2], dtype=int32, loc=cpu:0, shape=(2,))
    """
    input = as_tensor(input)
    return apply(primitive.Min(dims_over("min", input, dim), flag("min's keepdim", keepdim)), input)


def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Test whether all elements over dimensions are true.

    Args:
        input: a tensor of bools.
        dim: the dimension or dimensions to reduce; None: all.
        keepdim: whether these are kept, with size 1.

    Returns:
        A tensor of bools; True where there is no element.

    Raises:
        ShapeError: the input has no such dimension.
        DtypeError: the input holds no bools.

    Example:
        >>> fr.all(fr.Tensor([True, False]))
        tensor(False, dtype=bool, loc=cpu:0, shape=())
    """
    input = as_tensor(input)
    return apply(primitive.All(dims_over("all", input, dim), flag("all's keepdim", keepdim)), input)


def any(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Test whether any element over dimensions is true.

    Args:
        input: a tensor of bools.
        dim: the dimension or dimensions to reduce; None: all.
        keepdim: whether these are kept, with size 1.

    Returns:
        A tensor of bools; False where there is no element.

    Raises:
        ShapeError: the input has no such dimension.
        DtypeError: the input holds no bools.

    Example:
        >>> fr.any(fr.Tensor([True, False]))
        tensor(True, dtype=bool, loc=cpu:0, shape=())
    """
    input = as_tensor(input)
    return apply(primitive.Any(dims_over("any", input, dim), flag("any's keepdim", keepdim)), input)


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Find the index of the largest element, the first of equal ones; NaN is the largest.

    Args:
        input: a tensor of numbers.
        dim: the dimension to search; None: all elements, in row-major order.
        keepdim: whether the searched dimensions are kept, with size 1.

    Returns:
        A tensor of int32 indices; 0 for a scalar.

    Raises:
        ShapeError: the input has no such dimension, or it has size 0.
        DtypeError: the input holds bools.

    Example:
        >>> fr.argmax(fr.Tensor([[1, 9], [7, 3]]), dim=1)
        tensor([1, 0], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return _arg_reduce(primitive.Argmax, input, dim, keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Find the index of the smallest element, the first of equal ones; NaN is the smallest.

    Args:
        input: a tensor of numbers.
        dim: the dimension to search; None: all elements, in row-major order.
        keepdim: whether the searched dimensions are kept, with size 1.

    Returns:
        A tensor of int32 indices; 0 for a scalar.

    Raises:
        ShapeError: the input has no such dimension, or it has size 0.
        DtypeError: the input holds bools.

    Example:
        >>> fr.argmin(fr.Tensor([[1, 9], [7, 3]]), dim=1)
        tensor([0, 1], dtype=int32, loc=cpu:0, shape=(2,))
    """
    return _arg_reduce(primitive.Argmin, input, dim, keepdim)


def mean(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Average elements over dimensions.

    `output = sum(input) / N`

    Integers keep their data type: the quotient is truncated, the sum exact. 16-bit floats are
    averaged in float32.

    Args:
        input: a tensor of numbers.
        dim: the dimension or dimensions to reduce; None: all.
        keepdim: whether these are kept, with size 1.

    Returns:
        The means; NaN where there is nothing to average.

    Raises:
        ShapeError: the input has no such dimension.
        DtypeError: the input holds bools.

    Example:
        >>> fr.mean(fr.Tensor([[1.0, 2.0], [3.0, 6.0]]), dim=0)
        tensor([2, 4], dtype=float32, loc=cpu:0, shape=(2,))
    """
    input = as_tensor(input)
    dims, keepdim = dims_over("mean", input, dim), flag("mean's keepdim", keepdim)
    count = math.prod([input.sizes[i] for i in dims])
    op = primitive.Sum(dims, keepdim)
    return average(input, lambda part: apply(op, part), lambda _: count, count)


def averaged(wide: Tensor, dims: tuple[int, ...], keepdim: bool) -> Tensor:
    """Return means over non-negative dims, in the data type of the input."""
    total = apply(primitive.Sum(dims, keepdim), wide)
    count = math.prod([wide.sizes[i] for i in dims])
    return binary(Divide(), total, count)


def var(input: Tensor, dim: Dims = None, keepdim: bool = False, correction: int = 1) -> Tensor:
    """Compute the variance over dimensions.

    `output = sum((input - mean(input))^2) / max(0, N - correction)`

    Args:
        input: a tensor of floating-point numbers; 16-bit ones are computed in float32.
        dim: the dimension or dimensions to reduce; None: all.
        keepdim: whether these are kept, with size 1.
        correction: what to subtract from N: 1 for a sample, 0 for a whole population.

    Returns:
        The variances; NaN or infinity where the divisor is 0.

    Raises:
        ShapeError: the input has no such dimension.
        DtypeError: the input holds no floating-point numbers.

    Example:
        >>> fr.var(fr.Tensor([[1.0, 2.0], [3.0, 6.0]]), dim=0)
        tensor([2, 8], dtype=float32, loc=cpu:0, shape=(2,))
    """
    input = floating("var", input)
    dims, keepdim = dims_over("var", input, dim), flag("var's keepdim", keepdim)
    correction = whole_number("var's correction", correction)
    wide = widen(input)
    deviation = apply(Subtract(), wide, averaged(wide, dims, keepdim=True))
    total = apply(primitive.Sum(dims, keepdim), apply(Multiply(), deviation, deviation))
    count = math.prod(input.sizes[i] for i in dims)
    return cast(binary(Divide(), total, maximum(0, count - correction)), input.dtype)


def _arg_reduce(
    op: type[primitive.ArgReduction], input: Tensor, dim: int | None, keepdim: bool
) -> Tensor:
    input, keepdim = as_tensor(input), flag(f"{op.name}'s keepdim", keepdim)
    place = None if dim is None else dim_along(op.name, input, dim)
    if place is not None and input.rank:
        return apply(op(place, keepdim), input)
    index = apply(op(0), apply(Reshape((input.value.type.size,)), input))
    return apply(Reshape((1,) * input.rank), index) if keepdim else index
