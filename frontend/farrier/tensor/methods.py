"""Functions that read naturally as methods of a tensor: `x.sum()` is `farrier.sum(x)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from farrier.tensor.elementwise_methods import ElementwiseMethods
from farrier.tensor.functions import functions

if TYPE_CHECKING:
    from farrier.tensor.interop import IntLike, ShapeLike
    from farrier_runtime.devices import device
    from farrier_runtime.dtypes import DtypeLike

T = TypeVar("T")


class Methods(ElementwiseMethods[T], Generic[T]):
    """The part of Tensor that only calls functions of the same name."""

    __slots__ = ()

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

    def cast(self, dtype: DtypeLike) -> T:
        """Convert the elements to another data type: `farrier.cast`."""
        return functions["cast"](self, dtype)

    def copy(self, device: device) -> T:
        """Return a copy of the tensor: `farrier.copy`."""
        return functions["copy"](self, device)

    def cumsum(self, dim: int) -> T:
        """Add up elements along a dimension: `farrier.cumsum`."""
        return functions["cumsum"](self, dim)

    def equal(self, other: T) -> bool:
        """Tell whether two tensors have the same shape and equal elements: `farrier.equal`."""
        return functions["equal"](self, other)

    def expand(self, sizes: IntLike | ShapeLike, *others: IntLike) -> T:
        """Repeat along dimensions of size 1, and along new ones in front: `farrier.expand`."""
        return functions["expand"](self, sizes, *others)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> T:
        """Merge neighbouring dimensions into one: `farrier.flatten`."""
        return functions["flatten"](self, start_dim, end_dim)

    def flip(self, dim: int | Sequence[int] | None = None, *others: int) -> T:
        """Reverse the order of the elements along dimensions: `farrier.flip`."""
        return functions["flip"](self, dim, *others)

    def gather(self, dim: int, index: T) -> T:
        """Select parts of a tensor along a dimension, by their positions: `farrier.gather`."""
        return functions["gather"](self, dim, index)

    def matmul(self, right: T) -> T:
        """Multiply matrices: `left @ right`: `farrier.matmul`."""
        return functions["matmul"](self, right)

    def max(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> T:
        """Find the largest element over dimensions; NaN if there is one: `farrier.max`."""
        return functions["max"](self, dim, keepdim)

    def mean(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> T:
        """Average elements over dimensions: `farrier.mean`."""
        return functions["mean"](self, dim, keepdim)

    def min(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> T:
        """Find the smallest element over dimensions; NaN if there is one: `farrier.min`."""
        return functions["min"](self, dim, keepdim)

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

    def permute(self, perm: int | Sequence[int], *others: int) -> T:
        """Reorder all dimensions: `farrier.permute`."""
        return functions["permute"](self, perm, *others)

    def prod(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> T:
        """Multiply elements over dimensions: `farrier.prod`."""
        return functions["prod"](self, dim, keepdim)

    def repeat(self, repeats: IntLike, dim: int) -> T:
        """Repeat each element along a dimension: `farrier.repeat`."""
        return functions["repeat"](self, repeats, dim)

    def reshape(self, shape: IntLike | ShapeLike, *others: IntLike) -> T:
        """Give the elements another shape: `farrier.reshape`."""
        return functions["reshape"](self, shape, *others)

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

    def sort(self, dim: int = -1, descending: bool = False) -> tuple[T, T]:
        """Sort elements along a dimension; equal ones keep their order: `farrier.sort`."""
        return functions["sort"](self, dim, descending)

    def split(self, num_split_or_sizes: IntLike | ShapeLike, dim: int = 0) -> tuple[T, ...]:
        """Take a tensor apart along a dimension: `farrier.split`."""
        return functions["split"](self, num_split_or_sizes, dim)

    def squeeze(self, dims: int | Sequence[int]) -> T:
        """Remove dimensions of size 1: `farrier.squeeze`."""
        return functions["squeeze"](self, dims)

    def sum(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> T:
        """Add up elements over dimensions: `farrier.sum`."""
        return functions["sum"](self, dim, keepdim)

    def topk(self, k: IntLike, dim: int = -1) -> tuple[T, T]:
        """Find the `k` largest elements along a dimension, the largest first: `farrier.topk`."""
        return functions["topk"](self, k, dim)

    def transpose(self, dim0: int, dim1: int, *others: int) -> T:
        """Swap two dimensions: `farrier.transpose`."""
        return functions["transpose"](self, dim0, dim1, *others)

    def tril(self, diagonal: int = 0) -> T:
        """Keep the lower triangle of matrices, and put 0 above it: `farrier.tril`."""
        return functions["tril"](self, diagonal)

    def triu(self, diagonal: int = 0) -> T:
        """Keep the upper triangle of matrices, and put 0 below it: `farrier.triu`."""
        return functions["triu"](self, diagonal)

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
