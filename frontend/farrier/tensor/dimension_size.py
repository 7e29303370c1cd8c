"""DimensionSize: the size of a static or dynamic dimension, as a tensor."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, SupportsIndex, cast

import numpy as np

from farrier.tensor.functions import functions
from farrier.tensor.tensor import Tensor, apply
from farrier_compiler.diagnostics import explain, here
from farrier_compiler.graph import Value, constant
from farrier_compiler.ops.creation import SizeOf
from farrier_compiler.ops.elementwise import Cast
from farrier_compiler.ops.evaluate import UnknownValueError, unknown_size
from farrier_compiler.sizes import SymbolicSize, is_never, lower_bound, maximum, symbol, upper_bound
from farrier_compiler.types.numbers import largest, limits
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import bool as bool_, int32
from farrier_runtime.errors import ArgumentError, DtypeError
from farrier_runtime.wording import shown


def user_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape for users, with a DimensionSize for each symbolic size."""
    return tuple(
        cast(int, DimensionSize.of_size(size)) if isinstance(size, SymbolicSize) else size
        for size in shape
    )


def raw_size(value: Any) -> int | None:
    """Return a value as a number or symbolic size, or None if it is neither."""
    if isinstance(value, DimensionSize):
        return value.expression
    if isinstance(value, np.integer):
        return int(cast(Any, value))
    return value if isinstance(value, SymbolicSize) or type(value) is int else None


def size_of_sizes(
    operation: Callable[[int, int], int | None], left: Any, right: Any
) -> Tensor | None:
    """Return the result of an operation on two sizes, or on a size and a number.

    Returns:
        None if an operand is neither, both are plain numbers, or the operation returns None.
    """
    if not (isinstance(left, DimensionSize) or isinstance(right, DimensionSize)):
        return None
    first, second = raw_size(left), raw_size(right)
    result = None if first is None or second is None else operation(first, second)
    return None if result is None else DimensionSize.of_size(result)


def _arithmetic(name: str, operation: Callable[[int, int], int], reflected: bool = False) -> Any:
    """Return an operator that computes sizes from sizes, and tensors from other operands."""
    inherited = getattr(Tensor, name)

    def method(self: DimensionSize, other: Any) -> Tensor:
        size = raw_size(other)
        if size is None:
            return inherited(self, other)
        pair = (size, self.expression) if reflected else (self.expression, size)
        return DimensionSize.of_size(operation(*pair))

    return method


def _floor_divide(left: int, right: int) -> int:
    return left // right


def _comparison(name: str, sign: str, holds: Callable[[int, int], bool | None]) -> Any:
    """Return an operator that compares sizes by their bounds, or else when the program runs."""
    inherited = getattr(Tensor, name)

    def method(self: DimensionSize, other: Any) -> Tensor:
        size = raw_size(other)
        decided = None if size is None else holds(self.expression, size)
        if decided is not None:
            return Tensor(decided)
        result: Tensor = inherited(self, other)
        if size is not None:
            result.name = f"{self.expression} {sign} {size}"
        return result

    return method


def _equal(left: int, right: int) -> bool | None:
    if left == right:
        return True
    return False if is_never(left - right, 0) else None


def _less(left: int, right: int) -> bool | None:
    if upper_bound(left - right) < 0:
        return True
    return False if lower_bound(left - right) >= 0 else None


def _not(decided: bool | None) -> bool | None:
    return None if decided is None else not decided


class DimensionSize(Tensor):
    """The size of a dimension: an int32 scalar that shapes and their arithmetic accept.

    In a tensor's `shape`, each dynamic dimension is a DimensionSize and each static one an int.
    Arithmetic with ints and other sizes gives sizes, arithmetic with tensors gives tensors.

    Args:
        data: the size.
        name: a name that graph dumps and error messages show.

    Raises:
        ArgumentError: the size is not an integer, or too large for int32.

    Example:
        >>> size = fr.DimensionSize(3)
        >>> fr.ones((size, 2)).shape, size * 2 + 1
        ((3, 2), 7)
    """

    __slots__ = ("expression",)
    expression: int

    def __init__(self, data: SupportsIndex, name: str | None = None) -> None:
        try:
            size = operator.index(data)
        except TypeError:
            problem = f"DimensionSize takes an integer, but got {shown(data)}."
            raise explain(ArgumentError(problem)) from None
        low, high = limits(int32)
        if not low <= size <= high:
            raise explain(ArgumentError(f"DimensionSize holds an int32, but got {size}."))
        self.expression = size
        self.value = constant(np.asarray(size, np.int32), int32, name, here())

    @classmethod
    def of_size(cls, size: int) -> DimensionSize:
        """Return a number or a symbolic size as a DimensionSize."""
        if not isinstance(size, SymbolicSize):
            return DimensionSize(size)
        tensor = object.__new__(DimensionSize)
        tensor.expression = size
        tensor.value = apply(SizeOf(size)).value
        return tensor

    @classmethod
    def of_input(cls, value: Value, dimension: Dimension) -> DimensionSize:
        """Return a function's input as the size of a dimension."""
        tensor = object.__new__(DimensionSize)
        tensor.expression = symbol(dimension)
        tensor.value = value
        return tensor

    def __int__(self) -> int:
        if not isinstance(self.expression, SymbolicSize):
            return self.expression
        raise explain(UnknownValueError(unknown_size(self.expression)))

    __index__ = __int__

    def __float__(self) -> float:
        return float(int(self))

    def eval(self) -> DimensionSize:
        """Return this size.

        Raises:
            UnknownValueError: the dimension is dynamic.
        """
        int(self)
        return self

    def adapted_to(self, like: Tensor) -> Tensor:
        """Return this size in the data type of a tensor that it is an operand beside.

        Raises:
            DtypeError: the data type cannot hold it.
        """
        dtype = like.dtype
        if dtype is int32:
            return self
        if dtype is not bool_ and upper_bound(self.expression) > largest(dtype):
            problem = (
                f"The size '{self.expression}' may be {upper_bound(self.expression)}, which "
                f"{dtype} cannot hold. Cast the other operand, for example with "
                "fr.cast(x, fr.int32)."
            )
            raise explain(DtypeError(problem), [("other", like.value)])
        return apply(Cast(dtype), self)

    def __repr__(self) -> str:
        return str(self.expression)

    __str__ = __repr__

    __add__ = _arithmetic("__add__", operator.add)
    __radd__ = _arithmetic("__radd__", operator.add, reflected=True)
    __sub__ = _arithmetic("__sub__", operator.sub)
    __rsub__ = _arithmetic("__rsub__", operator.sub, reflected=True)
    __mul__ = _arithmetic("__mul__", operator.mul)
    __rmul__ = _arithmetic("__rmul__", operator.mul, reflected=True)
    __floordiv__ = _arithmetic("__floordiv__", _floor_divide)
    __rfloordiv__ = _arithmetic("__rfloordiv__", _floor_divide, reflected=True)
    __truediv__ = _arithmetic("__truediv__", _floor_divide)
    __rtruediv__ = _arithmetic("__rtruediv__", _floor_divide, reflected=True)
    __mod__ = _arithmetic("__mod__", operator.mod)
    __rmod__ = _arithmetic("__rmod__", operator.mod, reflected=True)

    def __neg__(self) -> DimensionSize:
        return DimensionSize.of_size(-self.expression)

    def __abs__(self) -> DimensionSize:
        return DimensionSize.of_size(maximum(self.expression, -self.expression))

    __eq__ = _comparison("__eq__", "==", _equal)
    __ne__ = _comparison("__ne__", "!=", lambda a, b: _not(_equal(a, b)))
    __lt__ = _comparison("__lt__", "<", _less)
    __ge__ = _comparison("__ge__", ">=", lambda a, b: _not(_less(a, b)))
    __gt__ = _comparison("__gt__", ">", lambda a, b: _less(b, a))
    __le__ = _comparison("__le__", "<=", lambda a, b: _not(_less(b, a)))
    __hash__ = Tensor.__hash__


functions.update({"user_shape": user_shape, "tensor_of_size": DimensionSize.of_size})
