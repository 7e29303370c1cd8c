"""Pooling, which reduces sliding windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from farrier_compiler.graph import Op
from farrier_compiler.ops.checks import check_domain
from farrier_compiler.ops.shape import pad_array
from farrier_compiler.sizes import SymbolicSize, maximum
from farrier_compiler.sizes.requirements import at_most
from farrier_compiler.types.geometry import PoolForm, dilated
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.builder import Builder
    from farrier_compiler.stablehlo.emitter import HloValue
    from farrier_compiler.types.elements import Array


@dataclass(frozen=True)
class Pool(PoolForm, Op, abstract=True):
    """The family of poolings, with 1 and (0, 0) for dimensions that are not pooled."""

    combine: ClassVar[np.ufunc]

    def infer(self, input: TensorType) -> TensorType:
        check_domain(self.label, input, "number")
        for name in ("window", "stride", "padding", "dilation"):
            given = getattr(self, name)
            if len(given) != input.rank:
                raise ArgumentError(
                    f"{self.label} got {name}={given} for {input.describe()}: "
                    f"it needs one entry for each of the {input.rank} dimensions."
                )
            if name != "padding" and not all(at_most(1, n) for n in given):
                raise ArgumentError(f"{self.label} got {name}={given}: all must be at least 1.")
        return input.with_shape(self._size(input, dim) for dim in range(input.rank))

    def _size(self, input: TensorType, dim: int) -> int:
        padded = input.shape[dim] + sum(self.padding[dim])
        needed = dilated(self.window[dim], self.dilation[dim])
        size = input.shape[dim]
        may_be_empty = needed == 1 and (size == 0 or isinstance(size, SymbolicSize))
        if not at_most(0 if may_be_empty else needed, padded):
            raise ShapeError(
                f"{self.label} got a window that extends over {needed} elements in dimension "
                f"{dim} of {input.describe()}, but with its padding it has {padded} there."
            )
        return maximum((padded - needed) // self.stride[dim] + 1, 0)

    def initial(self, dtype: np.dtype[Any]) -> Any:
        """Return the padding element, which does not change any result."""
        raise NotImplementedError

    def reference(self, x: Array) -> Array:
        low, high = [pair[0] for pair in self.padding], [pair[1] for pair in self.padding]
        x = pad_array(x, self.initial(x.dtype), low, high, (0,) * x.ndim)
        for dim in range(x.ndim):
            x = self._along(dim, x)
        return x

    def _along(self, dim: int, x: Array) -> Array:
        """Pool along one dimension; since windows are boxes, dimensions can be pooled in turn."""
        window, stride, distance = self.window[dim], self.stride[dim], self.dilation[dim]
        if window == stride == 1:
            return x
        extent = x.shape[dim] - dilated(window, distance) + 1
        taps = [
            x[(slice(None),) * dim + (slice(tap, tap + extent, stride),)]
            for tap in range(0, window * distance, distance)
        ]
        result = taps[0]
        for tap in taps[1:]:
            result = self.combine(result, tap)
        return result

    def lower(self, hlo: Builder, out: TensorType, x: HloValue) -> HloValue:
        return hlo.reduce_window(out, x, self)


@dataclass(frozen=True)
class MaxPool(Pool):
    """The largest element of every window; padding never wins. StableHLO spec: reduce_window."""

    label = "maxpool"
    kind = "max"
    combine = np.maximum

    def initial(self, dtype: np.dtype[Any]) -> Any:
        return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


@dataclass(frozen=True)
class SumPool(Pool):
    """The sum of every window; padding counts as 0. StableHLO spec: reduce_window."""

    label = "avgpool"
    kind = "sum"
    combine = np.add

    def initial(self, dtype: np.dtype[Any]) -> Any:
        return 0
