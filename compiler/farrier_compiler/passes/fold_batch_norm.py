"""Folding of batch norm, `a * x + b` at inference, into the weights of the layer before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np

from farrier_compiler.graph import Graph, Node, Value
from farrier_compiler.ops.contraction import Contraction
from farrier_compiler.ops.elementwise import Add, Cast, Multiply
from farrier_compiler.ops.normalization import BatchNormInference
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.rewrite import Rewriter, constant_data, folded_data
from farrier_compiler.types.elements import Array
from farrier_compiler.types.tensor_type import Shape
from farrier_runtime.dtypes import float32


@dataclass(frozen=True)
class FoldBatchNorm(Pass):
    """Fold each batch norm whose statistics are constants.

    It is folded into the weights and bias of a convolution or matmul, if the weights are constant
    and nothing else reads its result; otherwise into one multiplication and one addition. New
    weights are computed in float64 and rounded once.
    """

    name: ClassVar[str] = "fold_batch_norm"

    def __call__(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)

        def rule(node: Node) -> tuple[Value] | None:
            if not isinstance(node.op, BatchNormInference):
                return None
            statistics = [folded_data(value) for value in node.operands[1:]]
            if any(array is None for array in statistics):
                return None
            factors = _factors(node.op, [array for array in statistics if array is not None])
            fold = _Fold(rewriter, node, node.op.feature_dim, *factors)
            return (fold.into_weights() or fold.into_arithmetic(),)

        return rewriter.run(rule)


def _factors(op: BatchNormInference, statistics: Sequence[Array]) -> tuple[Array, Array]:
    """Return `a` and `b` of each feature, in float64."""
    scale, offset, mean, variance = (array.astype(np.float64) for array in statistics)
    with np.errstate(all="ignore"):
        a = scale / np.sqrt(variance + op.eps)
        return a, offset - mean * a


@dataclass
class _Fold:
    """A batch norm and its factors."""

    rewriter: Rewriter
    node: Node
    feature_dim: int
    a: Array
    b: Array

    def into_weights(self) -> Value | None:
        """Return the preceding layer with new weights and bias; None where that is impossible."""
        layer, bias, bias_value = self._layer_and_bias(self.node.operands[0])
        if layer is None or not self.rewriter.has_one_use(layer.result):
            return None
        index_and_dim = weight_dim(layer, self.feature_dim)
        if index_and_dim is None:
            return None
        index, dim = index_and_dim
        weight = layer.operands[index]
        data = constant_data(weight)
        if data is None or weight.type.dtype is not self.node.result.type.dtype:
            return None
        shape = [1] * weight.type.rank
        shape[dim] = -1
        scaled = self._rounded(data.astype(np.float64) * self.a.reshape(shape))
        shifted = self._rounded(bias * self.a + self.b)
        if not (_stays_finite(data, scaled) and np.isfinite(shifted.astype(np.float64)).all()):
            return None  # out of the range of 16-bit floats
        operands = list(layer.operands)
        operands[index] = self.rewriter.constant(scaled, weight.type.dtype, weight)
        product = self.rewriter.emit(layer.op, *operands, at=layer)
        return self.rewriter.emit(Add(), product, self._per_feature(shifted, bias_value))

    def into_arithmetic(self) -> Value:
        """Return `a * x + b`, computed in float32 for small floats."""
        x, narrow = self.node.operands[0], self.node.result.type.dtype
        wide = narrow if narrow.bits >= 32 else float32
        emit = self.rewriter.emit
        if wide is not narrow:
            x = emit(Cast(wide), x)
        factors = [
            self.rewriter.constant(
                factor.astype(wide.numpy).reshape(self._shape()), wide, self.node.operands[operand]
            )
            for operand, factor in ((1, self.a), (2, self.b))
        ]
        result = emit(Add(), emit(Multiply(), x, factors[0]), factors[1])
        return result if wide is narrow else emit(Cast(narrow), result)

    def _layer_and_bias(self, value: Value) -> tuple[Node | None, Array, Value]:
        """Return the contraction that computes a value, its bias and the bias's origin."""
        none, offset = np.zeros_like(self.b), self.node.operands[2]
        node = value.producer
        if node is None or not isinstance(node.op, Add):
            return _layer(value), none, offset
        if not self.rewriter.has_one_use(value):
            return None, none, offset
        for layer, bias in (node.operands, node.operands[::-1]):
            features, origin = self._features(bias, value.type.shape)
            if features is not None and layer.type == value.type:
                return _layer(layer), features, origin
        return None, none, offset

    def _features(self, bias: Value, shape: Shape) -> tuple[Array | None, Value]:
        """Return a constant that varies only along the features, as float64, and its origin."""
        data, origin = folded_data(bias), _origin(bias)
        if data is None or bias.type.size > max(self.b.size, 1):
            return None, origin
        rank = len(shape)
        full = data.reshape((1,) * (rank - data.ndim) + data.shape)
        if any(size != 1 for dim, size in enumerate(full.shape) if dim != self.feature_dim):
            return None, origin
        return np.broadcast_to(full.reshape(-1).astype(np.float64), self.b.shape), origin

    def _per_feature(self, data: Array, like: Value) -> Value:
        dtype = self.node.result.type.dtype
        return self.rewriter.constant(data.reshape(self._shape()), dtype, like)

    def _shape(self) -> Shape:
        """Return the shortest shape that broadcasts along the features."""
        return (self.b.size, *[1] * (self.node.result.type.rank - self.feature_dim - 1))

    def _rounded(self, data: Array) -> Array:
        with np.errstate(over="ignore"):
            return data.astype(self.node.result.type.dtype.numpy)


def _layer(value: Value) -> Node | None:
    node = value.producer
    return node if node is not None and isinstance(node.op, Contraction) else None


def weight_dim(layer: Node, feature_dim: int) -> tuple[int, int] | None:
    """Return the index of a layer's constant weight, and the weight's dimension of the features.

    None: no constant operand has the features.
    """
    op = cast("Contraction", layer.op)
    left, right = (value.type.rank for value in layer.operands)
    for index, dim in enumerate(op.operand_dims(feature_dim, (left, right))):
        if dim is not None and constant_data(layer.operands[index]) is not None:
            return index, dim
    return None


def _origin(value: Value) -> Value:
    """Return the constant that a value is reshaped from."""
    while value.producer is not None and value.producer.operands:
        value = value.producer.operands[0]
    return value


def _stays_finite(before: Array, after: Array) -> bool:
    return bool(
        np.isfinite(after.astype(np.float64)).all()
        or not np.isfinite(before.astype(np.float64)).all()
    )
