"""The builder of portable StableHLO, by the letter of its specification (v1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

from farrier_compiler.graph import Shape, TensorType
from farrier_compiler.mlir import Handle, Program, element_text, type_text

if TYPE_CHECKING:
    from farrier_compiler.graph import Array

ELEMENTWISE = {
    "abs": "stablehlo.abs",
    "add": "stablehlo.add",
    "tanh": "stablehlo.tanh",
}

REDUCERS = {
    "sum": "stablehlo.add",
    "prod": "stablehlo.multiply",
    "max": "stablehlo.maximum",
    "min": "stablehlo.minimum",
    "all": "stablehlo.and",
    "any": "stablehlo.or",
}

DIRECTIONS = {
    "equal": "EQ",
    "not_equal": "NE",
    "less": "LT",
    "less_equal": "LE",
    "greater": "GT",
    "greater_equal": "GE",
}


@dataclass(frozen=True, slots=True)
class HloValue:
    """An MLIR value together with the graph's type of it, which is the one that counts."""

    handle: Handle
    type: TensorType


class Builder:
    """Emits portable StableHLO into a program.

    Args:
        program: the MLIR module under construction.
    """

    def __init__(self, program: Program) -> None:
        self.program = program

    def emit(
        self,
        name: str,
        out: TensorType,
        *operands: HloValue,
        **attributes: str,
    ) -> HloValue:
        """Emit an operation that has one result and no regions."""
        handles = [operand.handle for operand in operands]
        results = self.program.operation(name, [type_text(out)], handles, attributes)
        return HloValue(results[0], out)

    # ------------------------------------------------------------------ elementwise

    def elementwise(self, name: str, out: TensorType, *operands: HloValue) -> HloValue:
        """Emit the row of `ELEMENTWISE` for an op; operands have the result's shape."""
        return self.emit(ELEMENTWISE[name], out, *operands)

    def compare(self, name: str, out: TensorType, x: HloValue, y: HloValue) -> HloValue:
        """Emit a comparison: bool where the relation holds."""
        kind = x.type.dtype
        order = (
            "FLOAT" if kind.is_floating else "SIGNED" if _is_signed(kind) else "UNSIGNED"
        )
        return self.emit(
            "stablehlo.compare",
            out,
            x,
            y,
            comparison_direction=f"#stablehlo<comparison_direction {DIRECTIONS[name]}>",
            compare_type=f"#stablehlo<comparison_type {order}>",
        )

    def select(self, out: TensorType, condition: HloValue, x: HloValue, y: HloValue) -> HloValue:
        """Emit the choice between two tensors; all have the result's shape."""
        return self.emit("stablehlo.select", out, condition, x, y)

    def convert(self, out: TensorType, x: HloValue) -> HloValue:
        """Emit a conversion to the result's data type; to bool it means `x != 0`."""
        if out.dtype is x.type.dtype:
            return x
        if out.dtype is dtypes.bool:
            return self.compare("not_equal", out, x, self.full(x.type, 0))
        return self.emit("stablehlo.convert", out, x)

    # ------------------------------------------------------------------ constants and shapes

    def constant(self, array: Array, dtype: dtype, name: str = "constant") -> HloValue:
        """Emit a constant tensor."""
        type = TensorType(array.shape, dtype)
        return HloValue(self.program.constant(name, array, type), type)

    def full(self, type: TensorType, value: float | int | bool) -> HloValue:
        """Emit a tensor that holds one number everywhere."""
        array = np.broadcast_to(np.asarray(value).astype(type.dtype.numpy), type.shape)
        return self.constant(np.array(array), type.dtype)

    def broadcast_to(self, x: HloValue, shape: Shape) -> HloValue:
        """Emit numpy's broadcast of `x` to a shape: new dimensions go in front."""
        first = len(shape) - x.type.rank
        return self.broadcast_in_dim(x, shape, tuple(range(first, len(shape))))

    def broadcast_in_dim(self, x: HloValue, shape: Shape, dims: Sequence[int]) -> HloValue:
        """Emit a broadcast that puts dimension `i` of `x` at `dims[i]` of the result."""
        if x.type.shape == shape:
            return x
        out = x.type.with_shape(shape)
        return self.emit("stablehlo.broadcast_in_dim", out, x, broadcast_dimensions=i64s(dims))


def i64s(numbers: Sequence[int]) -> str:
    """Return the attribute text of an array of 64-bit integers."""
    return f"array<i64: {', '.join(map(str, numbers))}>" if numbers else "array<i64>"


def _is_signed(kind: dtype) -> bool:
    return kind.is_integer and not kind.is_unsigned


__all__ = ["Builder", "HloValue", "element_text", "i64s", "type_text"]
Any_ = Any
