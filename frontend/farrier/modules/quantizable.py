"""Base class of layers whose weight, and possibly input, can be quantised."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ClassVar

import numpy as np

from farrier.modules.module import Module
from farrier.modules.parameter import HiddenParameter, OptionalParameter, Parameter
from farrier.ops.quantization import dequantize, quantize
from farrier.tensor import Tensor, as_tensor
from farrier_compiler.diagnostics import explain
from farrier_compiler.ops.checks import normalize_dim
from farrier_compiler.ops.quantization import STORAGE
from farrier_compiler.types.numbers import storage_limits
from farrier_runtime.dtypes import DtypeLike, dtype, dtype_of
from farrier_runtime.errors import ArgumentError, DtypeError, ShapeError
from farrier_runtime.wording import shown


class ScaleParameter(Parameter):
    """The scale of a weight; without a dim of scales, one for each block can be assigned too."""

    __slots__ = ("weight",)

    def __init__(self, dim: int | None, weight: Tensor) -> None:
        super().__init__(() if dim is None else (weight.sizes[dim],), weight.dtype)
        self.weight = weight.value.type

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Return whether values of a shape can be assigned."""
        if self.shape or len(shape) != self.weight.rank:
            return shape == self.shape
        pairs = zip(self.weight.shape, shape, strict=True)
        return all(count and size % count == 0 for size, count in pairs)

    def dummy(self) -> Any:
        """Return ones, since a scale cannot be 0."""
        return np.ones(self.shape)


InputHook = Callable[["Quantizable", Tensor], None]

# Callback that observes each layer's input during calibration, or None.
input_hook: ContextVar[InputHook | None] = ContextVar("input_hook", default=None)


class Quantizable(Module):
    """A layer whose weight is quantised with `quant_dtype`, and its input with `input_scale`.

    Attributes:
        dtype: the data type of the parameters and, without `input_scale`, of the computation.
        quant_dtype: the data type that the weight is quantised to, or None.
        weight_quant_dim: the dimension of the weight with a scale for each position.
        weight_scale: the scale of the weight.
        input_scale: the scale of the input; while it is unset, the input is not quantised.
        input_zero_point: the integer that represents an input of 0; while it is unset, it is 0
            and `state_dict` does not list it.
    """

    quantizes_input: ClassVar[bool] = True
    _fixed = frozenset({"dtype", "quant_dtype", "weight_quant_dim", "groups"}).union(
        {"in_features", "out_features", "num_embeddings", "embedding_dim"}
    )

    dtype: dtype
    weight: Tensor
    quant_dtype: dtype | None
    weight_quant_dim: int | None
    weight_scale: Tensor | None
    input_scale: Tensor | None
    input_zero_point: Tensor | None

    def _add_scales(self, quant_dtype: DtypeLike | None, weight_quant_dim: int | None) -> None:
        """Add the scales; `weight` must already be set."""
        layer = type(self).__name__
        storage = None if quant_dtype is None else _checked_storage(layer, quant_dtype)
        dim = _checked_dim(layer, storage, weight_quant_dim, self.weight)
        vars(self).update(quant_dtype=storage, weight_quant_dim=dim)  # bypasses _fixed
        self.weight_scale = self.input_scale = self.input_zero_point = None
        if storage is None:
            return
        self.weight_scale = ScaleParameter(self.weight_quant_dim, self.weight)
        if self.quantizes_input:
            self.input_scale = OptionalParameter((), self.dtype)
        if self.quantizes_input and not storage.is_floating:
            self.input_zero_point = HiddenParameter((), storage)

    def quantize_by(
        self,
        quant_dtype: dtype,
        weight_quant_dim: int | None,
        weight_scale: Any,
        input_scale: Any = None,
        input_zero_point: Any = None,
    ) -> None:
        """Quantise the weight, and possibly the input, of a layer that was not quantised."""
        self._add_scales(quant_dtype, weight_quant_dim)
        self.weight_scale = weight_scale
        if input_scale is not None:
            self.input_scale = input_scale
        if input_zero_point is not None:
            self.input_zero_point = input_zero_point

    def observe_input(self, x: Tensor) -> None:
        """Report this layer's input to the active calibration."""
        if (hook := input_hook.get()) is not None:
            hook(self, x)

    def quantized_weight(self) -> Tensor:
        """Return the quantised weight, which is computed once at compile time."""
        assert self.quant_dtype is not None
        assert self.weight_scale is not None
        return quantize(self.weight, self.weight_scale, self.quant_dtype, self.weight_quant_dim)

    def operands(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return input and weight or, where they are quantised, their dequantised values."""
        x = as_tensor(x)
        self._check_dtype(x)
        self.observe_input(x)
        if self.quant_dtype is None or self.weight_scale is None:
            return x, self.weight
        weight = dequantize(
            self.quantized_weight(), self.weight_scale, self.dtype, self.weight_quant_dim
        )
        scale, offset = _if_set(self.input_scale), _if_set(self.input_zero_point)
        if scale is None:
            return x, weight
        x = quantize(x, scale, self.quant_dtype, None, offset)
        return dequantize(x, scale, self.dtype, None, offset), weight

    def _check_dtype(self, x: Tensor) -> None:
        if x.dtype is not self.weight.dtype:
            problem = (
                f"{type(self).__name__} holds {self.weight.dtype}, but got "
                f"{x.value.type.describe()}. Cast the input, for example with "
                f"fr.cast(x, fr.{self.weight.dtype}), or make the layer with another dtype."
            )
            raise explain(DtypeError(problem), [("x", x.value), ("weight", self.weight.value)])

    def reset_scale(self) -> None:
        """Set `weight_scale` so that the largest elements map to the largest integers."""
        if self.quant_dtype is None or self.weight_scale is None:
            return
        dim, weight = self.weight_quant_dim, np.abs(self.weight.numpy().astype(np.float64))
        axes = None if dim is None else tuple(axis for axis in range(weight.ndim) if axis != dim)
        fitted = np.asarray(weight.max(axis=axes) / storage_limits(self.quant_dtype)[1])
        fitted = fitted.astype(self.dtype.numpy)
        scale = ScaleParameter(dim, self.weight)  # which still takes block-wise scales
        scale.value = Tensor(np.where(fitted == 0, np.ones_like(fitted), fitted)).value
        self.weight_scale = scale


def _if_set(parameter: Tensor | None) -> Tensor | None:
    return None if isinstance(parameter, OptionalParameter) else parameter


def _checked_storage(layer: str, quant_dtype: DtypeLike) -> dtype:
    storage = dtype_of(quant_dtype)
    if storage not in STORAGE:
        listed = ", ".join(map(str, STORAGE))
        problem = f"{layer} takes a quant_dtype of {listed}, not {shown(quant_dtype)}."
        raise explain(DtypeError(problem))
    return storage


def _checked_dim(layer: str, storage: dtype | None, dim: Any, weight: Tensor) -> int | None:
    """Return the checked weight_quant_dim as a non-negative dim."""
    if storage is None:
        if dim is not None:
            problem = (
                f"{layer} got weight_quant_dim={shown(dim)}, but no quant_dtype to quantize to."
            )
            raise explain(ArgumentError(problem))
        return None
    if dim is None:
        return None
    if not isinstance(dim, int) or isinstance(dim, bool):
        raise explain(
            ArgumentError(f"{layer} takes an integer weight_quant_dim, not {shown(dim)}.")
        )
    try:
        return normalize_dim(layer, dim, weight.rank)
    except ShapeError:
        problem = (
            f"{layer} got weight_quant_dim={dim}, but its weight {weight.value.type.describe()} "
            f"has {weight.rank} dimensions."
        )
        raise explain(ArgumentError(problem)) from None
