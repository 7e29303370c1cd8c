"""Conditional sizes as arithmetic on sizes."""

from __future__ import annotations

from farrier_compiler.graph import Value
from farrier_compiler.ops import comparison
from farrier_compiler.ops.creation import SizeOf
from farrier_compiler.ops.elementwise import BitwiseAnd, BitwiseNot, BitwiseOr, BitwiseXor
from farrier_compiler.sizes import maximum, minimum, symbol


def choose(condition: Value, chosen: int, other: int) -> int | None:
    """Return the size that is `chosen` where a scalar condition holds, and `other` elsewhere.

    Returns:
        None where the condition is not known to depend on sizes alone.
    """
    extreme = _extreme(condition, chosen, other)
    if extreme is not None:
        return extreme
    holds = indicator(condition)
    return None if holds is None else between(holds, chosen, other)


def between(holds: int, chosen: int, other: int) -> int:
    """Return the size that is `chosen` where an indicator is 1, and `other` where it is 0."""
    return other + holds * (chosen - other)


def not_negative(size: int) -> int:
    """Return the indicator of whether a size is 0 or more."""
    return minimum(maximum(size + 1, 0), 1)


def indicator(condition: Value) -> int | None:
    """Return a size that is 1 where a scalar condition on sizes holds, and 0 elsewhere."""
    if condition.data is not None:
        return int(condition.data.item())
    if condition.producer is None:
        return None
    op, operands = condition.producer.op, condition.producer.operands
    if isinstance(op, comparison.Comparison):
        return _compared(op, *map(_size, operands))
    if not isinstance(
        op,
        BitwiseNot | BitwiseAnd | BitwiseOr | BitwiseXor,
    ):
        return None
    parts = list(map(indicator, operands))
    indicators = [part for part in parts if part is not None]
    return _combined(op, *indicators) if len(indicators) == len(parts) else None


def _combined(op: object, *holds: int) -> int:
    first, second = holds[0], holds[-1]
    match op:
        case BitwiseNot():
            return 1 - first
        case BitwiseAnd():
            return first * second
        case BitwiseOr():
            return first + second - first * second
        case _:
            return first + second - 2 * first * second


def _compared(op: comparison.Comparison, left: int | None, right: int | None) -> int | None:
    if left is None or right is None:
        return None
    match op:
        case comparison.LessEqual():
            return not_negative(right - left)
        case comparison.GreaterEqual():
            return not_negative(left - right)
        case comparison.Less():
            return not_negative(right - left - 1)
        case comparison.Greater():
            return not_negative(left - right - 1)
        case comparison.Equal():
            return not_negative(right - left) * not_negative(left - right)
        case _:
            return not_negative(right - left - 1) + not_negative(left - right - 1)


def _extreme(condition: Value, chosen: int, other: int) -> int | None:
    """Return the minimum or maximum, where that is chosen: its bounds are tighter."""
    node = condition.producer
    if node is None or condition.data is not None or not isinstance(node.op, comparison.Comparison):
        return None
    if isinstance(node.op, comparison.Equal | comparison.NotEqual):
        return None
    left, right = map(_size, node.operands)
    if (left, right) not in ((chosen, other), (other, chosen)):
        return None
    first_if_smaller = isinstance(node.op, comparison.Less | comparison.LessEqual)
    return (minimum if first_if_smaller == (left == chosen) else maximum)(chosen, other)


def _size(value: Value) -> int | None:
    """Return a scalar as a size, if it is one."""
    if value.dimension is not None:
        return symbol(value.dimension)
    if value.producer is not None and isinstance(value.producer.op, SizeOf):
        return value.producer.op.size
    is_number = value.is_scalar_constant and value.type.dtype.is_integer
    return int(value.data.item()) if is_number and value.data is not None else None
