"""Python operators of tensors, such as `x + y` for `farrier.add(x, y)`."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar, cast

from farrier.tensor.functions import functions

T = TypeVar("T")


class Operators(Generic[T]):
    """Base class of Tensor with Python's operators."""

    __slots__ = ()

    def __add__(self, other: Any) -> T:
        return functions["add"](self, other)

    def __radd__(self, other: Any) -> T:
        return functions["add"](other, self)

    def __sub__(self, other: Any) -> T:
        return functions["subtract"](self, other)

    def __rsub__(self, other: Any) -> T:
        return functions["subtract"](other, self)

    def __mul__(self, other: Any) -> T:
        return functions["multiply"](self, other)

    def __rmul__(self, other: Any) -> T:
        return functions["multiply"](other, self)

    def __truediv__(self, other: Any) -> T:
        return functions["divide"](self, other)

    def __rtruediv__(self, other: Any) -> T:
        return functions["divide"](other, self)

    def __floordiv__(self, other: Any) -> T:
        return functions["floor_divide"](self, other)

    def __rfloordiv__(self, other: Any) -> T:
        return functions["floor_divide"](other, self)

    def __mod__(self, other: Any) -> T:
        return functions["remainder"](self, other)

    def __rmod__(self, other: Any) -> T:
        return functions["remainder"](other, self)

    def __pow__(self, other: Any) -> T:
        return functions["power"](self, other)

    def __rpow__(self, other: Any) -> T:
        return functions["power"](other, self)

    def __matmul__(self, other: Any) -> T:
        return functions["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> T:
        return functions["matmul"](other, self)

    def __pos__(self) -> Self:
        return self

    def __round__(self, ndigits: None = None) -> T:
        return functions["round"](self)

    def __neg__(self) -> T:
        return functions["negative"](self)

    def __abs__(self) -> T:
        return functions["abs"](self)

    def __and__(self, other: Any) -> T:
        return functions["bitwise_and"](self, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> T:
        return functions["bitwise_or"](self, other)

    __ror__ = __or__

    def __xor__(self, other: Any) -> T:
        return functions["bitwise_xor"](self, other)

    __rxor__ = __xor__

    def __lshift__(self, other: Any) -> T:
        return functions["shift_left"](self, other)

    def __rlshift__(self, other: Any) -> T:
        return functions["shift_left"](other, self)

    def __rshift__(self, other: Any) -> T:
        return functions["shift_right"](self, other)

    def __rrshift__(self, other: Any) -> T:
        return functions["shift_right"](other, self)

    def __invert__(self) -> T:
        return functions["bitwise_not"](self)

    def __eq__(self, other: Any) -> T:  # pyright: ignore[reportIncompatibleMethodOverride]
        return cast("T", NotImplemented) if other is None else functions["eq"](self, other)

    def __ne__(self, other: Any) -> T:  # pyright: ignore[reportIncompatibleMethodOverride]
        return cast("T", NotImplemented) if other is None else functions["not_equal"](self, other)

    def __lt__(self, other: Any) -> T:
        return functions["less"](self, other)

    def __le__(self, other: Any) -> T:
        return functions["less_equal"](self, other)

    def __gt__(self, other: Any) -> T:
        return functions["greater"](self, other)

    def __ge__(self, other: Any) -> T:
        return functions["greater_equal"](self, other)

    __hash__ = object.__hash__

    def __getitem__(self, index: Any) -> T:
        return functions["slice"](self, index)
