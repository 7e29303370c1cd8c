"""Products of two dequantised tensors: whether integers can be summed, or why they cannot."""

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
    """One operand of a product: `(quantized - zero_point) * scale`.

    Attributes:
        name: what the op calls the operand.
        quantized: the integers.
        scale: one number, or one for each position of a dimension.
        zero_point: likewise; None: all are 0.
        place: the dimension of the product along which they change; None: they do not.
    """

    name: str
    quantized: Value
    scale: Value
    zero_point: Value | None
    place: int | None

    @property
    def storage(self) -> dtype:
        """The integers' data type."""
        return self.quantized.type.dtype


def integer_product(node: Node) -> tuple[Side, Side] | str | None:
    """Return the two sides of a product whose integers can be summed in int32.

    Returns:
        The sides; or the reason why the product is one of floats; or None, if the node is no
        product, or nothing in it is quantised.
    """
    if not isinstance(node.op, Contraction):
        return None
    made = [value.producer for value in node.operands]
    if not any(one is not None and isinstance(one.op, Dequantize) for one in made):
        return None
    sides: list[Side] = []
    for index, name in enumerate(node.op.operand_names(2)):
        name = f"{name} operand" if isinstance(node.op, DotGeneral) else name
        found = _side(node, index, name)
        if isinstance(found, str):
            return found
        sides.append(found)
    left, right = sides
    return _conflict(node, left, right) or (left, right)


def _side(node: Node, index: int, name: str) -> Side | str:
    """Return an operand's integers and their parameters, or why they cannot be summed."""
    producer = node.operands[index].producer
    if producer is None or not isinstance(producer.op, Dequantize):
        return f"the {name} is not quantized"
    quantized, scale, *zero_points = producer.operands
    storage, dim = quantized.type.dtype, producer.op.dim
    if not storage.is_integer or storage.bits > 8:
        return f"the {name} is stored as {storage}, not in 8 bits or less"
    if dim is None and any(value.type.rank for value in (scale, *zero_points)):
        return f"the {name} has a scale for each block"
    place = None if dim is None else result_dim(node, index, dim)
    if dim is not None and place is None:
        return f"the {name} has a scale for each position of a dimension that is summed"
    shifted = [value for value in zero_points if not is_zero(value)]
    return Side(name, quantized, scale, next(iter(shifted), None), place)


def is_zero(value: Value) -> bool:
    """Return whether all elements of a value are known to be 0."""
    return value.producer is None and value.data is not None and not value.data.any()


def _conflict(node: Node, left: Side, right: Side) -> str | None:
    """Return why two operands that could be summed as integers cannot be so together."""
    if left.place is not None and right.place is not None:
        return f"both the {left.name} and the {right.name} have several scales"
    sizes = summed_sizes(node)
    if isinstance(node.op, Convolution):
        if node.op.groups > 1 and not _is_symmetric(right):
            return f"the {right.name} has zero points, and there are groups"
        if left.zero_point is not None and left.zero_point.type.rank:
            return f"the {left.name} has several zero points"
    elif left.zero_point is not None and right.zero_point is not None and not is_static(sizes):
        return "both operands have zero points, and only calls decide how many products are summed"
    terms = math.prod(map(upper_bound, sizes))
    if terms * _largest(left) * _largest(right) >= 2**31:
        return f"sums of {terms} products do not fit int32"
    return None


def _is_symmetric(side: Side) -> bool:
    """Return whether integers of 8 bits, as signed ones, have no zero point."""
    if side.storage is not uint8:
        return side.zero_point is None
    data = None if side.zero_point is None else side.zero_point.data
    return data is not None and bool((data == 128).all())


def _largest(side: Side) -> int:
    """Return the largest size of `quantized - zero_point`."""
    low, high = map(int, storage_limits(side.storage))
    return max(-low, high) if side.zero_point is None else high - low


def summed_sizes(node: Node) -> list[int]:
    """Return the sizes over which a contraction sums."""
    op = cast("Contraction", node.op)
    left, right = (value.type.shape for value in node.operands)
    return op.summed_sizes(left, right)


def result_dim(node: Node, operand: int, dim: int) -> int | None:
    """Return which dimension of the result an operand's becomes; None: it is summed."""
    op = cast("Contraction", node.op)
    left, right = (value.type.rank for value in node.operands)
    return op.result_dim(operand, dim, (left, right), node.result.type.rank)


def note(node: Node) -> str | None:
    """Return what the graph's text says of a product with a quantised operand that is of floats."""
    found = integer_product(node)
    if found is None:
        return None
    if not isinstance(found, str):
        found = "the pass integer_matmul did not run"
    return f"summed as {node.result.type.dtype}: {found}"


REMARKS.append(note)
