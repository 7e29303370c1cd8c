"""Analysis of contractions of dequantised tensors: can integers be summed, and if not, why."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

from farrier_compiler.graph import Node, Value
from farrier_compiler.graph.graph import REMARKS
from farrier_compiler.ops.contraction import Contraction
from farrier_compiler.ops.convolution import Convolution
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.ops.quantization import Dequantize
from farrier_compiler.sizes import is_static, upper_bound
from farrier_compiler.types.numbers import storage_limits
from farrier_runtime.dtypes import dtype, uint8


@dataclass(frozen=True)
class Side:
    """An operand of a contraction: `(quantized - zero_point) * scale`.

    Attributes:
        name: the op's name for the operand.
        quantized: the integers.
        scale: a scalar, or a vector along a dimension.
        zero_point: likewise; None: 0.
        dim: the dimension of the product along which they vary; None: they do not.
    """

    name: str
    quantized: Value
    scale: Value
    zero_point: Value | None
    dim: int | None

    @property
    def storage(self) -> dtype:
        """The integers' data type."""
        return self.quantized.type.dtype


def integer_product(node: Node) -> tuple[Side, Side] | str | None:
    """Return the two sides of a contraction whose integers can be summed in int32.

    Returns:
        The sides; or the reason why floats are summed; or None, if the node is not a contraction
        or has no quantised operand.
    """
    if not isinstance(node.op, Contraction):
        return None
    producers = [value.producer for value in node.operands]
    if not any(producer and isinstance(producer.op, Dequantize) for producer in producers):
        return None
    sides: list[Side] = []
    for index, name in enumerate(node.op.operand_names(2)):
        name = f"{name} operand" if isinstance(node.op, DotGeneral) else name
        side = _side(node, index, name)
        if isinstance(side, str):
            return side
        sides.append(side)
    left, right = sides
    return _conflict(node, left, right) or (left, right)


def _side(node: Node, index: int, name: str) -> Side | str:
    """Return an operand's integers and parameters, or the reason why they cannot be summed."""
    producer = node.operands[index].producer
    if producer is None or not isinstance(producer.op, Dequantize):
        return f"the {name} is not quantized"
    quantized, scale, *zero_points = producer.operands
    storage, scale_dim = quantized.type.dtype, producer.op.dim
    if not storage.is_integer or storage.bits > 8:
        return f"the {name} is stored as {storage}, not in 8 bits or less"
    if scale_dim is None and any(value.type.rank for value in (scale, *zero_points)):
        return f"the {name} has a scale for each block"
    dim = None if scale_dim is None else result_dim(node, index, scale_dim)
    if scale_dim is not None and dim is None:
        return f"the {name} has a scale for each index of a dimension that is summed"
    nonzero = [value for value in zero_points if not is_zero(value)]
    return Side(name, quantized, scale, next(iter(nonzero), None), dim)


def is_zero(value: Value) -> bool:
    """Return whether all elements of a value are known to be 0."""
    return value.producer is None and value.data is not None and not value.data.any()


def _conflict(node: Node, left: Side, right: Side) -> str | None:
    """Return the reason why two operands cannot be combined, though each alone is fit for it."""
    if left.dim is not None and right.dim is not None:
        return f"both the {left.name} and the {right.name} have several scales"
    sizes = summed_sizes(node)
    if isinstance(node.op, Convolution):
        if node.op.groups > 1 and not _is_symmetric(right):
            return f"the {right.name} has zero points, and there are groups"
        if left.zero_point is not None and left.zero_point.type.rank:
            return f"the {left.name} has several zero points"
    elif left.zero_point is not None and right.zero_point is not None and not is_static(sizes):
        return "both operands have zero points, and the number of products to sum is dynamic"
    terms = math.prod(map(upper_bound, sizes))
    if terms * _largest(left) * _largest(right) >= 2**31:
        return f"sums of {terms} products do not fit int32"
    return None


def _is_symmetric(side: Side) -> bool:
    """Return whether 8-bit integers have no zero point when they are signed."""
    if side.storage is not uint8:
        return side.zero_point is None
    data = None if side.zero_point is None else side.zero_point.data
    return data is not None and bool((data == 128).all())


def _largest(side: Side) -> int:
    """Return the largest magnitude of `quantized - zero_point`."""
    low, high = map(int, storage_limits(side.storage))
    return max(-low, high) if side.zero_point is None else high - low


def summed_sizes(node: Node) -> list[int]:
    """Return the sizes over which a contraction sums."""
    op = cast("Contraction", node.op)
    left, right = (value.type.shape for value in node.operands)
    return op.summed_sizes(left, right)


def result_dim(node: Node, operand: int, dim: int) -> int | None:
    """Return the dimension of the result that an operand's becomes; None: it is summed."""
    op = cast("Contraction", node.op)
    left, right = (value.type.rank for value in node.operands)
    return op.result_dim(operand, dim, (left, right), node.result.type.rank)


def note(node: Node) -> str | None:
    """Return graph text's remark on why a contraction with a quantised operand sums floats."""
    reason = integer_product(node)
    if reason is None:
        return None
    if not isinstance(reason, str):
        reason = "the pass integer_matmul did not run"
    return f"summed as {node.result.type.dtype}: {reason}"


REMARKS.append(note)
