"""Functions that read naturally as methods of a tensor: `x.relu()` is `farrier.relu(x)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import farrier

if TYPE_CHECKING:
    from farrier.interop import Number
    from farrier.tensor import Tensor
    from farrier.types import IntLike, ShapeLike


class Methods:
    """The part of Tensor that only calls functions of the same name."""

    __slots__ = ()

    def abs(self: Any) -> Tensor:
        """Compute the absolute value elementwise: `farrier.abs`."""
        return farrier.abs(self)

    def acos(self: Any) -> Tensor:
        """Compute the inverse cosine elementwise: `farrier.acos`."""
        return farrier.acos(self)

    def acosh(self: Any) -> Tensor:
        """Compute the inverse hyperbolic cosine elementwise: `farrier.acosh`."""
        return farrier.acosh(self)

    def all(self: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Tell whether all elements over dimensions are true: `farrier.all`."""
        return farrier.all(self, dim, keepdim)

    def allclose(self: Any, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08) -> bool:
        """Tell whether all elements of two tensors are close: `farrier.allclose`."""
        return farrier.allclose(self, other, rtol, atol)

    def any(self: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Tell whether any element over dimensions is true: `farrier.any`."""
        return farrier.any(self, dim, keepdim)

    def argmax(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Find the index of the largest element: `farrier.argmax`."""
        return farrier.argmax(self, dim, keepdim)

    def argmin(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Find the index of the smallest element: `farrier.argmin`."""
        return farrier.argmin(self, dim, keepdim)

    def argsort(self: Any, dim: int = -1, descending: bool = False) -> Tensor:
        """Find the indices that sort elements along a dimension: `farrier.argsort`."""
        return farrier.argsort(self, dim, descending)

    def asin(self: Any) -> Tensor:
        """Compute the inverse sine elementwise: `farrier.asin`."""
        return farrier.asin(self)

    def asinh(self: Any) -> Tensor:
        """Compute the inverse hyperbolic sine elementwise: `farrier.asinh`."""
        return farrier.asinh(self)

    def atan(self: Any) -> Tensor:
        """Compute the inverse tangent elementwise: `farrier.atan`."""
        return farrier.atan(self)

    def atan2(self: Any, other: Tensor | Number) -> Tensor:
        """Compute the angle of the point (x = other, y = input) elementwise: `farrier.atan2`."""
        return farrier.atan2(self, other)

    def atanh(self: Any) -> Tensor:
        """Compute the inverse hyperbolic tangent elementwise: `farrier.atanh`."""
        return farrier.atanh(self)

    def cbrt(self: Any) -> Tensor:
        """Compute the cube root elementwise: `farrier.cbrt`."""
        return farrier.cbrt(self)

    def ceil(self: Any) -> Tensor:
        """Round up to whole numbers elementwise: `farrier.ceil`."""
        return farrier.ceil(self)

    def clamp(
        self: Any, min: Tensor | Number | None = None, max: Tensor | Number | None = None
    ) -> Tensor:
        """Limit elements to a range: `farrier.clamp`."""
        return farrier.clamp(self, min, max)

    def cos(self: Any) -> Tensor:
        """Compute the cosine elementwise: `farrier.cos`."""
        return farrier.cos(self)

    def cosh(self: Any) -> Tensor:
        """Compute the hyperbolic cosine elementwise: `farrier.cosh`."""
        return farrier.cosh(self)

    def cumsum(self: Any, dim: int) -> Tensor:
        """Add up elements along a dimension: `farrier.cumsum`."""
        return farrier.cumsum(self, dim)

    def elu(self: Any, alpha: float = 1.0) -> Tensor:
        """Let negative elements decay towards -alpha: `farrier.elu`."""
        return farrier.elu(self, alpha)

    def eq(self: Any, other: Tensor | Number) -> Tensor:
        """Compare elementwise: `input == other`: `farrier.eq`."""
        return farrier.eq(self, other)

    def equal(self: Any, other: Tensor) -> bool:
        """Tell whether two tensors have the same shape and equal elements: `farrier.equal`."""
        return farrier.equal(self, other)

    def erf(self: Any) -> Tensor:
        """Compute the Gauss error function elementwise: `farrier.erf`."""
        return farrier.erf(self)

    def erfc(self: Any) -> Tensor:
        """Compute 1 less the Gauss error function elementwise: `farrier.erfc`."""
        return farrier.erfc(self)

    def exp(self: Any) -> Tensor:
        """Compute the exponential elementwise: `farrier.exp`."""
        return farrier.exp(self)

    def exp2(self: Any) -> Tensor:
        """Compute the power of 2 elementwise: `farrier.exp2`."""
        return farrier.exp2(self)

    def expand(self: Any, sizes: ShapeLike) -> Tensor:
        """Repeat along dimensions of size 1, and along new ones in front: `farrier.expand`."""
        return farrier.expand(self, sizes)

    def expm1(self: Any) -> Tensor:
        """Compute the exponential less 1 elementwise, precisely near 0: `farrier.expm1`."""
        return farrier.expm1(self)

    def flip(self: Any, dim: int | Sequence[int] | None = None) -> Tensor:
        """Reverse the order of the elements along dimensions: `farrier.flip`."""
        return farrier.flip(self, dim)

    def floor(self: Any) -> Tensor:
        """Round down to whole numbers elementwise: `farrier.floor`."""
        return farrier.floor(self)

    def floor_divide(self: Any, other: Tensor | Number) -> Tensor:
        """Divide and round down elementwise: `farrier.floor_divide`."""
        return farrier.floor_divide(self, other)

    def fmod(self: Any, other: Tensor | Number) -> Tensor:
        """Compute what truncated division leaves elementwise: `farrier.fmod`."""
        return farrier.fmod(self, other)

    def gather(self: Any, dim: int, index: Tensor) -> Tensor:
        """Select parts of a tensor along a dimension, by their positions: `farrier.gather`."""
        return farrier.gather(self, dim, index)

    def gelu(self: Any, approximate: Literal["none", "tanh"] = "none") -> Tensor:
        """Weigh elements by the normal distribution's cumulative function: `farrier.gelu`."""
        return farrier.gelu(self, approximate)

    def greater(self: Any, other: Tensor | Number) -> Tensor:
        """Compare elementwise: `input > other`: `farrier.greater`."""
        return farrier.greater(self, other)

    def greater_equal(self: Any, other: Tensor | Number) -> Tensor:
        """Compare elementwise: `input >= other`: `farrier.greater_equal`."""
        return farrier.greater_equal(self, other)

    def hardswish(self: Any) -> Tensor:
        """Weigh elements by a piecewise linear sigmoid: `farrier.hardswish`."""
        return farrier.hardswish(self)

    def hypot(self: Any, other: Tensor | Number) -> Tensor:
        """Compute the length of the hypotenuse elementwise: `farrier.hypot`."""
        return farrier.hypot(self, other)

    def isfinite(self: Any) -> Tensor:
        """Tell elementwise whether numbers are neither infinite nor NaN: `farrier.isfinite`."""
        return farrier.isfinite(self)

    def isinf(self: Any) -> Tensor:
        """Tell elementwise whether numbers are infinite, of either sign: `farrier.isinf`."""
        return farrier.isinf(self)

    def isnan(self: Any) -> Tensor:
        """Tell elementwise whether numbers are NaN: `farrier.isnan`."""
        return farrier.isnan(self)

    def leaky_relu(self: Any, negative_slope: float = 0.01) -> Tensor:
        """Scale negative elements down: `farrier.leaky_relu`."""
        return farrier.leaky_relu(self, negative_slope)

    def less(self: Any, other: Tensor | Number) -> Tensor:
        """Compare elementwise: `input < other`: `farrier.less`."""
        return farrier.less(self, other)

    def less_equal(self: Any, other: Tensor | Number) -> Tensor:
        """Compare elementwise: `input <= other`: `farrier.less_equal`."""
        return farrier.less_equal(self, other)

    def log(self: Any) -> Tensor:
        """Compute the natural logarithm elementwise: `farrier.log`."""
        return farrier.log(self)

    def log10(self: Any) -> Tensor:
        """Compute the logarithm to base 10 elementwise: `farrier.log10`."""
        return farrier.log10(self)

    def log1p(self: Any) -> Tensor:
        """Compute the natural logarithm of 1 + input elementwise: `farrier.log1p`."""
        return farrier.log1p(self)

    def log2(self: Any) -> Tensor:
        """Compute the logarithm to base 2 elementwise: `farrier.log2`."""
        return farrier.log2(self)

    def log_softmax(self: Any, dim: int | None = None) -> Tensor:
        """Compute the logarithm of `softmax`, precisely: `farrier.log_softmax`."""
        return farrier.log_softmax(self, dim)

    def logaddexp(self: Any, other: Tensor | Number) -> Tensor:
        """Add numbers of which the logarithms are given, elementwise: `farrier.logaddexp`."""
        return farrier.logaddexp(self, other)

    def logical_and(self: Any, other: Tensor | Number) -> Tensor:
        """Combine elementwise by and: `farrier.logical_and`."""
        return farrier.logical_and(self, other)

    def logical_not(self: Any) -> Tensor:
        """Negate elementwise: `~input`, bit by bit for integers: `farrier.logical_not`."""
        return farrier.logical_not(self)

    def logical_or(self: Any, other: Tensor | Number) -> Tensor:
        """Combine elementwise by or: `farrier.logical_or`."""
        return farrier.logical_or(self, other)

    def logical_xor(self: Any, other: Tensor | Number) -> Tensor:
        """Combine elementwise by exclusive or: `farrier.logical_xor`."""
        return farrier.logical_xor(self, other)

    def masked_fill(self: Any, mask: Tensor, value: Number) -> Tensor:
        """Put a number where a mask is true: `farrier.masked_fill`."""
        return farrier.masked_fill(self, mask, value)

    def matmul(self: Any, right: Tensor) -> Tensor:
        """Multiply matrices: `left @ right`: `farrier.matmul`."""
        return farrier.matmul(self, right)

    def max(self: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Find the largest element over dimensions; NaN if there is one: `farrier.max`."""
        return farrier.max(self, dim, keepdim)

    def maximum(self: Any, rhs: Tensor | Number) -> Tensor:
        """Take the larger number elementwise: `farrier.maximum`."""
        return farrier.maximum(self, rhs)

    def mean(self: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Average elements over dimensions: `farrier.mean`."""
        return farrier.mean(self, dim, keepdim)

    def min(self: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Find the smallest element over dimensions; NaN if there is one: `farrier.min`."""
        return farrier.min(self, dim, keepdim)

    def minimum(self: Any, rhs: Tensor | Number) -> Tensor:
        """Take the smaller number elementwise: `farrier.minimum`."""
        return farrier.minimum(self, rhs)

    def negative(self: Any) -> Tensor:
        """Negate elementwise: `-input`: `farrier.negative`."""
        return farrier.negative(self)

    def not_equal(self: Any, other: Tensor | Number) -> Tensor:
        """Compare elementwise: `input != other`: `farrier.not_equal`."""
        return farrier.not_equal(self, other)

    def outer(self: Any, vec2: Tensor) -> Tensor:
        """Multiply each element of a vector with each of another: `farrier.outer`."""
        return farrier.outer(self, vec2)

    def pad(
        self: Any,
        pad: Sequence[ShapeLike],
        mode: Literal["constant", "reflect"] = "constant",
        value: float = 0,
    ) -> Tensor:
        """Add elements at the borders: `farrier.pad`."""
        return farrier.pad(self, pad, mode, value)

    def power(self: Any, other: Tensor | Number) -> Tensor:
        """Raise to a power elementwise: `input ** other`: `farrier.power`."""
        return farrier.power(self, other)

    def prod(self: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Multiply elements over dimensions: `farrier.prod`."""
        return farrier.prod(self, dim, keepdim)

    def reciprocal(self: Any) -> Tensor:
        """Compute the reciprocal elementwise: `farrier.reciprocal`."""
        return farrier.reciprocal(self)

    def relu(self: Any) -> Tensor:
        """Replace negative elements by 0: `farrier.relu`."""
        return farrier.relu(self)

    def remainder(self: Any, other: Tensor | Number) -> Tensor:
        """Compute what `//` leaves elementwise: `farrier.remainder`."""
        return farrier.remainder(self, other)

    def repeat(self: Any, repeats: IntLike, dim: int) -> Tensor:
        """Repeat each element along a dimension: `farrier.repeat`."""
        return farrier.repeat(self, repeats, dim)

    def resize(
        self: Any,
        output_shape: ShapeLike | None = None,
        mode: Literal["nearest", "linear", "cubic"] = "linear",
        align_corners: bool = False,
        *,
        scales: Sequence[float] | None = None,
    ) -> Tensor:
        """Resize a tensor by interpolation between its elements: `farrier.resize`."""
        return farrier.resize(self, output_shape, mode, align_corners, scales=scales)

    def round(self: Any) -> Tensor:
        """Round to the nearest whole numbers elementwise: `farrier.round`."""
        return farrier.round(self)

    def rsqrt(self: Any) -> Tensor:
        """Compute the reciprocal of the square root elementwise: `farrier.rsqrt`."""
        return farrier.rsqrt(self)

    def shift_left(self: Any, other: Tensor | Number) -> Tensor:
        """Shift bits to the left elementwise: `farrier.shift_left`."""
        return farrier.shift_left(self, other)

    def shift_right(self: Any, other: Tensor | Number) -> Tensor:
        """Shift bits to the right elementwise: `farrier.shift_right`."""
        return farrier.shift_right(self, other)

    def sigmoid(self: Any) -> Tensor:
        """Map to (0, 1) by the logistic function, elementwise: `farrier.sigmoid`."""
        return farrier.sigmoid(self)

    def sign(self: Any) -> Tensor:
        """Compute the sign elementwise: -1, 0 or 1; NaN stays NaN: `farrier.sign`."""
        return farrier.sign(self)

    def silu(self: Any) -> Tensor:
        """Weigh elements by their sigmoid; also called swish: `farrier.silu`."""
        return farrier.silu(self)

    def sin(self: Any) -> Tensor:
        """Compute the sine elementwise: `farrier.sin`."""
        return farrier.sin(self)

    def sinh(self: Any) -> Tensor:
        """Compute the hyperbolic sine elementwise: `farrier.sinh`."""
        return farrier.sinh(self)

    def softmax(self: Any, dim: int | None = None) -> Tensor:
        """Turn numbers into probabilities that add up to 1: `farrier.softmax`."""
        return farrier.softmax(self, dim)

    def softplus(self: Any) -> Tensor:
        """Compute a smooth relu: `farrier.softplus`."""
        return farrier.softplus(self)

    def sort(self: Any, dim: int = -1, descending: bool = False) -> tuple[Tensor, Tensor]:
        """Sort elements along a dimension; equal ones keep their order: `farrier.sort`."""
        return farrier.sort(self, dim, descending)

    def split(
        self: Any, num_split_or_sizes: IntLike | ShapeLike, dim: int = 0
    ) -> tuple[Tensor, ...]:
        """Take a tensor apart along a dimension: `farrier.split`."""
        return farrier.split(self, num_split_or_sizes, dim)

    def sqrt(self: Any) -> Tensor:
        """Compute the square root elementwise: `farrier.sqrt`."""
        return farrier.sqrt(self)

    def square(self: Any) -> Tensor:
        """Compute the square elementwise: `farrier.square`."""
        return farrier.square(self)

    def sum(self: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Add up elements over dimensions: `farrier.sum`."""
        return farrier.sum(self, dim, keepdim)

    def tan(self: Any) -> Tensor:
        """Compute the tangent elementwise: `farrier.tan`."""
        return farrier.tan(self)

    def tanh(self: Any) -> Tensor:
        """Compute the hyperbolic tangent elementwise: `farrier.tanh`."""
        return farrier.tanh(self)

    def topk(self: Any, k: IntLike, dim: int = -1) -> tuple[Tensor, Tensor]:
        """Find the `k` largest elements along a dimension, the largest first: `farrier.topk`."""
        return farrier.topk(self, k, dim)

    def tril(self: Any, diagonal: int = 0) -> Tensor:
        """Keep the lower triangle of matrices, and put 0 above it: `farrier.tril`."""
        return farrier.tril(self, diagonal)

    def triu(self: Any, diagonal: int = 0) -> Tensor:
        """Keep the upper triangle of matrices, and put 0 below it: `farrier.triu`."""
        return farrier.triu(self, diagonal)

    def trunc(self: Any) -> Tensor:
        """Round towards 0 to whole numbers elementwise: `farrier.trunc`."""
        return farrier.trunc(self)

    def var(
        self: Any,
        dim: int | Sequence[int] | None = None,
        keepdim: bool = False,
        correction: int = 1,
    ) -> Tensor:
        """Compute the variance over dimensions: `farrier.var`."""
        return farrier.var(self, dim, keepdim, correction)
