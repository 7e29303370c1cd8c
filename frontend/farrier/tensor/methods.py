"""Functions that read naturally as methods of a tensor: `x.relu()` is `farrier.relu(x)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from farrier.tensor.interop import IntLike, Number, ShapeLike
    from farrier_runtime.devices import device
    from farrier_runtime.dtypes import dtype

T = TypeVar("T")

functions: dict[str, Callable[..., Any]] = {}
"""The package's public functions, which it hands down when all of them are defined."""


class Methods(Generic[T]):
    """The part of Tensor that only calls functions of the same name."""

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

    def all(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> T:
        """Tell whether all elements over dimensions are true: `farrier.all`."""
        return functions["all"](self, dim, keepdim)

    def allclose(self, other: T, rtol: float = 1e-05, atol: float = 1e-08) -> bool:
        """Tell whether all elements of two tensors are close: `farrier.allclose`."""
        return functions["allclose"](self, other, rtol, atol)

    def any(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> T:
        """Tell whether any element over dimensions is true: `farrier.any`."""
        return functions["any"](self, dim, keepdim)

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> T:
        """Find the index of the largest element: `farrier.argmax`."""
        return functions["argmax"](self, dim, keepdim)

    def argmin(self, dim: int | None = None, keepdim: bool = False) -> T:
        """Find the index of the smallest element: `farrier.argmin`."""
        return functions["argmin"](self, dim, keepdim)

    def argsort(self, dim: int = -1, descending: bool = False) -> T:
        """Find the indices that sort elements along a dimension: `farrier.argsort`."""
        return functions["argsort"](self, dim, descending)

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

    def cast(self, dtype: dtype) -> T:
        """Convert the elements to another data type: `farrier.cast`."""
        return functions["cast"](self, dtype)

    def cbrt(self) -> T:
        """Compute the cube root elementwise: `farrier.cbrt`."""
        return functions["cbrt"](self)

    def ceil(self) -> T:
        """Round up to whole numbers elementwise: `farrier.ceil`."""
        return functions["ceil"](self)

    def clamp(self, min: T | Number | None = None, max: T | Number | None = None) -> T:
        """Limit elements to a range: `farrier.clamp`."""
        return functions["clamp"](self, min, max)

    def copy(self, device: device) -> T:
        """Return a copy of the tensor: `farrier.copy`."""
        return functions["copy"](self, device)

    def cos(self) -> T:
        """Compute the cosine elementwise: `farrier.cos`."""
        return functions["cos"](self)

    def cosh(self) -> T:
        """Compute the hyperbolic cosine elementwise: `farrier.cosh`."""
        return functions["cosh"](self)

    def cumsum(self, dim: int) -> T:
        """Add up elements along a dimension: `farrier.cumsum`."""
        return functions["cumsum"](self, dim)

    def elu(self, alpha: float = 1.0) -> T:
        """Let negative elements decay towards -alpha: `farrier.elu`."""
        return functions["elu"](self, alpha)

    def eq(self, other: T | Number) -> T:
        """Compare elementwise: `input == other`: `farrier.eq`."""
        return functions["eq"](self, other)

    def equal(self, other: T) -> bool:
        """Tell whether two tensors have the same shape and equal elements: `farrier.equal`."""
        return functions["equal"](self, other)

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

    def expand(self, sizes: ShapeLike) -> T:
        """Repeat along dimensions of size 1, and along new ones in front: `farrier.expand`."""
        return functions["expand"](self, sizes)

    def expm1(self) -> T:
        """Compute the exponential less 1 elementwise, precisely near 0: `farrier.expm1`."""
        return functions["expm1"](self)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> T:
        """Merge neighbouring dimensions into one: `farrier.flatten`."""
        return functions["flatten"](self, start_dim, end_dim)

    def flip(self, dim: int | Sequence[int] | None = None) -> T:
        """Reverse the order of the elements along dimensions: `farrier.flip`."""
        return functions["flip"](self, dim)

    def floor(self) -> T:
        """Round down to whole numbers elementwise: `farrier.floor`."""
        return functions["floor"](self)

    def floor_divide(self, other: T | Number) -> T:
        """Divide and round down elementwise: `farrier.floor_divide`."""
        return functions["floor_divide"](self, other)

    def fmod(self, other: T | Number) -> T:
        """Compute what truncated division leaves elementwise: `farrier.fmod`."""
        return functions["fmod"](self, other)

    def gather(self, dim: int, index: T) -> T:
        """Select parts of a tensor along a dimension, by their positions: `farrier.gather`."""
        return functions["gather"](self, dim, index)

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
        """Combine elementwise by and: `farrier.logical_and`."""
        return functions["logical_and"](self, other)

    def logical_not(self) -> T:
        """Negate elementwise: `~input`, bit by bit for integers: `farrier.logical_not`."""
        return functions["logical_not"](self)

    def logical_or(self, other: T | Number) -> T:
        """Combine elementwise by or: `farrier.logical_or`."""
        return functions["logical_or"](self, other)

    def logical_xor(self, other: T | Number) -> T:
        """Combine elementwise by exclusive or: `farrier.logical_xor`."""
        return functions["logical_xor"](self, other)

    def masked_fill(self, mask: T, value: Number) -> T:
        """Put a number where a mask is true: `farrier.masked_fill`."""
        return functions["masked_fill"](self, mask, value)

    def matmul(self, right: T) -> T:
        """Multiply matrices: `left @ right`: `farrier.matmul`."""
        return functions["matmul"](self, right)

    def max(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> T:
        """Find the largest element over dimensions; NaN if there is one: `farrier.max`."""
        return functions["max"](self, dim, keepdim)

    def maximum(self, rhs: T | Number) -> T:
        """Take the larger number elementwise: `farrier.maximum`."""
        return functions["maximum"](self, rhs)

    def mean(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> T:
        """Average elements over dimensions: `farrier.mean`."""
        return functions["mean"](self, dim, keepdim)

    def min(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> T:
        """Find the smallest element over dimensions; NaN if there is one: `farrier.min`."""
        return functions["min"](self, dim, keepdim)

    def minimum(self, rhs: T | Number) -> T:
        """Take the smaller number elementwise: `farrier.minimum`."""
        return functions["minimum"](self, rhs)

    def negative(self) -> T:
        """Negate elementwise: `-input`: `farrier.negative`."""
        return functions["negative"](self)

    def not_equal(self, other: T | Number) -> T:
        """Compare elementwise: `input != other`: `farrier.not_equal`."""
        return functions["not_equal"](self, other)

    def outer(self, vec2: T) -> T:
        """Multiply each element of a vector with each of another: `farrier.outer`."""
        return functions["outer"](self, vec2)

    def pad(
        self,
        pad: Sequence[ShapeLike],
        mode: Literal["constant", "reflect"] = "constant",
        value: float = 0,
    ) -> T:
        """Add elements at the borders: `farrier.pad`."""
        return functions["pad"](self, pad, mode, value)

    def permute(self, perm: Sequence[int]) -> T:
        """Reorder all dimensions: `farrier.permute`."""
        return functions["permute"](self, perm)

    def power(self, other: T | Number) -> T:
        """Raise to a power elementwise: `input ** other`: `farrier.power`."""
        return functions["power"](self, other)

    def prod(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> T:
        """Multiply elements over dimensions: `farrier.prod`."""
        return functions["prod"](self, dim, keepdim)

    def reciprocal(self) -> T:
        """Compute the reciprocal elementwise: `farrier.reciprocal`."""
        return functions["reciprocal"](self)

    def relu(self) -> T:
        """Replace negative elements by 0: `farrier.relu`."""
        return functions["relu"](self)

    def remainder(self, other: T | Number) -> T:
        """Compute what `//` leaves elementwise: `farrier.remainder`."""
        return functions["remainder"](self, other)

    def repeat(self, repeats: IntLike, dim: int) -> T:
        """Repeat each element along a dimension: `farrier.repeat`."""
        return functions["repeat"](self, repeats, dim)

    def reshape(self, shape: ShapeLike) -> T:
        """Give the elements another shape: `farrier.reshape`."""
        return functions["reshape"](self, shape)

    def resize(
        self,
        output_shape: ShapeLike | None = None,
        mode: Literal["nearest", "linear", "cubic"] = "linear",
        align_corners: bool = False,
        *,
        scales: Sequence[float] | None = None,
    ) -> T:
        """Resize a tensor by interpolation between its elements: `farrier.resize`."""
        return functions["resize"](self, output_shape, mode, align_corners, scales=scales)

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

    def sort(self, dim: int = -1, descending: bool = False) -> tuple[T, T]:
        """Sort elements along a dimension; equal ones keep their order: `farrier.sort`."""
        return functions["sort"](self, dim, descending)

    def split(self, num_split_or_sizes: IntLike | ShapeLike, dim: int = 0) -> tuple[T, ...]:
        """Take a tensor apart along a dimension: `farrier.split`."""
        return functions["split"](self, num_split_or_sizes, dim)

    def sqrt(self) -> T:
        """Compute the square root elementwise: `farrier.sqrt`."""
        return functions["sqrt"](self)

    def square(self) -> T:
        """Compute the square elementwise: `farrier.square`."""
        return functions["square"](self)

    def squeeze(self, dims: int | Sequence[int]) -> T:
        """Remove dimensions of size 1: `farrier.squeeze`."""
        return functions["squeeze"](self, dims)

    def sum(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> T:
        """Add up elements over dimensions: `farrier.sum`."""
        return functions["sum"](self, dim, keepdim)

    def tan(self) -> T:
        """Compute the tangent elementwise: `farrier.tan`."""
        return functions["tan"](self)

    def tanh(self) -> T:
        """Compute the hyperbolic tangent elementwise: `farrier.tanh`."""
        return functions["tanh"](self)

    def topk(self, k: IntLike, dim: int = -1) -> tuple[T, T]:
        """Find the `k` largest elements along a dimension, the largest first: `farrier.topk`."""
        return functions["topk"](self, k, dim)

    def transpose(self, dim0: int, dim1: int) -> T:
        """Swap two dimensions: `farrier.transpose`."""
        return functions["transpose"](self, dim0, dim1)

    def tril(self, diagonal: int = 0) -> T:
        """Keep the lower triangle of matrices, and put 0 above it: `farrier.tril`."""
        return functions["tril"](self, diagonal)

    def triu(self, diagonal: int = 0) -> T:
        """Keep the upper triangle of matrices, and put 0 below it: `farrier.triu`."""
        return functions["triu"](self, diagonal)

    def trunc(self) -> T:
        """Round towards 0 to whole numbers elementwise: `farrier.trunc`."""
        return functions["trunc"](self)

    def unsqueeze(self, dim: int) -> T:
        """Insert a dimension of size 1: `farrier.unsqueeze`."""
        return functions["unsqueeze"](self, dim)

    def var(
        self,
        dim: int | Sequence[int] | None = None,
        keepdim: bool = False,
        correction: int = 1,
    ) -> T:
        """Compute the variance over dimensions: `farrier.var`."""
        return functions["var"](self, dim, keepdim, correction)
