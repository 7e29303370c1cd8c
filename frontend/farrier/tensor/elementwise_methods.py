"""Elementwise functions as methods of a tensor: `x.relu()` is `farrier.relu(x)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from farrier.tensor.functions import functions

if TYPE_CHECKING:
    from farrier.tensor.interop import Number

T = TypeVar("T")


class ElementwiseMethods(Generic[T]):
    """The part of Tensor that calls elementwise functions of the same name."""

    __slots__ = ()

    def abs(self) -> T:
        """Compute the absolute value elementwise: `farrier.abs`."""
        return functions["abs"](self)

    def acos(self) -> T:
        """Compute the inverse cosine elementwise: `farrier.acos`."""
        return functions["acos"](self)

    def acosh(self) -> T:
        """Compute the inverse hyperbolic cosine elementwise: `farrier.acosh`."""
        return functions["acosh"](self)

    def asin(self) -> T:
        """Compute the inverse sine elementwise: `farrier.asin`."""
        return functions["asin"](self)

    def asinh(self) -> T:
        """Compute the inverse hyperbolic sine elementwise: `farrier.asinh`."""
        return functions["asinh"](self)

    def atan(self) -> T:
        """Compute the inverse tangent elementwise: `farrier.atan`."""
        return functions["atan"](self)

    def atan2(self, other: T | Number) -> T:
        """Compute the angle of the point (x = other, y = input) elementwise: `farrier.atan2`."""
        return functions["atan2"](self, other)

    def atanh(self) -> T:
        """Compute the inverse hyperbolic tangent elementwise: `farrier.atanh`."""
        return functions["atanh"](self)

    def bitwise_and(self, other: T | Number) -> T:
        """Combine bits elementwise by and: `input & other`: `farrier.bitwise_and`."""
        return functions["bitwise_and"](self, other)

    def bitwise_not(self) -> T:
        """Negate each bit, or each bool, elementwise: `~input`: `farrier.bitwise_not`."""
        return functions["bitwise_not"](self)

    def bitwise_or(self, other: T | Number) -> T:
        """Combine bits elementwise by or: `input | other`: `farrier.bitwise_or`."""
        return functions["bitwise_or"](self, other)

    def bitwise_xor(self, other: T | Number) -> T:
        """Combine bits elementwise by exclusive or: `input ^ other`: `farrier.bitwise_xor`."""
        return functions["bitwise_xor"](self, other)

    def ceil(self) -> T:
        """Round up to whole numbers elementwise: `farrier.ceil`."""
        return functions["ceil"](self)

    def clamp(self, min: T | Number | None = None, max: T | Number | None = None) -> T:
        """Limit elements to a range: `farrier.clamp`."""
        return functions["clamp"](self, min, max)

    def cos(self) -> T:
        """Compute the cosine elementwise: `farrier.cos`."""
        return functions["cos"](self)

    def cosh(self) -> T:
        """Compute the hyperbolic cosine elementwise: `farrier.cosh`."""
        return functions["cosh"](self)

    def elu(self, alpha: float = 1.0) -> T:
        """Let negative elements decay towards -alpha: `farrier.elu`."""
        return functions["elu"](self, alpha)

    def eq(self, other: T | Number) -> T:
        """Compare elementwise: `input == other`: `farrier.eq`."""
        return functions["eq"](self, other)

    def erf(self) -> T:
        """Compute the Gauss error function elementwise: `farrier.erf`."""
        return functions["erf"](self)

    def erfc(self) -> T:
        """Compute 1 less the Gauss error function elementwise: `farrier.erfc`."""
        return functions["erfc"](self)

    def exp(self) -> T:
        """Compute the exponential elementwise: `farrier.exp`."""
        return functions["exp"](self)

    def exp2(self) -> T:
        """Compute the power of 2 elementwise: `farrier.exp2`."""
        return functions["exp2"](self)

    def expm1(self) -> T:
        """Compute the exponential less 1 elementwise, precisely near 0: `farrier.expm1`."""
        return functions["expm1"](self)

    def floor(self) -> T:
        """Round down to whole numbers elementwise: `farrier.floor`."""
        return functions["floor"](self)

    def floor_divide(self, other: T | Number) -> T:
        """Divide and round down elementwise: `farrier.floor_divide`."""
        return functions["floor_divide"](self, other)

    def fmod(self, other: T | Number) -> T:
        """Compute what truncated division leaves elementwise: `farrier.fmod`."""
        return functions["fmod"](self, other)

    def gelu(self, approximate: Literal["none", "tanh"] = "none") -> T:
        """Weigh elements by the normal distribution's cumulative function: `farrier.gelu`."""
        return functions["gelu"](self, approximate)

    def greater(self, other: T | Number) -> T:
        """Compare elementwise: `input > other`: `farrier.greater`."""
        return functions["greater"](self, other)

    def greater_equal(self, other: T | Number) -> T:
        """Compare elementwise: `input >= other`: `farrier.greater_equal`."""
        return functions["greater_equal"](self, other)

    def hardswish(self) -> T:
        """Weigh elements by a piecewise linear sigmoid: `farrier.hardswish`."""
        return functions["hardswish"](self)

    def hypot(self, other: T | Number) -> T:
        """Compute the length of the hypotenuse elementwise: `farrier.hypot`."""
        return functions["hypot"](self, other)

    def isfinite(self) -> T:
        """Tell elementwise whether numbers are neither infinite nor NaN: `farrier.isfinite`."""
        return functions["isfinite"](self)

    def isinf(self) -> T:
        """Tell elementwise whether numbers are infinite, of either sign: `farrier.isinf`."""
        return functions["isinf"](self)

    def isnan(self) -> T:
        """Tell elementwise whether numbers are NaN: `farrier.isnan`."""
        return functions["isnan"](self)

    def leaky_relu(self, negative_slope: float = 0.01) -> T:
        """Scale negative elements down: `farrier.leaky_relu`."""
        return functions["leaky_relu"](self, negative_slope)

    def less(self, other: T | Number) -> T:
        """Compare elementwise: `input < other`: `farrier.less`."""
        return functions["less"](self, other)

    def less_equal(self, other: T | Number) -> T:
        """Compare elementwise: `input <= other`: `farrier.less_equal`."""
        return functions["less_equal"](self, other)

    def log(self) -> T:
        """Compute the natural logarithm elementwise: `farrier.log`."""
        return functions["log"](self)

    def log10(self) -> T:
        """Compute the logarithm to base 10 elementwise: `farrier.log10`."""
        return functions["log10"](self)

    def log1p(self) -> T:
        """Compute the natural logarithm of 1 + input elementwise: `farrier.log1p`."""
        return functions["log1p"](self)

    def log2(self) -> T:
        """Compute the logarithm to base 2 elementwise: `farrier.log2`."""
        return functions["log2"](self)

    def log_softmax(self, dim: int | None = None) -> T:
        """Compute the logarithm of `softmax`, precisely: `farrier.log_softmax`."""
        return functions["log_softmax"](self, dim)

    def logaddexp(self, other: T | Number) -> T:
        """Add numbers of which the logarithms are given, elementwise: `farrier.logaddexp`."""
        return functions["logaddexp"](self, other)

    def logical_and(self, other: T | Number) -> T:
        """Tell elementwise whether both operands are true: `farrier.logical_and`."""
        return functions["logical_and"](self, other)

    def logical_not(self) -> T:
        """Tell elementwise whether the input is false: `farrier.logical_not`."""
        return functions["logical_not"](self)

    def logical_or(self, other: T | Number) -> T:
        """Tell elementwise whether any operand is true: `farrier.logical_or`."""
        return functions["logical_or"](self, other)

    def logical_xor(self, other: T | Number) -> T:
        """Tell elementwise whether exactly one operand is true: `farrier.logical_xor`."""
        return functions["logical_xor"](self, other)

    def masked_fill(self, mask: T, value: Number) -> T:
        """Put a number where a mask is true: `farrier.masked_fill`."""
        return functions["masked_fill"](self, mask, value)

    def maximum(self, rhs: T | Number) -> T:
        """Take the larger number elementwise: `farrier.maximum`."""
        return functions["maximum"](self, rhs)

    def minimum(self, rhs: T | Number) -> T:
        """Take the smaller number elementwise: `farrier.minimum`."""
        return functions["minimum"](self, rhs)

    def negative(self) -> T:
        """Negate elementwise: `-input`: `farrier.negative`."""
        return functions["negative"](self)

    def not_equal(self, other: T | Number) -> T:
        """Compare elementwise: `input != other`: `farrier.not_equal`."""
        return functions["not_equal"](self, other)

    def power(self, other: T | Number) -> T:
        """Raise to a power elementwise: `input ** other`: `farrier.power`."""
        return functions["power"](self, other)

    def reciprocal(self) -> T:
        """Compute the reciprocal elementwise: `farrier.reciprocal`."""
        return functions["reciprocal"](self)

    def relu(self) -> T:
        """Replace negative elements by 0: `farrier.relu`."""
        return functions["relu"](self)

    def remainder(self, other: T | Number) -> T:
        """Compute what `//` leaves elementwise: `farrier.remainder`."""
        return functions["remainder"](self, other)

    def round(self) -> T:
        """Round to the nearest whole numbers elementwise: `farrier.round`."""
        return functions["round"](self)

    def rsqrt(self) -> T:
        """Compute the reciprocal of the square root elementwise: `farrier.rsqrt`."""
        return functions["rsqrt"](self)

    def shift_left(self, other: T | Number) -> T:
        """Shift bits to the left elementwise: `farrier.shift_left`."""
        return functions["shift_left"](self, other)

    def shift_right(self, other: T | Number) -> T:
        """Shift bits to the right elementwise: `farrier.shift_right`."""
        return functions["shift_right"](self, other)

    def sigmoid(self) -> T:
        """Map to (0, 1) by the logistic function, elementwise: `farrier.sigmoid`."""
        return functions["sigmoid"](self)

    def sign(self) -> T:
        """Compute the sign elementwise: -1, 0 or 1; NaN stays NaN: `farrier.sign`."""
        return functions["sign"](self)

    def silu(self) -> T:
        """Weigh elements by their sigmoid; also called swish: `farrier.silu`."""
        return functions["silu"](self)

    def sin(self) -> T:
        """Compute the sine elementwise: `farrier.sin`."""
        return functions["sin"](self)

    def sinh(self) -> T:
        """Compute the hyperbolic sine elementwise: `farrier.sinh`."""
        return functions["sinh"](self)

    def softmax(self, dim: int | None = None) -> T:
        """Turn numbers into probabilities that add up to 1: `farrier.softmax`."""
        return functions["softmax"](self, dim)

    def softplus(self) -> T:
        """Compute a smooth relu: `farrier.softplus`."""
        return functions["softplus"](self)

    def sqrt(self) -> T:
        """Compute the square root elementwise: `farrier.sqrt`."""
        return functions["sqrt"](self)

    def square(self) -> T:
        """Compute the square elementwise: `farrier.square`."""
        return functions["square"](self)

    def tan(self) -> T:
        """Compute the tangent elementwise: `farrier.tan`."""
        return functions["tan"](self)

    def tanh(self) -> T:
        """Compute the hyperbolic tangent elementwise: `farrier.tanh`."""
        return functions["tanh"](self)

    def trunc(self) -> T:
        """Round towards 0 to whole numbers elementwise: `farrier.trunc`."""
        return functions["trunc"](self)
